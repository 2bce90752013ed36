/** What the config schema says of one field. */
type FieldKind = 'json' | 'string' | 'integer' | 'bytes' | 'choice' | 'boolean'

export interface ConfigField {
  readonly kind: FieldKind
  readonly default: string | number | boolean
  readonly env: string
  readonly description: string
  readonly unit?: string
  /** What the default is, where it depends on the machine. */
  readonly defaultText?: string
  readonly choices?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
  /** What a text must look like. */
  readonly pattern?: RegExp
  /** A shorter flag beside the path. */
  readonly flag?: string
  /** Never shown. */
  readonly isSecret?: boolean
}
