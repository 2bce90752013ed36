/** Every generated file of the tree by path; `npm run generate` writes them, a contract test compares them. */
import { generatedDocs } from './generate-docs.ts'
import { machinePages } from './generate-machine-pages.ts'
import { generatedHeaders } from './generate-native-headers.ts'

export async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  return new Map([...generatedHeaders(), ...generatedDocs(), ...machinePages()])
}
