import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseYamlDocuments, readFirstYaml, readYaml, YamlError } from './yaml.ts'

/** As JSON: no class instances, and no prototype but that of every object. */
function isPlain(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isPlain)
  if (typeof value !== 'object' || value === null) return ['string', 'number', 'boolean'].includes(typeof value) || value === null
  return Object.getPrototypeOf(value) === Object.prototype && Object.values(value).every(isPlain)
}

const parseYaml = (text: string): unknown => readYaml(text).value

describe('readYaml()', () => {
  const scalars: [text: string, value: unknown][] = [
    ['0644', 420],
    ['0o17', 15],
    ['0x1f', 31],
    ['1_000', 1000],
    ['yes', true],
    ['off', false],
    ['~', null],
    ['1.5', 1.5],
    ['2020-01-01', '2020-01-01'],
    ['20:30', '20:30'],
    ['8080:80', '8080:80'],
    ['1.2.3', '1.2.3'],
    ['!!js/function x', 'x'],
    ['!!timestamp 2020-01-01', '2020-01-01'],
    ['!!binary YWI=', 'ab'],
    ['!!set {b, c}', { b: null, c: null }],
    ['!!map [1]', [1]],
  ]
  for (const [text, value] of scalars)
    it(`reads ${text} as ${JSON.stringify(value)}`, () => assert.deepEqual(parseYaml(`a: ${text}`), { a: value }))

  it('copies aliases and merges maps', () => {
    assert.deepEqual(parseYaml('a: &x {k: 1}\nb: *x\nc: {<<: *x, l: 2}'), { a: { k: 1 }, b: { k: 1 }, c: { k: 1, l: 2 } })
  })

  it('names keys as JSON does', () =>
    assert.deepEqual(parseYaml('yes: 1\n010: 2\n.inf: 3\n-.inf: 4\n.nan: 5\n1.5: 6'), {
      8: 2,
      true: 1,
      '.inf': 3,
      '-.inf': 4,
      '.nan': 5,
      1.5: 6,
    }))

  const tagged = [
    ...['!!js/function "return process"', '!!js/regexp /a/', '!!js/undefined ""', '!!python/object/apply:os.system ["id"]'],
    ...['!!javax.script.ScriptEngineManager ["x"]', '!own x', '!<tag:example.com,2026:own> {k: v}', '{__proto__: {polluted: true}}'],
    ...['{constructor: {prototype: {polluted: true}}}', '{toString: x, valueOf: y}', '{<<: {__proto__: {polluted: true}}}'],
  ]
  for (const tag of tagged)
    it(`CVE-2021-25738: parses ${tag} only to plain values`, () => {
      let value: unknown
      try {
        value = parseYaml(`a: ${tag}`)
      } catch (err) {
        assert.ok(err instanceof YamlError, String(err))
        return
      }
      assert.ok(isPlain(value))
      assert.deepEqual([Reflect.get({}, 'polluted'), Object.keys(Object.prototype)], [undefined, []])
    })

  const ends: [text: string, value: unknown][] = [
    ['a: |\n  b\n  c', { a: 'b\nc' }],
    ['a: |\n  b\n', { a: 'b\n' }],
    ['a: |+\n  b', { a: 'b' }],
    ['x: [{y: >\n}]\na: 1', undefined],
    ['a:\n- >\n  b\n  c', { a: ['b c'] }],
    ['a: |\n  b\nc: 1', { a: 'b\n', c: 1 }],
    ['a: 1 > 2', { a: '1 > 2' }],
  ]
  for (const [text, value] of ends)
    it(`reads ${JSON.stringify(text)} without an extra line break`, () => {
      if (value === undefined) assert.throws(() => parseYaml(text), YamlError)
      else assert.deepEqual(parseYaml(text), value)
    })

  const loose: [text: string, value: unknown][] = [
    ['a: [\n1,\n2\n]\nb: 1', { a: [1, 2], b: 1 }],
    ['a:\n  b: {\n"c": 1\n}\n', { a: { b: { c: 1 } } }],
    ['a: "x\ny\n\n\tz"\nb: 1', { a: 'x y\nz', b: 1 }],
    ["- a: 'x\n\n  y'\n", [{ a: 'x\ny' }]],
    ['a: 1\rb: {\rc: 2\r}', { a: 1, b: { c: 2 } }],
    ['a:\nb: {\tx: 1}', { a: null, b: { x: 1 } }],
    ['"a\tb":\t{x: 1}', { 'a\tb': { x: 1 } }],
  ]
  for (const [text, value] of loose)
    it(`accepts lines at any indentation in ${JSON.stringify(text)}`, () => assert.deepEqual(parseYaml(text), value))

  it('gives up on a large text of such lines', () => {
    const text = `a: [\n${'1,\n'.repeat(100_000)}]\n`
    assert.throws(() => parseYaml(text), { message: 'yaml: line 2: deficient indentation' })
  })

  const unwritable: [text: string, message: string][] = [
    ['a: .inf', 'json: unsupported value: +Inf'],
    ['a: [-.Inf]', 'json: unsupported value: -Inf'],
    ['a: .NaN', 'json: unsupported value: NaN'],
    ['"\\ud800": 1\na: "\\ud800"', 'yaml: found invalid Unicode character escape code'],
    ['~: x', 'unsupported map key of type: %!s(<nil>), key: <nil>, value: "x"'],
    ['[a]: b', 'yaml: invalid map key: []interface {}{"a"}'],
  ]
  for (const [text, message] of unwritable)
    it(`rejects ${text}: ${message}`, () => assert.throws(() => parseYaml(text), new YamlError(message)))

  const bad = ['a: [1', `a: &x [1]\nb: [${'*x,'.repeat(200)}]`, `${'['.repeat(600)}${']'.repeat(600)}`]
  for (const text of bad) it(`rejects ${text.slice(0, 24)}`, () => assert.throws(() => parseYaml(text), YamlError))
})

