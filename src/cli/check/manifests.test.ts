import assert from 'node:assert/strict'
import { test } from 'node:test'
import { splitDocuments } from './documents.ts'
import { readManifests } from './manifests.ts'

const read = (text: string) => readManifests(splitDocuments('f.yaml', text))
const kindsOf = (text: string) => read(text).manifests.map(({ apiVersion, kind, name, at }) => [apiVersion, kind, name, at.join('/')])

test('readManifests() splits lists as kubectl does, nested lists too', () => {
  const text = `
apiVersion: v1
kind: List
items:
  - { apiVersion: v1, kind: Pod, metadata: { name: a } }
  - apiVersion: v1
    kind: ConfigMapList
    items: [{ metadata: { name: b } }]
`
  assert.deepEqual(kindsOf(text), [
    ['v1', 'Pod', 'a', 'items/0'],
    ['v1', 'ConfigMap', 'b', 'items/1/items/0'],
  ])
})

test('readManifests() does not split a kind that ends in List but has no items', () => {
  assert.deepEqual(kindsOf('{ apiVersion: example.com/v1, kind: GuestList, metadata: { name: a } }'), [
    ['example.com/v1', 'GuestList', 'a', ''],
  ])
})

const bad: readonly {
  readonly name: string
  readonly text: string
  readonly rule: string
  readonly says: RegExp
  readonly line?: number
}[] = [
  { name: 'text that is not YAML', text: 'a: 1\nb: [', rule: 'syntax', says: /./, line: 2 },
  {
    name: 'an alias inside its own anchor',
    text: 'apiVersion: v1\nkind: Pod\nspec: &x\n  a: *x',
    rule: 'syntax',
    says: /excessive aliasing/,
  },
  { name: 'a value that does not match its tag', text: 'apiVersion: !!int x', rule: 'syntax', says: /tag/ },
  {
    name: 'a duplicate key',
    text: 'apiVersion: v1\nkind: Pod\nkind: Pod\nmetadata: {}',
    rule: 'decoding',
    says: /key "kind" already set in map/,
    line: 3,
  },
  {
    name: 'a duplicate member',
    text: '{"apiVersion":"v1","kind":"Pod","kind":"Pod","metadata":{}}',
    rule: 'decoding',
    says: /duplicate field "kind"/,
  },
  {
    name: 'an item that is not an object',
    text: 'apiVersion: v1\nkind: List\nitems:\n  - 1',
    rule: 'not-a-manifest',
    says: /not an object/,
    line: 4,
  },
  {
    name: 'an item without a kind',
    text: 'apiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1',
    rule: 'not-a-manifest',
    says: /kind is missing/,
    line: 4,
  },
  { name: 'no version', text: 'kind: Pod', rule: 'not-a-manifest', says: /apiVersion is missing/ },
  { name: 'metadata that is a list', text: 'apiVersion: v1\nkind: Pod\nmetadata: []', rule: 'not-a-manifest', says: /metadata/ },
]
for (const { name, text, rule, says, line = 1 } of bad) {
  test(`readManifests() finds ${name}`, () => {
    const [finding, ...others] = read(text).findings
    assert.deepEqual([finding?.rule, finding?.line, others], [rule, line, []])
    assert.match(finding?.message ?? '', says)
  })
}

test('readManifests() refuses aliases that expand without limit', () => {
  const bomb = [
    'a0: &a0 [x, x, x, x, x, x, x, x, x, x]',
    ...Array.from({ length: 9 }, (_, level) => `a${level + 1}: &a${level + 1} [${`*a${level}, `.repeat(9)}*a${level}]`),
  ].join('\n')
  const { findings } = read(`apiVersion: v1\nkind: ConfigMap\n${bomb}\n`)
  assert.match(findings[0]?.message ?? '', /alias/)
})

test('readManifests() does not change prototypes', () => {
  read(
    'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n__proto__: { polluted: yes }\nconstructor: { prototype: { polluted: yes } }',
  )
  assert.equal(({} as { polluted?: unknown }).polluted, undefined)
})

test('readManifests() recognizes documents of other tools', () => {
  const { foreign, manifests, findings } = read('services: { web: { image: x } }\n---\n- 1\n')
  assert.deepEqual([foreign.length, manifests, findings], [2, [], []])
})
