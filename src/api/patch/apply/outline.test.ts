import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { zeroOf } from '../../schema/compile.ts'
import { schemaFor } from '../../schema/model.ts'
import { added, compare, modified, pathsOf } from './compare.ts'
import type { FieldSet } from './field-set.ts'
import { fieldsOfOutline } from './outline.ts'
import { excludingPaths, type PathFilter } from './path-filter.ts'
import { deducedMap, type Shape, shapeOfStruct } from './shape.ts'

const everything: PathFilter = undefined

interface Kind {
  readonly shape: Shape
  readonly empty: object
}

function kind(group: string, version: string, name: string): Kind {
  const type = schemaFor(group, version, name)
  assert.ok(type)
  return { shape: shapeOfStruct(type), empty: { ...zeroOf(type), metadata: {} } }
}

/** The set, and whether it was computed. */
function ask({ shape, empty }: Kind, object: unknown, filter: PathFilter = everything): { set: FieldSet; made: boolean } {
  let made = false
  const set = fieldsOfOutline(object, shape, empty, filter, () => {
    made = true
    return pathsOf(compare(empty, object, shape), added | modified)
  })
  return { set, made }
}

const pod = (change: object = {}, container: object = {}) => ({
  metadata: { name: 'a', labels: { app: 'x', tier: 'y' }, finalizers: ['example.com/f'] },
  spec: { containers: [{ name: 'c', image: 'i:1', ports: [{ containerPort: 80, protocol: 'TCP' }], ...container }], ...change },
})

describe('fieldsOfOutline()', () => {
  const same: readonly (readonly [string, object])[] = [
    ['another value of a scalar', pod({}, { image: 'i:2' })],
    ['another name of the object', { ...pod(), metadata: { ...pod().metadata, name: 'b' } }],
    ['another value of a label', { ...pod(), metadata: { ...pod().metadata, labels: { app: 'z', tier: 'y' } } }],
    ['an absent member', { ...pod(), status: undefined }],
  ]
  for (const [name, object] of same) {
    test(`reuses the set for ${name}`, () => {
      const pods = kind('', 'v1', 'Pod')
      const first = ask(pods, pod())
      const second = ask(pods, object)
      assert.deepEqual([first.made, second.made], [true, false])
      assert.equal(second.set, first.set)
    })
  }

  const other: readonly (readonly [string, object])[] = [
    ['another label', { ...pod(), metadata: { ...pod().metadata, labels: { app: 'x', level: 'y' } } }],
    ['one label less', { ...pod(), metadata: { ...pod().metadata, labels: { app: 'x' } } }],
    ['another key of a list', pod({}, { ports: [{ containerPort: 81, protocol: 'TCP' }] })],
    ['the default of a key left out is the same, another is not', pod({}, { ports: [{ containerPort: 80, protocol: 'UDP' }] })],
    ['another item of a set', { ...pod(), metadata: { ...pod().metadata, finalizers: ['example.com/g'] } }],
    ['one item more', pod({}, { ports: [{ containerPort: 80, protocol: 'TCP' }, { containerPort: 81 }] })],
    ['one field more', pod({ hostname: 'h' })],
    ['null for a map', { ...pod(), metadata: { ...pod().metadata, labels: null } }],
  ]
  for (const [name, object] of other) {
    test(`computes a new set for ${name}`, () => {
      const pods = kind('', 'v1', 'Pod')
      ask(pods, pod())
      const found = ask(pods, object)
      assert.equal(found.made, true)
    })
  }

  test('distinguishes paths with different fields', () => {
    const pods = kind('', 'v1', 'Pod')
    ask(pods, pod())
    assert.equal(ask(pods, pod(), excludingPaths(['status'])).made, true)
  })

  test('caches nothing of a huge object', () => {
    const maps = kind('', 'v1', 'ConfigMap')
    const data = Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`k${index}`, 'v']))
    assert.equal(ask(maps, { metadata: {}, data }).made, true)
    assert.equal(ask(maps, { metadata: {}, data }).made, true)
  })

  test('returns the result of a comparison, whatever came before', () => {
    const leaf = fc.oneof(fc.constant(null), fc.constant(undefined), fc.constant(''), fc.constant('a'), fc.constant(0), fc.constant([]))
    const names = fc.constantFrom('a', 'b', 'c')
    const map = fc.dictionary(names, leaf, { noNullPrototype: true })
    const port = fc.record(
      { containerPort: fc.constantFrom(80, 81), protocol: fc.constantFrom('TCP', 'UDP'), name: fc.constantFrom('x', '') },
      { requiredKeys: ['containerPort'], noNullPrototype: true },
    )
    const container = fc.record(
      {
        name: names,
        image: leaf,
        ports: fc.array(port, { maxLength: 2 }),
        securityContext: fc.oneof(leaf, fc.record({ runAsUser: leaf })),
      },
      { requiredKeys: ['name'], noNullPrototype: true },
    )
    const object = fc.record(
      {
        metadata: fc.record(
          { labels: fc.oneof(map, leaf), finalizers: fc.oneof(fc.uniqueArray(names), fc.constant(null)) },
          { requiredKeys: [], noNullPrototype: true },
        ),
        spec: fc.oneof(
          leaf,
          fc.record(
            { containers: fc.array(container, { maxLength: 2 }), nodeSelector: fc.oneof(map, leaf) },
            { requiredKeys: [], noNullPrototype: true },
          ),
        ),
        status: fc.oneof(leaf, fc.record({ phase: leaf }, { noNullPrototype: true })),
      },
      { requiredKeys: [], noNullPrototype: true },
    )
    const pods = kind('', 'v1', 'Pod')
    const free = { shape: deducedMap, empty: { metadata: {} } }
    fc.assert(
      fc.property(object, value => {
        for (const validated of [pods, free]) {
          assert.deepEqual(ask(validated, value).set, pathsOf(compare(validated.empty, value, validated.shape), added | modified))
        }
      }),
      { numRuns: 3000 },
    )
  })
})
