/** The text format of a metrics page, for what is known only when the page is read. */
import { anonymousName } from '../domain/anonymous-name.ts'

export interface Family {
  readonly name: string
  readonly help: string
  readonly type: 'gauge' | 'counter' | 'histogram'
  readonly samples: readonly Sample[]
}

export interface Sample {
  /** `_bucket`, `_sum` or `_count` of a histogram. */
  readonly suffix?: string
  readonly labels?: Readonly<Record<string, string | number>>
  readonly value: number
}

/** @returns the families as text; one without samples is left out */
export function renderFamilies(families: readonly Family[]): string {
  return families
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, help, type, samples }) => {
      const lines = samples.map(
        ({ suffix = '', labels = {}, value }) => `${name}${suffix}${renderLabels(labels)} ${value}`
      )
      return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('\n')}\n`
    })
    .join('')
}

/** Puts a prefix in front of every metric name of a page. */
export function prefixMetrics(page: string, prefix: string): string {
  if (prefix === '') return page
  return page.replace(/^(# (?:HELP|TYPE) )?(?=[a-zA-Z_:])/gm, `$1${prefix}`)
}

/** Puts hashes in the place of names that users gave. */
export function anonymizeMetrics(page: string): string {
  return page.replace(
    /\b(collection|id|vector)="((?:[^"\\]|\\.)*)"/g,
    (_whole, label: string, value: string) => `${label}="${anonymousName(value)}"`
  )
}

function renderLabels(labels: Readonly<Record<string, string | number>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escapeLabel(value: string | number): string {
  return String(value).replace(/[\\"\n]/g, (character) =>
    character === '\n' ? '\\n' : `\\${character}`
  )
}
