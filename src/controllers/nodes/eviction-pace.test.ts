import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node } from '../../api/types/core-v1.ts'
import { defaultSettings } from '../settings.ts'
import { EvictionPace } from './eviction-pace.ts'

const settleMs = 5_000
const zoneLabel = 'topology.kubernetes.io/zone'

/** Nodes `0` to `size - 1` of each zone, all ready at the start. */
class Outage {
  now = 0
  readonly pace = new EvictionPace(defaultSettings.evictionRates, settleMs)

  set(zone: string, from: number, to: number, ready: 'True' | 'False' | 'Unknown', labels: Record<string, string> = {}): this {
    for (let index = from; index < to; index++) this.pace.note(nodeOf(`${zone}${index}`, { [zoneLabel]: zone, ...labels }, ready), this.now)
    return this
  }

  /** How many of these get their turn within so many seconds, when each asks once a second. */
  evicted(zone: string, from: number, to: number, seconds: number): number {
    const evicted = new Set<string>()
    for (let second = 0; second < seconds; second++) {
      this.now += 1_000
      for (let index = from; index < to; index++) if (this.pace.evicts(`${zone}${index}`, false, this.now)) evicted.add(`${zone}${index}`)
    }
    return evicted.size
  }
}

function nodeOf(name: string, labels: Record<string, string>, ready: string): Node {
  return { metadata: { name, labels }, spec: {}, status: { conditions: [{ type: 'Ready', status: ready }] } }
}

// One at once, when the node has been away for five seconds, then one each ten seconds: upstream's --node-eviction-rate of 0.1.
test('EvictionPace allows one node of a zone after the other', () => {
  const outage = new Outage().set('a', 0, 100, 'True').set('a', 0, 20, 'Unknown')
  assert.deepEqual(
    [4, 1, 9, 1, 100].map(seconds => outage.evicted('a', 0, 20, seconds)),
    [0, 1, 1, 2, 12],
  )
})

const zones: readonly [name: string, size: number, away: number, inHundredSeconds: number][] = [
  ['half of a large zone', 100, 54, 10],
  ['55 % of a large zone', 100, 55, 1],
  ['55 % of a zone that is just no large one', 50, 28, 0],
  ['most of a small zone', 5, 3, 0],
  ['half of a small zone', 6, 3, 3],
  ['two of three, which are too few to say anything', 3, 2, 2],
  ['a whole zone, while another one lives', 10, 10, 10],
]
for (const [name, size, away, want] of zones)
  test(`EvictionPace and ${name}`, () => {
    const outage = new Outage().set('a', 0, size, 'True').set('b', 0, 1, 'True').set('a', 0, away, 'Unknown')
    assert.equal(outage.evicted('a', 0, away, 100), want)
  })

test('EvictionPace continues at the slow rate for the rest of a large zone', () => {
  const outage = new Outage().set('a', 0, 100, 'True').set('a', 0, 60, 'Unknown')
  assert.deepEqual([outage.evicted('a', 0, 60, 104), outage.evicted('a', 0, 60, 2)], [1, 2])
})

test('EvictionPace allows none while no node is ready, and starts over with the first ready one', () => {
  const outage = new Outage().set('a', 0, 5, 'Unknown').set('b', 0, 5, 'False')
  assert.equal(outage.evicted('a', 0, 5, 1000), 0)
  assert.equal(outage.pace.evicts('a0', true, outage.now), false)
  outage.set('b', 0, 1, 'True')
  assert.deepEqual([outage.evicted('a', 0, 5, 9), outage.evicted('a', 0, 5, 1)], [0, 1])
})

test('EvictionPace does not count a node that is excluded from it', () => {
  const excluded = { 'node.kubernetes.io/exclude-disruption': '' }
  const outage = new Outage().set('a', 0, 4, 'True').set('a', 4, 10, 'True', excluded).set('a', 0, 3, 'Unknown')
  assert.equal(outage.evicted('a', 0, 3, 100), 0)
})

test('EvictionPace has a separate rate for each zone', () => {
  const outage = new Outage().set('a', 0, 10, 'True').set('b', 0, 10, 'True').set('a', 0, 2, 'Unknown').set('b', 0, 2, 'Unknown')
  assert.equal(outage.evicted('a', 0, 2, 6), 1)
  assert.equal(outage.evicted('b', 0, 2, 1), 1)
})

test("EvictionPace keeps a node's turn until it is ready again, and gives it no other one meanwhile", () => {
  const outage = new Outage().set('a', 0, 10, 'True').set('a', 0, 3, 'Unknown')
  assert.equal(outage.evicted('a', 0, 1, 6), 1)
  outage.set('a', 0, 1, 'False')
  assert.equal(outage.pace.evicts('a0', false, outage.now), true)
  outage.set('a', 0, 1, 'True')
  assert.equal(outage.pace.evicts('a0', false, outage.now), false)
  outage.set('a', 0, 1, 'Unknown')
  assert.equal(outage.evicted('a', 0, 1, 4), 0)
})

test('EvictionPace allows a node whose taints already evict, whatever the state of its zone', () => {
  const outage = new Outage().set('a', 0, 5, 'True').set('a', 0, 4, 'Unknown')
  assert.deepEqual([outage.pace.evicts('a0', true, 0), outage.pace.evicts('a1', false, 100_000)], [true, false])
})

test('EvictionPace saves no turns from a time without evictions', () => {
  const outage = new Outage().set('a', 0, 10, 'True').set('a', 0, 1, 'Unknown')
  assert.equal(outage.evicted('a', 0, 1, 6), 1)
  outage.set('a', 1, 9, 'Unknown')
  assert.equal(outage.evicted('a', 1, 9, 1000), 0)
  outage.set('a', 4, 9, 'True')
  assert.equal(outage.evicted('a', 1, 4, 9), 0)
  assert.equal(outage.evicted('a', 1, 4, 2), 1)
})

test('EvictionPace drops zones without nodes, whatever labels a node had', () => {
  const { pace } = new Outage()
  for (let zone = 0; zone < 10; zone++) pace.note(nodeOf('n', { [zoneLabel]: `z${zone}` }, zone % 2 === 0 ? 'True' : 'False'), zone)
  assert.equal(pace.zones, 1)
  pace.note(nodeOf('n', { [zoneLabel]: 'z9', other: 'label' }, 'Unknown'), 20)
  assert.equal(pace.zones, 1)
  pace.forget('n', 30)
  assert.equal(pace.zones, 0)
})

test('EvictionPace drops a waiting node that was deleted, and others get its turn', () => {
  const outage = new Outage().set('a', 0, 10, 'True').set('a', 0, 3, 'Unknown')
  assert.equal(outage.evicted('a', 0, 1, 6), 1)
  assert.equal(outage.evicted('a', 1, 2, 1), 0)
  outage.pace.forget('a1', outage.now)
  assert.equal(outage.evicted('a', 2, 3, 10), 1)
  assert.equal(outage.pace.evicts('a1', false, outage.now), false)
})
