// Random concurrent writes against a store and a model of a few lines, compared at every revision.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { TestObject } from './objects.fixture.ts'
import { keyOf } from './ordered-slots.ts'
import type { OpenStore } from './store.contract.ts'
import type { Entry, Selection, Store, Watched } from './store.ts'
import { WriteConflict } from './store.ts'

interface Step {
  readonly act: 'create' | 'update' | 'delete' | 'stale-update' | 'settle'
  readonly key: number
  readonly node: number
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    act: fc.constantFrom('create' as const, 'update' as const, 'delete' as const, 'stale-update' as const, 'settle' as const),
    key: fc.nat(5),
    node: fc.nat(2),
  }),
  { maxLength: 40 },
)

const node1: Selection = { exactFields: [['spec.nodeName', 'n1']], matches: entry => entry.fields['spec.nodeName'] === 'n1' }

/** Key to node name: the model's whole knowledge of an object. */
type State = ReadonlyMap<string, string>

export async function storeModelTest(open: OpenStore): Promise<void> {
  await using store = await open({})
  let round = 0
  await fc.assert(
    fc.asyncProperty(steps, sequence => runSequence(store, `round${round++}`, sequence)),
    { numRuns: 60 },
  )
}

async function runSequence(store: Store, groupResource: string, sequence: readonly Step[]): Promise<void> {
  const fieldsOf = (object: TestObject) => ({ 'spec.nodeName': object.spec?.nodeName ?? '' })
  const collection = store.collection({ groupResource, fieldsOf, indexedFields: ['spec.nodeName'] })
  const start = store.revision
  const live: Watched[] = []
  const selected: Watched[] = []
  collection.watch({ after: start }).onEvents(events => live.push(...events))
  collection.watch({ after: start, selection: node1 }).onEvents(events => selected.push(...events))
  // The model: the state after each decided write, by revision. Decisions are synchronous, so the model follows at once.
  const states = new Map<number, State>([[start, new Map()]])
  let state = new Map<string, string>()
  let revision = start
  const stale = new Map<string, Entry>()
  const writes: Promise<Entry>[] = []
  for (const { act, key, node } of sequence) {
    if (act === 'settle') {
      await store.settled()
      continue
    }
    const [namespace, name] = [`ns${key % 2}`, `p${key}`]
    const id = keyOf(namespace, name)
    const newest = collection.newest(namespace, name)
    assert.equal(newest !== undefined, state.has(id))
    const nodeName = `n${node}`
    const object: TestObject | undefined = act === 'delete' ? undefined : { metadata: { namespace, name }, spec: { nodeName } }
    const expected = act === 'create' ? undefined : act === 'stale-update' ? stale.get(id) : newest
    const legal = expected?.revision === newest?.revision && (object !== undefined || newest !== undefined)
    if (newest !== undefined) stale.set(id, newest)
    if (!legal) {
      assert.throws(() => collection.write({ namespace, name, expected, object }), WriteConflict)
      continue
    }
    writes.push(collection.write({ namespace, name, expected, object }))
    state = new Map(state)
    if (object === undefined) state.delete(id)
    else state.set(id, nodeName)
    states.set(++revision, state)
  }
  const entries = await Promise.all(writes)
  assert.deepEqual(
    entries.map(entry => entry.revision),
    [...states.keys()].slice(1),
  )
  for (const [at, expected] of states) {
    const listed = collection.list({ revision: at }).entries
    assert.deepEqual(stateOf(listed), [...expected].sort(byKey), `list at revision ${at} of ${start}..${revision}`)
    const chosen = collection.list({ revision: at, selection: node1 }).entries
    assert.deepEqual(stateOf(chosen), [...expected].filter(([, node]) => node === 'n1').sort(byKey))
  }
  assert.deepEqual([...replayed(live)].sort(byKey), [...state].sort(byKey))
  assert.deepEqual([...replayed(selected)].sort(byKey), [...state].filter(([, node]) => node === 'n1').sort(byKey))
  assert.deepEqual(
    live.map(({ event }) => event.entry.revision),
    entries.map(entry => entry.revision),
  )
}

function stateOf(entries: readonly Entry[]): [string, string][] {
  return entries.map(entry => [keyOf(entry.namespace, entry.name), entry.fields['spec.nodeName'] ?? ''])
}

/** The objects of a client after applying a watch, with the checks of an informer. */
function replayed(events: readonly Watched[]): Map<string, string> {
  const held = new Map<string, string>()
  for (const { type, event } of events) {
    const { entry } = event
    const key = keyOf(entry.namespace, entry.name)
    assert.equal(held.has(key), type !== 'ADDED')
    if (type === 'DELETED') held.delete(key)
    else held.set(key, entry.fields['spec.nodeName'] ?? '')
  }
  return held
}

function byKey(a: readonly [string, string], b: readonly [string, string]): number {
  return a[0] < b[0] ? -1 : 1
}
