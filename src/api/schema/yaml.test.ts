import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseYamlDocuments, readFirstYaml, readYaml, YamlError } from './yaml.ts'

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
  ]
  for (const [text, value] of scalars)
    it(`reads ${text} as ${JSON.stringify(value)}`, () => assert.deepEqual(parseYaml(`a: ${text}`), { a: value }))

  it('copies aliases and merges maps', () => {
    assert.deepEqual(parseYaml('a: &x {k: 1}\nb: *x\nc: {<<: *x, l: 2}'), { a: { k: 1 }, b: { k: 1 }, c: { k: 1, l: 2 } })
  })

  const bad = ['a: [1', 'a: !!js/function x', `a: &x [1]\nb: [${'*x,'.repeat(200)}]`, `${'['.repeat(600)}${']'.repeat(600)}`]
  for (const text of bad) it(`refuses ${text.slice(0, 24)}`, () => assert.throws(() => parseYaml(text), YamlError))
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

  it('is for bodies: a file of ours holds one document', () => assert.throws(() => readYaml('a: 1\n---\nb: 2\n'), YamlError))
})

describe('a key that stands twice', () => {
  const rows: readonly [text: string, value: unknown, duplicate: string][] = [
    ['a: 1\na: 2', { a: 2 }, 'yaml: unmarshal errors:\n  line 2: key "a" already set in map'],
    ['x:\n  "b c": 1\n  "b c": 2\n', { x: { 'b c': 2 } }, 'yaml: unmarshal errors:\n  line 3: key "b c" already set in map'],
    ['{a: 1, a: [2]}', { a: [2] }, 'yaml: unmarshal errors:\n  line 1: key "a" already set in map'],
  ]
  for (const [text, value, duplicate] of rows) {
    it(`is the last one in ${JSON.stringify(text)}, and told`, () => assert.deepEqual(readYaml(text), { value, duplicate }))
  }
})

describe('a YAML bomb', () => {
  it('is refused before it grows', () => {
    const levels = Array.from({ length: 11 }, (_, index) => `a${index + 1}: &a${index + 1} [${Array(9).fill(`*a${index}`).join(',')}]`)
    assert.throws(() => parseYaml(['a0: &a0 [1]', ...levels].join('\n')), new YamlError('yaml: document contains excessive aliasing'))
  })

  it('refuses an alias inside of its own anchor, and aliases that nest deeper than any text may', () => {
    const excessive = new YamlError('yaml: document contains excessive aliasing')
    assert.throws(() => parseYaml('a: &x\n  b: *x\n'), excessive)
    assert.throws(() => parseYaml('a: &x [*x]\n'), excessive)
    const nested = (inner: string) => '['.repeat(90) + inner + ']'.repeat(90)
    const levels = Array.from({ length: 9 }, (_, level) => `a${level + 1}: &a${level + 1} ${nested(`*a${level}`)}`)
    assert.throws(() => parseYaml(['a0: &a0 1', ...levels].join('\n')), excessive)
  })
})

describe('parseYamlDocuments()', () => {
  it('leaves out empty documents', () => assert.deepEqual(parseYamlDocuments('---\na: 1\n---\n---\nb: 2\n'), [{ a: 1 }, { b: 2 }]))
})
