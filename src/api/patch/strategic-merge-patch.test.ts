import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { schemaFor } from '../schema/model.ts'
import { StrategicMergeError } from './directives.ts'
import { strategicMergePatch } from './strategic-merge-patch.ts'

type Json = Record<string, unknown>

const pod = schemaFor('', 'v1', 'Pod')
const named = (...names: string[]): Json[] => names.map(name => ({ name }))

/** The results of upstream's library for parts of a Pod. */
const merged: [name: string, original: Json, patch: Json, result: Json][] = [
  ['an empty patch', { spec: { nodeName: 'n' } }, {}, { spec: { nodeName: 'n' } }],
  ['null removes', { spec: { nodeName: 'n', hostname: 'h' } }, { spec: { nodeName: null } }, { spec: { hostname: 'h' } }],
  [
    'nulls do not reach a new object',
    {},
    { spec: { nodeName: null, dnsConfig: { options: [{ name: null }] } } },
    { spec: { dnsConfig: { options: [{}] } } },
  ],
  [
    'nulls stay in a new item of a merged list',
    { spec: { containers: named('a') } },
    { spec: { containers: [{ name: 'b', image: null }] } },
    { spec: { containers: [{ name: 'b', image: null }, { name: 'a' }] } },
  ],
  [
    'nulls stay in a replaced list',
    { spec: { tolerations: [] } },
    { spec: { tolerations: [{ key: null }] } },
    { spec: { tolerations: [{ key: null }] } },
  ],
  [
    'new items come first, known ones stay',
    { spec: { containers: named('a', 'b') } },
    { spec: { containers: named('c', 'b') } },
    { spec: { containers: named('c', 'a', 'b') } },
  ],
  ['a scalar in place of an object', { metadata: { labels: { a: '1' } } }, { metadata: { labels: 5 } }, { metadata: { labels: 5 } }],
  [
    'an object of the wrong form replaces',
    { spec: { containers: named('a') } },
    { spec: { containers: { name: 'a' } } },
    { spec: { containers: { name: 'a' } } },
  ],
  [
    'a field replaced as a whole',
    { spec: { securityContext: { sysctls: [] } } },
    { spec: { securityContext: { runAsUser: 1 } } },
    { spec: { securityContext: { sysctls: [], runAsUser: 1 } } },
  ],
  [
    '$patch: replace keeps everything beside it',
    { metadata: { labels: { a: '1' } } },
    { metadata: { labels: { $patch: 'replace', b: null } } },
    { metadata: { labels: { b: null } } },
  ],
  [
    '$patch: delete leaves an empty object',
    { metadata: { labels: { a: '1' } } },
    { metadata: { labels: { $patch: 'delete' } } },
    { metadata: { labels: {} } },
  ],
  ['$patch in a new object removes it', { metadata: {} }, { metadata: { labels: { $patch: 'replace', b: '1' } } }, { metadata: {} }],
  [
    '$patch: delete in a list',
    { spec: { containers: named('a', 'b') } },
    { spec: { containers: [{ name: 'a', $patch: 'delete' }, { name: 'c' }] } },
    { spec: { containers: named('c', 'b') } },
  ],
  [
    '$patch: delete of a key that several have',
    { spec: { containers: named('a', 'b', 'a') } },
    { spec: { containers: [{ name: 'a', $patch: 'delete' }] } },
    { spec: { containers: named('b') } },
  ],
  [
    '$patch: replace in a list',
    { spec: { containers: named('a') } },
    { spec: { containers: [{ name: 'b' }, { $patch: 'replace' }, { name: 'c' }] } },
    { spec: { containers: named('b', 'c') } },
  ],
  [
    'scalars as a set',
    { metadata: { finalizers: ['x', 'y'] } },
    { metadata: { finalizers: ['z', 'x'] } },
    { metadata: { finalizers: ['z', 'x', 'y'] } },
  ],
  [
    '$deleteFromPrimitiveList',
    { metadata: { finalizers: ['x', 'y'] } },
    { metadata: { '$deleteFromPrimitiveList/finalizers': ['x', 'q'] } },
    { metadata: { finalizers: ['y'] } },
  ],
  [
    '$deleteFromPrimitiveList of a missing item',
    { metadata: {} },
    { metadata: { '$deleteFromPrimitiveList/finalizers': ['x'] } },
    { metadata: {} },
  ],
  [
    '$deleteFromPrimitiveList of another form',
    { metadata: { finalizers: ['x'] } },
    { metadata: { '$deleteFromPrimitiveList/finalizers': 'x' } },
    { metadata: { finalizers: ['x'] } },
  ],
  [
    '$deleteFromPrimitiveList: null removes the list',
    { metadata: { finalizers: ['x'] } },
    { metadata: { '$deleteFromPrimitiveList/finalizers': null } },
    { metadata: {} },
  ],
  [
    '$setElementOrder of known items',
    { spec: { containers: named('a', 'b', 'c') } },
    { spec: { '$setElementOrder/containers': named('c', 'a') } },
    { spec: { containers: named('b', 'c', 'a') } },
  ],
  [
    '$setElementOrder with changes',
    { spec: { containers: named('a', 'b') } },
    { spec: { '$setElementOrder/containers': named('b', 'n', 'a'), containers: [{ name: 'n' }] } },
    { spec: { containers: named('b', 'n', 'a') } },
  ],
  [
    '$setElementOrder of scalars',
    { metadata: { finalizers: ['x', 'y'] } },
    { metadata: { '$setElementOrder/finalizers': ['z', 'x'], finalizers: ['z'] } },
    { metadata: { finalizers: ['z', 'x', 'y'] } },
  ],
  ['$setElementOrder of a list that nobody has', { spec: {} }, { spec: { '$setElementOrder/containers': named('a') } }, { spec: {} }],
  [
    'directives in a new object stay for decoding to report',
    { spec: {} },
    { spec: { dnsConfig: { '$setElementOrder/searches': ['x'], $retainKeys: ['x'] } } },
    { spec: { dnsConfig: { '$setElementOrder/searches': ['x'], $retainKeys: ['x'] } } },
  ],
  [
    '$retainKeys',
    { spec: { volumes: [{ name: 'v', emptyDir: {}, hostPath: {} }] } },
    { spec: { volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'] }] } },
    { spec: { volumes: [{ name: 'v', hostPath: {} }] } },
  ],
  [
    '$retainKeys leaves nulls and list directives alone',
    { metadata: { name: 'n', finalizers: ['x'] } },
    { metadata: { $retainKeys: ['name', 'finalizers'], labels: null, '$deleteFromPrimitiveList/finalizers': ['x'] } },
    { metadata: { name: 'n', finalizers: [] } },
  ],
]

const ordered: typeof merged = [
  [
    'a new item stands behind what followed the deleted item whose place it takes',
    { spec: { containers: named('a', 'b', 'd') } },
    { spec: { '$setElementOrder/containers': named('b', 'c'), containers: [{ name: 'c' }, { name: 'a', $patch: 'delete' }] } },
    { spec: { containers: named('b', 'd', 'c') } },
  ],
  [
    'a new item that takes nobody else’s place stands in front of what the order does not name',
    { spec: { containers: named('b', 'd') } },
    { spec: { '$setElementOrder/containers': named('b', 'c'), containers: named('c') } },
    { spec: { containers: named('b', 'c', 'd') } },
  ],
  [
    'an order that names nothing leaves new values to the sorting',
    { metadata: { finalizers: ['a'] } },
    { metadata: { '$setElementOrder/finalizers': [], finalizers: ['b', 'c', 'd'] } },
    { metadata: { finalizers: ['a', 'd', 'c', 'b'] } },
  ],
  [
    'a list of one item and an order that names nothing',
    { spec: { containers: named('c', 'd') } },
    { spec: { '$setElementOrder/containers': [], containers: named('b') } },
    { spec: { containers: named('c', 'd', 'b') } },
  ],
  [
    'a list where a struct belongs is put in order all the same',
    { spec: {} },
    { spec: { '$setElementOrder/dnsConfig': ['b', 'a'], dnsConfig: ['b', 'a'] } },
    { spec: { dnsConfig: ['b', 'a'] } },
  ],
]

const refused: [name: string, original: Json, patch: Json, message: string, fault: StrategicMergeError['fault']][] = [
  ['an unknown directive', { spec: {} }, { spec: { $patch: 'nope' } }, 'unknown patch type: nope in map: map[$patch:nope]', 'content'],
  [
    'a directive that is not a string',
    { spec: {} },
    { spec: { $patch: 5 } },
    'unknown patch type: %!s(int64=5) in map: map[$patch:5]',
    'content',
  ],
  [
    'scalars in a keyed list',
    { spec: { containers: [] } },
    { spec: { containers: [1] } },
    'expected a map[string]interface {}, but received a int64',
    'content',
  ],
  [
    'an order of objects that have no key to be ordered by',
    { spec: { tolerations: [{ key: 'a' }] } },
    { spec: { '$setElementOrder/tolerations': [] } },
    'map: map[key:a] does not contain declared merge key: ',
    'content',
  ],
  [
    'an order of scalars for a keyed list',
    { spec: { containers: named('a') } },
    { spec: { '$setElementOrder/containers': ['a'] } },
    'value for key 0 is not a map',
    'content',
  ],
  [
    'an order whose objects lack the key',
    { spec: { containers: named('a') } },
    { spec: { '$setElementOrder/containers': [{}] } },
    'map: map[] does not contain declared merge key: name',
    'content',
  ],
  [
    '$patch: merge in a list',
    { spec: { containers: named('a') } },
    { spec: { containers: [{ name: 'a', $patch: 'merge' }] } },
    'merging lists cannot yet be specified in the patch',
    'content',
  ],
  [
    'an item without its key',
    { spec: { containers: named('a') } },
    { spec: { containers: [{ image: 'x' }] } },
    'map: map[image:x] does not contain declared merge key: name',
    'content',
  ],
  [
    'a deletion without its key',
    { spec: { containers: named('a') } },
    { spec: { containers: [{ $patch: 'delete' }] } },
    'map: map[$patch:delete] does not contain declared merge key: name',
    'content',
  ],
  [
    'items of several types',
    { spec: { containers: named('a') } },
    { spec: { containers: ['x'] } },
    'list element types are not identical: [[map[name:a]] [x]]',
    'content',
  ],
  [
    'a list of lists',
    { metadata: { finalizers: [] } },
    { metadata: { finalizers: [['x']] } },
    'lists of lists are not supported',
    'listOfLists',
  ],
  [
    'an order that is not a list',
    { spec: {} },
    { spec: { '$setElementOrder/containers': 'x' } },
    'expected a []interface {}, but received a string',
    'content',
  ],
  ['an order of no field', { spec: {} }, { spec: { $setElementOrder: [] } }, 'invalid patch format of setElementOrder list', 'format'],
  [
    'an order of an unknown field',
    { spec: {} },
    { spec: { '$setElementOrder/nope': [] } },
    'unable to find api field in struct PodSpec for the json field "nope"',
    'content',
  ],
  [
    'an order that its items do not follow',
    { spec: { containers: named('a') } },
    { spec: { '$setElementOrder/containers': named('a', 'b'), containers: named('b', 'a') } },
    "The order in patch list:\n[map[name:b] map[name:a]]\n doesn't match $setElementOrder list:\n[map[name:a] map[name:b]]\n",
    'content',
  ],
  [
    'a deletion list of no field',
    { metadata: {} },
    { metadata: { $deleteFromPrimitiveList: ['x'] } },
    'invalid patch format of primitive list',
    'format',
  ],
  ['$retainKeys that is not a list', { spec: {} }, { spec: { $retainKeys: 'x' } }, 'invalid patch format of retainKeys', 'format'],
  [
    '$retainKeys that misses a key of the patch',
    { spec: {} },
    { spec: { $retainKeys: [], nodeName: 'n' } },
    'invalid patch format of retainKeys',
    'format',
  ],
]

describe('strategicMergePatch()', () => {
  for (const [name, original, patch, result] of [...merged, ...ordered]) {
    it(`merges: ${name}`, () => {
      const before = JSON.stringify([original, patch])
      assert.deepEqual(strategicMergePatch(original, patch, pod), result)
      assert.equal(JSON.stringify([original, patch]), before)
    })
  }
  for (const [name, original, patch, message, fault] of refused) {
    it(`rejects: ${name}`, () => {
      assert.throws(
        () => strategicMergePatch(original, patch, pod),
        err => {
          assert.ok(err instanceof StrategicMergeError)
          assert.deepEqual([err.message, err.fault], [message, fault])
          return true
        },
      )
    })
  }
  it('does not merge into values without a schema', () => {
    const revision = schemaFor('apps', 'v1', 'ControllerRevision')
    const original = { data: { spec: { a: {} } } }
    assert.throws(
      () => strategicMergePatch(original, { data: { spec: { b: 1 } } }, revision),
      /unable to find api field in struct RawExtension/,
    )
  })
})
