import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseFieldPath, parsePointer } from './field-path.ts'
import { positionsOf } from './positions.ts'

const yaml = `# a comment
spec:
  containers:
    - name: a
      image: "x"
    - &second
      name: b
      env: [{ name: X, value: y }]
  copy: *second
  merged:
    <<: *second
    name: c
metadata:
  labels:
    a.b/c: d
`
const rows: readonly [field: string, line: number, column: number][] = [
  ['', 2, 1],
  ['spec.containers[0].image', 5, 7],
  ['spec.containers[1].env[0].value', 8, 24],
  ['spec.containers[1].missing', 7, 7],
  ['spec.containers[7]', 3, 3],
  ['spec.copy.name', 7, 7],
  ['spec.merged.name', 12, 5],
  ['spec.merged.env', 8, 7],
  ['metadata.labels[a.b/c]', 15, 5],
  ['nothing.here', 2, 1],
]
for (const [field, line, column] of rows) {
  test(`positionsOf() finds ${field || 'the document'}`, () => {
    assert.deepEqual(positionsOf(yaml, 1)(parseFieldPath(field)), { line, column })
  })
}

test('positionsOf() counts from the line on which the text begins', () => {
  assert.deepEqual(positionsOf('---\na: 1\n', 10)(['a']), { line: 11, column: 1 })
})

test('positionsOf() handles JSON', () => {
  assert.deepEqual(positionsOf('{\n\t"spec": {"replicas": 1}\n}', 1)(['spec', 'replicas']), { line: 2, column: 12 })
})

test('positionsOf() gives the beginning of text that is not YAML', () => {
  assert.deepEqual(positionsOf('a: [', 3)(['a']), { line: 3, column: 1 })
})

test('positionsOf() does not follow prototypes', () => {
  assert.deepEqual(positionsOf('a: 1\n__proto__:\n  b: 2\n', 1)(['__proto__', 'b']), { line: 3, column: 3 })
  assert.deepEqual(positionsOf('a: 1\n', 1)(['constructor', 'name']), { line: 1, column: 1 })
})

test('parseFieldPath() takes indexes, quoted keys and keys with dots', () => {
  assert.deepEqual(parseFieldPath('spec.a[0].b[x.y/z]["q"]'), ['spec', 'a', 0, 'b', 'x.y/z', 'q'])
  assert.deepEqual(parseFieldPath(''), [])
})

test('parsePointer() undoes the escapes of RFC 6901', () => {
  assert.deepEqual(parsePointer('/a~1b/~01/0'), ['a/b', '~1', '0'])
  assert.deepEqual(parsePointer(''), [])
})
