import fc from 'fast-check'
import type { VectorSlot } from '../../src/engine/index.ts'

/** Of the collections that are tried. */
export const schemas: readonly (readonly VectorSlot[])[] = [
  [{ slot: 1, name: '', size: 2, distance: 'Cosine' }],
  [
    { slot: 3, name: 'text', size: 3, distance: 'Dot' },
    { slot: 4, name: 'é"\\', size: 1, distance: 'Cosine' }
  ],
  [
    { slot: 1, name: '', size: 1, distance: 'Euclid' },
    { slot: 2, name: 'b', size: 4, distance: 'Cosine' }
  ],
  [
    { slot: 1, name: '', size: 2, distance: 'Cosine', multi: true },
    { slot: 2, name: 'b', size: 1, distance: 'Dot', multi: true, datatype: 'uint8' }
  ],
  [
    { slot: 1, name: '', size: 2, distance: 'Cosine', datatype: 'uint8' },
    { slot: 2, name: 'b', size: 3, distance: 'Manhattan', datatype: 'float16' },
    { slot: 3, name: 'c', size: 1, distance: 'Euclid', multi: true, datatype: 'float16' }
  ]
]

const quote = JSON.stringify

/** One in `n` takes the odd one. */
function rarely<Value>(n: number, odd: fc.Arbitrary<Value>, usual: fc.Arbitrary<Value>) {
  return fc.oneof({ weight: 1, arbitrary: odd }, { weight: n, arbitrary: usual })
}

const numberTexts = fc.oneof(
  fc.integer().map(String),
  fc.float({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
  fc.constantFrom('0', '-0', '0.0', '-0.0', '1E3', '1e+2', '1.5E-7', '0e0', '-1e-50', '1e-400'),
  fc.constantFrom('123456789012345678901234567890', '0.1234567890123456789012345', '1e38', '1e-45'),
  fc
    .tuple(fc.integer(), fc.nat(), fc.integer({ min: -60, max: 30 }))
    .map(([a, b, e]) => `${a}.${b}e${e}`)
)
const wrongNumberTexts = fc.constantFrom(
  '01',
  '+1',
  '.5',
  '5.',
  '1e',
  'NaN',
  '1e400',
  '-',
  '0x1',
  '--1',
  '1e999'
)

const uuids = fc
  .uuid()
  .chain((uuid) =>
    fc.constantFrom(
      uuid,
      uuid.toUpperCase(),
      uuid.replaceAll('-', ''),
      `{${uuid}}`,
      `urn:uuid:${uuid}`,
      `URN:UUID:${uuid}`
    )
  )
const wrongIds = fc.oneof(
  numberTexts,
  wrongNumberTexts,
  fc.constantFrom(
    '-1',
    '1.0',
    '1e2',
    '-0',
    '18446744073709551616',
    'null',
    'true',
    '"12"',
    '[]',
    '{}',
    '""'
  ),
  fc.uuid().map((uuid) => quote(`urn:uuid:{${uuid}}`))
)
const rightIds = fc.oneof(
  fc.nat({ max: 5 }).map(String),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
  fc.constantFrom('18446744073709551615', '9007199254740993'),
  uuids.map(quote),
  fc.uuid().map((uuid) => quote(uuid).replace('-', '\\u002d'))
)

const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 6 }).map(quote),
  fc.constantFrom('"\\ud83d\\ude00"', '"\\u0000\\/\\b"', '"\\u00e9"', '"😀"', '"\\\\\\""')
)
const wrongTexts = fc.constantFrom(
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"\\x"',
  '"\\u12"',
  '"\n"',
  '"',
  "'a'"
)

/** Names that repeat often, spelled in more than one way. */
const names = fc.oneof(fc.constantFrom('"a"', '"\\u0061"', '"b"', '"__proto__"', '""'), texts)

const space = fc.constantFrom('', '', '', ' ', '\n\t', '\r ')

function list(items: fc.Arbitrary<string>, maxLength = 4): fc.Arbitrary<string> {
  return fc
    .tuple(fc.array(items, { maxLength }), space)
    .map(([values, gap]) => `[${gap}${values.join(`${gap},${gap}`)}${gap}]`)
}

function object(members: fc.Arbitrary<readonly (readonly [string, string])[]>) {
  return fc
    .tuple(members, space)
    .map(
      ([all, gap]) =>
        `{${all.map(([name, value]) => `${gap}${name}${gap}:${gap}${value}`).join(',')}${gap}}`
    )
}

const values: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    numberTexts,
    texts,
    fc.constantFrom('true', 'false', 'null', '{}', '[]'),
    list(tie('value')),
    object(fc.array(fc.tuple(names, tie('value')), { maxLength: 5 }))
  )
})).value

