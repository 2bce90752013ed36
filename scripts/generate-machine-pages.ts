/** Writes one page for each machine under docs/machines: its diagram, its states, and the events that it takes. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { AnyStateMachine, AnyStateNode } from 'xstate'
import * as machines from '../machines/index.ts'

/** The sources lie beside the compiled scripts' folder as well as beside this one. */
const root = [resolve(import.meta.dirname, '..'), resolve(import.meta.dirname, '../..')].find(
  (folder) => readdirSync(folder).includes('package.json')
)

export function machinePages(): ReadonlyMap<string, string> {
  const found = Object.values(machines) as readonly AnyStateMachine[]
  const pages = found.map((machine): [string, string] => [
    `docs/machines/${machine.id}.md`,
    pageOf(machine)
  ])
  return new Map([...pages, ['docs/machines/README.md', indexPage(found)]])
}

function indexPage(found: readonly AnyStateMachine[]): string {
  const rows = found.map(({ id, root: { states } }) => {
    const names = Object.keys(states).map((name) => `\`${name}\``)
    return `| [${id}](${id}.md) | ${names.join(', ')} |`
  })
  return `<!-- Generated from machines/*.machine.ts by \`npm run generate\`. Do not edit. -->
# Machines

Every actor runs one of these. They are statecharts as data: no clock, no I/O; what they need leaves as a named action and
comes back as an event. \`GET /millrace/actors\` shows the state that each is in.

| machine | states |
|---|---|
${rows.join('\n')}
`
}

function pageOf(machine: AnyStateMachine): string {
  const { id } = machine
  const nodes = descendants(machine.root)
  return `<!-- Generated from machines/${id}.machine.ts by \`npm run generate\`. Do not edit. -->
# ${id}

${introductionOf(id)}

\`\`\`mermaid
stateDiagram-v2
${diagramOf(machine.root, 1).join('\n')}
\`\`\`

| state | on entry | on exit |
|---|---|---|
${nodes.map((node) => `| \`${pathOf(node)}\` | ${namesOf(node.entry)} | ${namesOf(node.exit)} |`).join('\n')}

| event | from | to | when | actions |
|---|---|---|---|---|
${[machine.root, ...nodes].flatMap(transitionRows).join('\n')}
`
}

/** The comment above the machine, as Markdown. */
function introductionOf(id: string): string {
  const source = readFileSync(join(root ?? '', `machines/${id}.machine.ts`), 'utf8')
  const comment = new RegExp(`/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\nexport const ${id}Machine`).exec(
    source
  )?.[1]
  if (comment === undefined) throw new Error(`machines/${id}.machine.ts says nothing about itself`)
  return comment.replaceAll(/\n \* ?/g, '\n').trim()
}

function diagramOf(node: AnyStateNode, depth: number): string[] {
  const indent = '  '.repeat(depth)
  const children = Object.values(node.states)
  const lines: string[] = []
  if (node.type === 'compound') {
    const first = node.initial.target?.[0]
    if (first !== undefined) lines.push(`${indent}[*] --> ${idOf(first)}`)
  }
  children.forEach((child, index) => {
    if (node.type === 'parallel' && index > 0) lines.push(`${indent}--`)
    const inner = diagramOf(child, depth + 1)
    const name = `state "${child.key}" as ${idOf(child)}`
    if (inner.length > 0) lines.push(`${indent}${name} {`, ...inner, `${indent}}`)
    else lines.push(`${indent}${name}`)
    if (child.type === 'final') lines.push(`${indent}${idOf(child)} --> [*]`)
  })
  for (const from of descendants(node)) {
    for (const { event, target, guard } of movesOf(from)) {
      // An event that changes nothing but facts would only be a loop in the picture.
      if (target === undefined || commonParent(from, target) !== node) continue
      const condition = guard === undefined ? '' : ` [${guard}]`
      lines.push(`${indent}${idOf(from)} --> ${idOf(target)}: ${event}${condition}`)
    }
  }
  return lines
}

/** The innermost state around both: an arrow drawn further inside would pull the other one in. */
function commonParent(one: AnyStateNode, other: AnyStateNode): AnyStateNode | undefined {
  const around = (node: AnyStateNode): AnyStateNode[] =>
    node.parent === undefined ? [] : [node.parent, ...around(node.parent)]
  const parents = new Set(around(other))
  return around(one).find((parent) => parents.has(parent))
}

function transitionRows(node: AnyStateNode): string[] {
  return movesOf(node).flatMap(({ event, targets, guard, actions }) => {
    if (targets.length === 0 && actions === '') return []
    const to = targets.map((target) => `\`${pathOf(target)}\``).join(', ')
    const when = guard === undefined ? '' : `\`${guard}\``
    const from = node.parent === undefined ? 'any' : `\`${pathOf(node)}\``
    return [`| \`${event}\` | ${from} | ${to} | ${when} | ${actions} |`]
  })
}

interface Move {
  readonly event: string
  readonly target: AnyStateNode | undefined
  readonly targets: readonly AnyStateNode[]
  readonly guard: string | undefined
  readonly actions: string
}

function movesOf(node: AnyStateNode): Move[] {
  const named = [...node.transitions].flatMap(([event, transitions]) =>
    transitions.map((transition) => ({ event, transition }))
  )
  const immediate = (node.always ?? []).map((transition) => ({ event: 'at once', transition }))
  return [...named, ...immediate].map(({ event, transition: { target, guard, actions } }) => ({
    event,
    target: target?.[0],
    targets: target ?? [],
    guard: typeof guard === 'string' ? guard : undefined,
    actions: namesOf(actions)
  }))
}

function namesOf(actions: readonly unknown[]): string {
  return actions.map((action) => `\`${String(action)}\``).join(', ')
}

function descendants(node: AnyStateNode): AnyStateNode[] {
  return Object.values(node.states).flatMap((child) => [child, ...descendants(child)])
}

function pathOf(node: AnyStateNode): string {
  return node.path.join('.')
}

function idOf(node: AnyStateNode): string {
  return node.path.join('_')
}
