import assert from 'node:assert/strict'
import { test } from 'node:test'
import { splitDocuments } from './documents.ts'

const rows: readonly {
  readonly name: string
  readonly text: string
  readonly expected: readonly [line: number, text: string][]
  readonly format?: 'json'
}[] = [
  { name: 'one document', text: 'a: 1\n', expected: [[1, 'a: 1\n']] },
  {
    name: 'a stream',
    text: 'a: 1\n---\nb: 2\n',
    expected: [
      [1, 'a: 1\n'],
      [2, '---\nb: 2\n'],
    ],
  },
  {
    name: 'a stream of another machine',
    text: 'a: 1\r\n---\r\nb: 2\r\n',
    expected: [
      [1, 'a: 1\r\n'],
      [2, '---\r\nb: 2\r\n'],
    ],
  },
  { name: 'documents without content', text: '# c\n---\n\n---\n# d\n---\na: 1\n---\n', expected: [[6, '---\na: 1\n']] },
  {
    name: 'a separator with a comment',
    text: 'a: 1\n--- # c\nb: 2',
    expected: [
      [1, 'a: 1\n'],
      [2, '--- # c\nb: 2'],
    ],
  },
  { name: 'content after a separator', text: '--- {a: 1}\n', expected: [[1, '--- {a: 1}\n']] },
  { name: 'a line that looks like a separator', text: 'a: |\n  ---\n  x\nb: ----\n', expected: [[1, 'a: |\n  ---\n  x\nb: ----\n']] },
  { name: 'a byte order mark', text: '\uFEFFa: 1', expected: [[1, 'a: 1']] },
  {
    name: 'several JSON objects',
    text: '{"a":"}"}\n\n{"b":"\\"{"}',
    expected: [
      [1, '{"a":"}"}'],
      [3, '{"b":"\\"{"}'],
    ],
    format: 'json',
  },
  {
    name: 'YAML in flow style',
    text: '{a: 1}\n---\n{b: 2}',
    expected: [
      [1, '{a: 1}\n'],
      [2, '---\n{b: 2}'],
    ],
  },
  {
    name: 'JSON in a YAML stream',
    text: '{"a":1}\n---\n{"b":2}',
    expected: [
      [1, '{"a":1}\n'],
      [2, '---\n{"b":2}'],
    ],
  },
  { name: 'nothing', text: '', expected: [] },
]

for (const { name, text, expected, format = 'yaml' } of rows) {
  test(`splitDocuments() splits ${name}`, () => {
    assert.deepEqual(
      splitDocuments('f', text).map(document => [document.line, document.text, document.format]),
      expected.map(([line, part]) => [line, part, format]),
    )
  })
}
