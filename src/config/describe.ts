/** `--help` and `docs/reference/config.md`, both from the one schema. */
import type { ConfigField } from './field.ts'
import { configFields } from './schema.ts'

const fields = Object.entries<ConfigField>(configFields)

export function helpText(): string {
  const flags = fields.map(([path, field]) => ({
    flag: `--${field.flag ?? path} ${valueNameOf(field)}`,
    text: `${field.description} [${showDefault(field)}; ${field.env}]`
  }))
  const width = Math.max(...flags.map(({ flag }) => flag.length))
  return `Millrace: a vector search engine on a durable log.

Usage
  millrace [options]                 run a node
  millrace verify DATA               recompute every state that the data folder DATA holds, and name what is damaged or differs
  millrace log verify DATA           check every byte of its log
  millrace log dump DATA [TOPIC]     print what the log holds, record by record
  millrace --help | --version

Options (in brackets: default; environment variable)
${flags.map(({ flag, text }) => `  ${flag.padEnd(width)}  ${text}`).join('\n')}
  ${'--config FILE'.padEnd(width)}  Read options from this YAML file. [millrace.yaml, if there is one; MILLRACE_CONFIG]

Flags beat the environment, the environment beats the file.

Examples
  millrace --port 7000 --data /tmp/millrace
  MILLRACE_LOG_DURABILITY=os millrace
  millrace verify ./data             with no server running on it; exit code 1 when something is wrong
  curl -s localhost:6333/readyz
`
}

export function configReference(): string {
  const rows = fields.map(([path, field]) => {
    const flag = field.flag === undefined ? `--${path}` : `--${field.flag}`
    return `| \`${path}\` | \`${flag}\` | \`${field.env}\` | ${showDefault(field)} | ${rangeOf(field)} | ${field.description} |`
  })
  return `<!-- Generated from src/config/schema.ts by \`npm run generate\`. Do not edit. -->
# Configuration

Flags beat environment variables, these beat the file \`millrace.yaml\` (another with \`--config FILE\` or
\`MILLRACE_CONFIG\`), the file beats defaults. In the file the dots are levels:

\`\`\`yaml
server:
  port: 7000
log:
  durability: os
\`\`\`

Unknown keys are errors. Sizes may be written as \`64MiB\`.

| key | flag | environment | default | range | meaning |
|---|---|---|---|---|---|
${rows.join('\n')}
`
}

function valueNameOf(field: ConfigField): string {
  if (field.choices !== undefined) return field.choices.join('|')
  return field.kind === 'string' ? 'TEXT' : field.kind === 'bytes' ? 'BYTES' : 'N'
}

function rangeOf(field: ConfigField): string {
  if (field.choices !== undefined) return field.choices.map((choice) => `\`${choice}\``).join(', ')
  if (field.minimum === undefined || field.maximum === undefined) return ''
  const show = (value: number) => (field.kind === 'bytes' ? showBytes(value) : String(value))
  return `${show(field.minimum)} – ${show(field.maximum)}`
}

function showDefault(field: ConfigField): string {
  if (field.defaultText !== undefined) return field.defaultText
  if (field.kind === 'bytes') return showBytes(Number(field.default))
  return `${field.default}${field.unit === undefined ? '' : ` ${field.unit}`}`
}

function showBytes(bytes: number): string {
  for (const [unit, size] of [
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
    ['KiB', 2 ** 10]
  ] as const) {
    if (bytes >= size && bytes % size === 0) return `${bytes / size} ${unit}`
  }
  return `${bytes} bytes`
}