describe('readFirstYaml()', () => {
  const streams: readonly [stream: string, value: unknown][] = [
    ['a: 1\n', { a: 1 }],
    ['---\na: 1\n---\n', { a: 1 }],
    ['# c\n\n%YAML 1.1\n---\na: 1\n--- \nb: 2\n', { a: 1 }],
    ['a: 1\n---\n[', { a: 1 }],
    ['a: 1\n...\n---\nb: 2\n', { a: 1 }],
    ['---\n---\na: 1\n', null],
    ['--- {a: 1}\n', { a: 1 }],
    ['a: |\n  ---\n  b\n', { a: '---\nb\n' }],
    ['a: ---x\n---x: 1\n', { a: '---x', '---x': 1 }],
  ]
  for (const [stream, value] of streams)
    it(`reads ${JSON.stringify(stream)} as ${JSON.stringify(value)}`, () => assert.deepEqual(readFirstYaml(stream).value, value))

  it('is for bodies: a file of ours has one document', () => assert.throws(() => readYaml('a: 1\n---\nb: 2\n'), YamlError))
})

describe('a duplicate key', () => {
  const rows: readonly [text: string, value: unknown, duplicate: string][] = [
    ['a: 1\na: 2', { a: 2 }, 'yaml: unmarshal errors:\n  line 2: key "a" already set in map'],
    ['x:\n  "b c": 1\n  "b c": 2\n', { x: { 'b c': 2 } }, 'yaml: unmarshal errors:\n  line 3: key "b c" already set in map'],
    ['yes: 1\non: 2\n', { true: 2 }, 'yaml: unmarshal errors:\n  line 2: key true already set in map'],
    ["1: 1\n'a:b': 1\n'a:b': 2\n", { 1: 1, 'a:b': 2 }, 'yaml: unmarshal errors:\n  line 3: key "a:b" already set in map'],
    ['a: 1\na: # c\n\n  b: 2\n', { a: { b: 2 } }, 'yaml: unmarshal errors:\n  line 4: key "a" already set in map'],
    ['- a: 1\n  a:\n  - 2\n', [{ a: [2] }], 'yaml: unmarshal errors:\n  line 3: key "a" already set in map'],
    ['a: 1\na:\nb: 2\n', { a: null, b: 2 }, 'yaml: unmarshal errors:\n  line 2: key "a" already set in map'],
    ['{a: 1, a: [2]}', { a: [2] }, 'yaml: unmarshal errors:\n  line 1: key "a" already set in map'],
  ]
  for (const [text, value, duplicate] of rows) {
    it(`uses the last one in ${JSON.stringify(text)}, and reports it`, () => assert.deepEqual(readYaml(text), { value, duplicate }))
  }
})

describe('a YAML bomb', () => {
  it('is rejected before it grows', () => {
    const levels = Array.from({ length: 11 }, (_, index) => `a${index + 1}: &a${index + 1} [${Array(9).fill(`*a${index}`).join(',')}]`)
    assert.throws(() => parseYaml(['a0: &a0 [1]', ...levels].join('\n')), new YamlError('yaml: document contains excessive aliasing'))
  })

  it('rejects an alias inside of its own anchor, and aliases that nest deeper than any text may', () => {
    const excessive = new YamlError('yaml: document contains excessive aliasing')
    assert.throws(() => parseYaml('a: &x\n  b: *x\n'), excessive)
    assert.throws(() => parseYaml('a: &x [*x]\n'), excessive)
    const nested = (inner: string) => '['.repeat(90) + inner + ']'.repeat(90)
    const levels = Array.from({ length: 9 }, (_, level) => `a${level + 1}: &a${level + 1} ${nested(`*a${level}`)}`)
    assert.throws(() => parseYaml(['a0: &a0 1', ...levels].join('\n')), excessive)
  })
})

describe('parseYamlDocuments()', () => {
  it('omits empty documents', () => assert.deepEqual(parseYamlDocuments('---\na: 1\n---\n---\nb: 2\n'), [{ a: 1 }, { b: 2 }]))
})
