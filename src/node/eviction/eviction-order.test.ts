import assert from 'node:assert/strict'
import { test } from 'node:test'
import { containerOf, podOf } from '../pod/fixture.ts'
import { type Candidate, evictionNote, evictionOrder, isCritical, storageKinds } from './eviction-order.ts'
import type { MetThreshold } from './thresholds.ts'

const mebi = 1 << 20
const short: MetThreshold = { signal: 'nodefs.available', resource: 'ephemeral-storage', quantity: 10 * mebi, available: 5 * mebi + 512 }
const all = storageKinds(short, false)

interface Rough {
  readonly layer?: number
  readonly logs?: number
  readonly volume?: number
  readonly request?: string
  readonly priority?: number
}

function candidate(name: string, { layer = 0, logs = 0, volume = 0, request, priority }: Rough): Candidate {
  const resources = request === undefined ? {} : { resources: { requests: { 'ephemeral-storage': request } } }
  return {
    pod: podOf({ containers: [containerOf('c', resources)], ...(priority === undefined ? {} : { priority }) }, { name }),
    storage: { containers: [{ name: 'c', layer, logs }], volumes: new Map([['v', volume]]) },
  }
}

const names = (candidates: readonly Candidate[]) => candidates.map(({ pod }) => pod.metadata.name)

test('evictionOrder() takes pods above their request first, then by priority, then by usage above the request', () => {
  const candidates = [
    candidate('within', { layer: 90 * mebi, request: '100Mi' }),
    candidate('important', { volume: 50 * mebi, priority: 1000 }),
    candidate('small', { logs: mebi }),
    candidate('large', { layer: 20 * mebi, logs: 20 * mebi, request: '10Mi' }),
    candidate('larger', { volume: 39 * mebi }),
  ]
  assert.deepEqual(names(evictionOrder(candidates, 'ephemeral-storage', all)), ['larger', 'large', 'small', 'important', 'within'])
})

test('evictionOrder() counts only usage on the disk that is short', () => {
  const candidates = [candidate('writes', { layer: 9 * mebi, volume: mebi }), candidate('keeps', { volume: 5 * mebi })]
  const first = (signal: MetThreshold['signal']) =>
    names(evictionOrder(candidates, 'ephemeral-storage', storageKinds({ ...short, signal }, true)))[0]
  assert.equal(first('nodefs.available'), 'keeps')
  assert.equal(first('imagefs.available'), 'writes')
})

test('evictionNote() names the resource, the threshold and the containers above their requests, as upstream does', () => {
  const { message, annotations } = evictionNote(candidate('p', { layer: 3 * mebi, logs: mebi, request: '1Mi' }), short)
  assert.equal(
    message,
    'The node was low on resource: ephemeral-storage. Threshold quantity: 10Mi, available: 5243392. Container c was using 4Mi, request is 1Mi, has larger consumption of ephemeral-storage. ',
  )
  assert.deepEqual(annotations, { offending_containers: 'c', offending_containers_usage: '4Mi', starved_resource: 'ephemeral-storage' })
})

test('evictionNote() blames no container for inodes', () => {
  const met: MetThreshold = { signal: 'nodefs.inodesFree', resource: 'inodes', quantity: 3276, available: 2000 }
  assert.equal(
    evictionNote(candidate('p', { layer: 5000 }), met).message,
    'The node was low on resource: inodes. Threshold quantity: 3276, available: 2k. ',
  )
})

test('isCritical() is true from the priority of system-cluster-critical on', () => {
  assert.deepEqual(
    [undefined, 1_999_999_999, 2_000_000_000].map(priority => isCritical(podOf(priority === undefined ? {} : { priority }))),
    [false, false, true],
  )
})