const nested = fc
  .tuple(fc.integer({ min: 0, max: 14 }), fc.boolean())
  .map(([depth, isList]) =>
    isList
      ? `${'['.repeat(depth)}1${']'.repeat(depth)}`
      : `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
  )

const wrongValues = fc.oneof(
  wrongNumberTexts,
  wrongTexts,
  fc.constantFrom('tru', '[1,]', '{"a":1,}', '{1:2}', '[1 2]', '')
)
const anyValues = rarely(
  60,
  wrongValues,
  fc.oneof({ weight: 4, arbitrary: values }, { weight: 1, arbitrary: nested })
)

const payloads = rarely(
  15,
  anyValues,
  fc.oneof(
    fc.constantFrom('null', '{}'),
    object(fc.array(fc.tuple(names, anyValues), { maxLength: 16 }))
  )
)

function dense(size: number): fc.Arbitrary<string> {
  const component = rarely(
    80,
    fc.oneof(wrongNumberTexts, fc.constantFrom('null', '"1"', '1e39', '[1]')),
    numberTexts.filter(isF32)
  )
  const row = fc.tuple(fc.array(component, { minLength: size, maxLength: size }), space)
  return rarely(
    40,
    fc.oneof(list(component), anyValues),
    row.map(([components, gap]) => `[${gap}${components.join(`${gap},${gap}`)}${gap}]`)
  )
}

/** What stands under the name of a slot. */
function given({ size, multi }: VectorSlot): fc.Arbitrary<string> {
  const one = dense(size)
  const many = fc.oneof(
    one,
    rarely(
      30,
      list(one),
      fc.array(one, { minLength: 1, maxLength: 4 }).map((rows) => `[${rows.join(', ')}]`)
    )
  )
  return multi ? many : rarely(60, many, one)
}

function isF32(text: string): boolean {
  return Number.isFinite(Math.fround(Number(text)))
}

/** A member that stands there in `chance` of 100 bodies. */
type Member = readonly [name: string, value: fc.Arbitrary<string>, chance: number]

/** Members in any order; some are left out, some come twice. */
function members(wanted: readonly Member[]): fc.Arbitrary<[string, string][]> {
  const each = wanted.map(([name, value, chance]) =>
    fc.tuple(value, fc.integer({ min: 0, max: 99 })).map(([text, dice]): [string, string][] => {
      const spelled = quote(name)
      if (dice >= chance) return []
      return dice === 0
        ? [
            [spelled, text],
            [spelled, text]
          ]
        : [[spelled, text]]
    })
  )
  return fc.tuple(...each).chain((found) => {
    const all = found.flat()
    return fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length })
  })
}

const unknown = rarely(5, anyValues, values)

function vectorOf(slots: readonly VectorSlot[]): fc.Arbitrary<string> {
  const unnamed = slots.find(({ name }) => name === '')
  const named = object(
    rarely(
      30,
      fc.array(fc.tuple(names, dense(1)), { maxLength: 2 }),
      members(slots.map((slot) => [slot.name, given(slot), 70]))
    )
  )
  const inference = fc.constantFrom(
    '{"text":"a","model":"bm25"}',
    '{"indices":[1],"values":[1]}',
    '[[1,2]]'
  )
  const usual = unnamed === undefined ? named : fc.oneof(named, given(unnamed))
  return rarely(40, fc.oneof(inference, fc.constantFrom('null', '[]', '{}', '"x"', '1')), usual)
}

function pointsOf(slots: readonly VectorSlot[]): fc.Arbitrary<string> {
  const point = object(
    members([
      ['id', rarely(40, wrongIds, rightIds), 98],
      ['vector', vectorOf(slots), 80],
      ['vectors', vectorOf(slots), 3],
      ['payload', payloads, 60],
      ['other', unknown, 10]
    ])
  )
  return rarely(50, anyValues, list(point, 6))
}

function batchValue(slots: readonly VectorSlot[]): fc.Arbitrary<string> {
  return fc.integer({ min: 0, max: 4 }).chain((count) => {
    const exactly = (items: fc.Arbitrary<string>) =>
      rarely(
        40,
        list(items),
        fc
          .array(items, { minLength: count, maxLength: count })
          .map((texts) => `[${texts.join(', ')}]`)
      )
    const unnamed = slots.find(({ name }) => name === '')
    const named = object(members(slots.map((slot) => [slot.name, exactly(given(slot)), 80])))
    const odd = fc.constantFrom('[]', '{}', 'null', '{"x":[]}', '"ab"', '[[]]')
    const columns = unnamed === undefined ? named : fc.oneof(named, exactly(given(unnamed)))
    return object(
      members([
        ['ids', exactly(rarely(60, wrongIds, rightIds)), 98],
        ['vectors', rarely(20, odd, columns), 97],
        ['payloads', rarely(20, fc.constantFrom('null', '[]', '{}'), exactly(payloads)), 50],
        ['other', unknown, 10]
      ])
    )
  })
}

const modes = fc.constantFrom('"upsert"', 'null', '"insert_only"', '""', 'false', '1')
const nothing = rarely(2, fc.constantFrom('{}', '0', 'false', '""', '"a"'), fc.constant('null'))

/** Bodies that are right, nearly right, or right but for a few bytes. */
export function bodiesFor(slots: readonly VectorSlot[]): fc.Arbitrary<Buffer> {
  const rest: Member[] = [
    ['update_mode', rarely(1, fc.constant('"upsert"'), modes), 6],
    ['update_filter', nothing, 6],
    ['shard_key', nothing, 6],
    ['other', unknown, 10]
  ]
  const points: Member = ['points', pointsOf(slots), 99]
  const batch: Member = ['batch', rarely(30, anyValues, batchValue(slots)), 98]
  const body = fc.oneof(
    { weight: 5, arbitrary: object(members([points, ...rest])) },
    { weight: 4, arbitrary: object(members([batch, ...rest])) },
    { weight: 2, arbitrary: object(members([points, batch, ...rest])) }
  )
  const mutated = fc
    .tuple(body, fc.nat(), fc.nat({ max: 255 }), fc.constantFrom('set', 'drop', 'add', 'cut'))
    .map(([text, place, byte, how]) => mutate(Buffer.from(text), place, byte, how))
  return fc.oneof(
    { weight: 5, arbitrary: body.map((text) => Buffer.from(text)) },
    { weight: 2, arbitrary: mutated }
  )
}

function mutate(body: Buffer, place: number, byte: number, how: string): Buffer {
  const at = place % body.length
  if (how === 'cut') return body.subarray(0, at)
  const one = Buffer.from(how === 'drop' ? [] : [byte])
  return Buffer.concat([body.subarray(0, at), one, body.subarray(how === 'add' ? at : at + 1)])
}
