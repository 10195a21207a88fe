import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseJson, readsEscapedNames, withoutFault } from './json.ts'

/** An engine that reads the name `ab`, written with escapes, as `\u`, as V8 does after an object with that name. */
const misreading = (text: string): unknown => JSON.parse(text.replaceAll(/"\\u0061\\u0062"(\s*:)/g, String.raw`"\\u"$1`))

test('parseJson() reads escaped names on every engine, and is JSON.parse if that is correct', () => {
  assert.equal(readsEscapedNames(parseJson), true)
  assert.equal(parseJson === JSON.parse, readsEscapedNames(JSON.parse))
})

test('readsEscapedNames() detects the fault', () => assert.equal(readsEscapedNames(misreading), false))

/** An object that leaves a name with a backslash after the member `first`, the second of two members. Only one is JSON text. */
const traces: Readonly<Record<string, (first: string) => unknown>> = {
  'a text': first => parseJson(`{"${first}":1,"\\\\u":2}`),
  'a text that is cut short': first => assert.throws(() => parseJson(`[{"${first}":1,"\\\\u":2},`), SyntaxError),
  // An object literal begins with the same two shapes.
  'a literal': first => new Function(`return { ${first}: 1, '\\\\u': 2 }`)(),
  'a literal that takes in another object': first => new Function('rest', `return { ${first}: 1, ...rest }`)({ '\\u': 2 }),
  'a member that is set later': first => Object.assign(parseJson(`{"${first}":1,"${first}":1}`) as object, { '\\u': 2 }),
}

for (const [index, [name, leave]] of Object.entries(traces).entries()) {
  test(`parseJson() reads an escaped name right after ${name}`, () => {
    const first = `trace${index}`
    const kept = leave(first)
    assert.deepEqual(parseJson(`{"${first}":1,"\\u0061\\u0062":2}`), { [first]: 1, ab: 2 })
    assert.deepEqual(parseJson(`{"${first}":1,"\\\\u":2}`), { [first]: 1, '\\u': 2 })
    assert.notEqual(kept, null)
  })
}

test('parseJson() reads an escaped first name of many members correctly', () => {
  const rest = Array.from({ length: 36 }, (_, index) => `"m${index}":0`).join()
  const kept = parseJson(`{"\\\\u":1,${rest}}`)
  assert.equal(Object.keys(parseJson(`{"\\u0061\\u0062":1,${rest}}`) as object)[0], 'ab')
  assert.ok(kept)
})

test('withoutFault() corrects misread names', () => {
  const read = withoutFault(misreading)
  const text = String.raw`{ "a" : [ {}, [], { "\u0061\u0062" : "\"{[:]}\\" } ], "" : -0, "b\\" : [1e3, true, null] }`
  assert.deepEqual(read(text), { a: [{}, [], { ab: '"{[:]}\\' }], '': -0, 'b\\': [1000, true, null] })
  assert.deepEqual(read(String.raw`{"a":1,"\u0061\u0062":2,"ab":3}`), { a: 1, ab: 3 })
})

test('withoutFault() parses once if no name in the result has a backslash', () => {
  const texts: string[] = []
  const read = withoutFault(text => {
    texts.push(text)
    return JSON.parse(text)
  })
  const once = ['{"a":[1,{"b":2}]}', String.raw`{"a\"":"\\","c":["\\",{"\"":1}]}`, String.raw`"\\"`, 'null', '1']
  for (const text of once) assert.deepEqual(read(text), JSON.parse(text))
  assert.deepEqual(texts, once)
})

/** Backslashes, quotes and the characters after a backslash, more often than others. */
const name = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.stringMatching(/^[\\"/u0ab:{}[\]]{0,4}$/),
  fc.constantFrom('__proto__', '0', '12', 'ab'),
)
const scalar = fc.oneof(name, fc.double({ noDefaultInfinity: true, noNaN: true }), fc.boolean(), fc.constant(null))
const { value } = fc.letrec(tie => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(name, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
}))

/** JSON of a value in which each character that `isEscaped` selects is escaped. */
function write(written: unknown, space: string, isEscaped: (unit: number) => boolean): string {
  const inner = (next: unknown) => space + write(next, space, isEscaped) + space
  if (typeof written === 'string') {
    const units = Array.from({ length: written.length }, (_, at) => written.charCodeAt(at))
    const unitText = (unit: number) => `\\u${unit.toString(16).padStart(4, '0')}`
    return `"${units.map(unit => (isEscaped(unit) ? unitText(unit) : JSON.stringify(String.fromCharCode(unit)).slice(1, -1))).join('')}"`
  }
  if (Array.isArray(written)) return `[${space}${written.map(inner).join()}]`
  if (typeof written === 'object' && written !== null)
    return `{${space}${Object.entries(written).map(([key, member]) => `${inner(key)}:${inner(member)}`)}}`
  return Object.is(written, -0) ? '-0' : JSON.stringify(written)
}

const text = fc.tuple(value, fc.constantFrom('', ' ', '\r\n\t'), fc.integer({ min: 1, max: 4 })).map(([written, space, every]) => ({
  written,
  text: write(written, space, unit => unit % every === 0),
}))

test('parseJson() reads what JSON.stringify wrote', () => {
  fc.assert(fc.property(text, ({ written, text: whole }) => assert.deepEqual(parseJson(whole), written)))
})

test('withoutFault() reads what was written even if every name was misread', () => {
  fc.assert(
    fc.property(text, ({ written, text: whole }) => {
      let first = true
      const read = withoutFault(part => {
        if (!first) return JSON.parse(part)
        first = false
        return { '\\': 0 }
      })
      assert.deepEqual(read(`[${whole},"\\n"]`), [written, '\n'])
    }),
  )
})

test('withoutFault() rejects what JSON.parse rejects, with its messages', () => {
  const broken = ['', '{"a\\\\":1', '[{"a":1,"\\\\u":2}, x', '{"\\\\":1}}', '"\\q"', '{"\\u00":1}', '[1 2]']
  for (const bad of broken) {
    const { message } = assertThrown(() => JSON.parse(bad))
    assert.throws(() => withoutFault(JSON.parse)(bad), { name: 'SyntaxError', message })
  }
})

function assertThrown(run: () => unknown): Error {
  try {
    run()
  } catch (err) {
    assert.ok(err instanceof Error)
    return err
  }
  throw new assert.AssertionError({ message: 'nothing was thrown' })
}

test('withoutFault() reads any depth', () => {
  const levels = 100_000
  let level = withoutFault(JSON.parse)(`${'[{"\\\\":'.repeat(levels)}1${'}]'.repeat(levels)}`)
  let depth = 0
  for (; Array.isArray(level); depth++) level = level[0]['\\']
  assert.deepEqual([depth, level], [levels, 1])
})
