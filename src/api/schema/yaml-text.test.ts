import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { load } from 'js-yaml'
import { parse } from 'yaml'
import { readYaml } from './yaml.ts'
import { yamlText } from './yaml-text.ts'

/** Text that YAML might misinterpret: its words, signs, line ends, non-printable characters. */
const tricky = fc.oneof(
  fc.string({
    unit: fc.constantFrom(
      'a',
      'b',
      ' ',
      '\n',
      '\t',
      '\r',
      ':',
      '#',
      '-',
      '"',
      "'",
      '|',
      '\\',
      '{',
      '0',
      '\u0001',
      '\u007f',
      '\u0085',
      '\u2028',
      '\ufeff',
      'ä',
      '𝄞',
    ),
  }),
  fc.constantFrom(
    '',
    '~',
    'null',
    'No',
    'y',
    'TRUE',
    '.inf',
    '1e3',
    '0x1f',
    '2001-01-01',
    '<<',
    '=',
    '---',
    '...',
    '- a',
    'a: b',
    'a #b',
    'a:b',
    '! a',
    '@a',
    '%a',
    '/a b',
  ),
  fc.stringMatching(/^[a-z]{0,3}(\n+ ?[a-z]{0,3} ?)*$/),
)

const values = fc.letrec(tie => ({
  value: fc.oneof(
    { maxDepth: 5 },
    tricky,
    fc.constantFrom(null, true, false, 0, -1, 0.5, 1e21, 2 ** 53 - 1),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(
      tricky.filter(key => key !== '__proto__'),
      tie('value'),
      { maxKeys: 4, noNullPrototype: true },
    ),
  ),
})).value

describe('yamlText() writes what reads back as the same value', () => {
  const readers: Readonly<Record<string, (text: string) => unknown>> = {
    'YAML 1.2 by js-yaml': text => load(text),
    'YAML 1.2 by yaml': text => parse(text),
    'YAML 1.1 by yaml': text => parse(text, { version: '1.1', merge: false }),
    'as Kubernetes reads': text => readYaml(text).value,
  }
  for (const [name, read] of Object.entries(readers)) {
    test(name, () => {
      fc.assert(
        fc.property(values, value => {
          assert.deepEqual(read(yamlText(value)), value)
          assert.deepEqual(read(`items:\n${yamlText([value], '  ')}`), { items: [value] })
        }),
      )
    })
    test(`${name}: a name that is too long for one line, and deep nesting`, () => {
      const long = { ['k'.repeat(2000)]: { ['"'.repeat(2000)]: ['v'] } }
      assert.deepEqual(read(yamlText({ a: [long, long] })), { a: [long, long] })
      assert.deepEqual(read(yamlText(nested(90, 'a\nb\n'))), nested(90, 'a\nb\n'))
    })
  }
})

test('yamlText() omits undefined members, as JSON does', () => {
  assert.equal(yamlText({ a: undefined, b: { c: undefined }, d: [undefined] }), 'b: {}\nd:\n  - null\n')
})

test('yamlText() has the usual style', () => {
  const text = yamlText({
    kind: 'ConfigMap',
    metadata: { name: 'a', labels: {} },
    data: { 'x.conf': 'a: b\n\nc\n', count: '12' },
    items: [{ a: 1, b: [true] }],
  })
  assert.equal(
    text,
    'kind: ConfigMap\nmetadata:\n  name: a\n  labels: {}\ndata:\n  x.conf: |\n    a: b\n\n    c\n  count: "12"\nitems:\n  - a: 1\n    b:\n      - true\n',
  )
})

describe('yamlText() of what is deeply nested is not many times its JSON', () => {
  for (const [name, leaf] of [
    ['many values', Array<number>(10_000).fill(1)],
    ['many lines', 'a\n'.repeat(10_000)],
  ] as const) {
    test(name, () => {
      for (const levels of [20, 400]) {
        const value = nested(levels, leaf)
        const { length } = yamlText(value)
        assert.ok(length < 40 * JSON.stringify(value).length, `${levels} levels: ${length} characters`)
      }
    })
  }
})

function nested(levels: number, leaf: unknown): unknown {
  let value = leaf
  for (let i = 0; i < levels; i++) value = i % 3 === 0 ? [value] : { a: value }
  return value
}
