import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../../api/types/core-v1.ts'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { FakeRuntime } from '../fake/fake-runtime.ts'
import { containerOf, podOf } from '../pod/fixture.ts'
import { emptyPodState } from '../pod/pod-state.ts'
import type { PodEnd } from '../pod/pod-termination.ts'
import { DiskPressure } from './disk-pressure.ts'
import type { EvictablePod } from './evictable-pod.ts'
import { Evictor } from './evictor.ts'
import { ImageCollector } from './image-collector.ts'
import { defaultThresholds } from './thresholds.ts'

const never = new AbortController().signal
const capacityBytes = 100 << 20
const mebi = 1 << 20

/** A node with a disk of 100 MiB; its pods' volumes are on it. */
class SmallNode {
  readonly ended: { name: string; end: PodEnd }[] = []
  readonly events: string[] = []
  readonly pods: EvictablePod[] = []
  readonly held = new Map<string, number>()
  readonly runtime = new FakeRuntime({ clock: systemClock })
  readonly evictor: Evictor
  counted = 0
  hanging = false
  dedicated = false
  clock = systemClock

  constructor() {
    const pressure = new DiskPressure({
      thresholds: defaultThresholds,
      facts: async () => {
        const images = await this.runtime.imageBytes()
        const availableBytes = capacityBytes - images - [...this.held.values()].reduce((sum, bytes) => sum + bytes, 0)
        const fs = { capacityBytes, availableBytes, inodes: 0, inodesFree: 0 }
        return { nodefs: fs, imagefs: fs, dedicated: this.dedicated }
      },
      clock: systemClock,
      log: silentLogger,
    })
    this.evictor = new Evictor({
      pressure,
      pods: () => this.pods,
      runtime: this.runtime,
      images: new ImageCollector({ runtime: this.runtime, isPulled: () => true, clock: systemClock, log: silentLogger }),
      podsDirectory: '/pods',
      usage: async paths => {
        this.counted++
        return new Map(
          paths.flatMap(path => [...this.held].filter(([uid]) => path === `/pods/${uid}/volumes/v`).map(([, bytes]) => [path, bytes])),
        )
      },
      nodeEvent: (type, reason, message) => void this.events.push(`${type} ${reason} ${message}`),
      clock: { ...systemClock, sleep: (ms, signal) => this.clock.sleep(ms, signal) },
      log: silentLogger,
    })
  }

  add(name: string, mebibytes: number, { sizeLimit, ...spec }: Partial<Pod['spec']> & { sizeLimit?: string } = {}): void {
    const emptyDir = sizeLimit === undefined ? {} : { sizeLimit }
    const pod = podOf({ volumes: [{ name: 'v', emptyDir }], containers: [containerOf('c')], ...spec }, { name, uid: name })
    this.held.set(name, mebibytes * mebi)
    this.pods.push({
      uid: name,
      pod,
      state: emptyPodState,
      logDirectory: `/logs/${name}`,
      end: async end => {
        this.ended.push({ name, end })
        if (this.hanging) await Promise.withResolvers<void>().promise
        pod.status = { phase: 'Failed' }
        this.held.set(name, 0)
      },
    })
  }
}

test('Evictor evicts each pod above its limits, and measures nothing for a pod without limits', async () => {
  const node = new SmallNode()
  node.add('unbounded', 50)
  assert.equal(await node.evictor.look(never), false)
  assert.equal(node.counted, 0)
  for (const name of ['a', 'b']) node.add(name, 2, { sizeLimit: '1Mi' })
  node.add('within', 1, { sizeLimit: '1Mi' })
  assert.equal(await node.evictor.look(never), true)
  assert.deepEqual(
    node.ended.map(({ name, end: { type, reason, message, graceSeconds, conditions } }) => ({
      name,
      type,
      reason,
      message,
      graceSeconds,
      conditions,
    })),
    ['a', 'b'].map(name => ({
      name,
      type: 'Warning',
      reason: 'Evicted',
      message: 'Usage of EmptyDir volume "v" exceeds the limit "1Mi". ',
      graceSeconds: 1,
      conditions: undefined,
    })),
  )
  assert.equal(await node.evictor.look(never), false)
  assert.deepEqual(node.events, [])
})

test('Evictor evicts one pod at a time if the disk is full, with the reason in its status, and skips critical and terminating pods', async () => {
  const node = new SmallNode()
  node.add('critical', 60, { priority: 2_000_000_000 })
  node.add('small', 5)
  node.add('large', 16)
  node.add('going', 18)
  const going = node.pods.at(-1)
  if (going) going.pod.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'
  assert.equal(await node.evictor.look(never), true)
  const [first] = node.ended
  const message = 'The node was low on resource: ephemeral-storage. Threshold quantity: 10Mi, available: 1Mi. '
  assert.equal(first?.end.message, message)
  assert.deepEqual(
    first?.end.conditions?.map(({ type, status, reason }) => [type, status, reason]),
    [['DisruptionTarget', 'True', 'TerminationByKubelet']],
  )
  assert.equal(first?.end.annotations?.['starved_resource'], 'ephemeral-storage')
  assert.deepEqual(
    node.ended.map(({ name }) => name),
    ['large'],
  )
  assert.equal(await node.evictor.look(never), false)
  assert.deepEqual(node.events, ['Warning EvictionThresholdMet Attempting to reclaim ephemeral-storage'])
})

test('Evictor removes unused images before pods, and evicts none if that suffices', async () => {
  const node = new SmallNode()
  node.add('p', 85)
  for (let number = 0; number < 3; number++) node.runtime.addImage(`r.example/${number}:1`)
  assert.equal(await node.evictor.look(never), false)
  assert.equal(await node.runtime.imageBytes(), 0)
  assert.deepEqual(node.ended, [])
})

test('Evictor removes no image for a disk without images', async () => {
  const node = new SmallNode()
  node.dedicated = true
  node.add('p', 99)
  node.runtime.addImage('r.example/a:1')
  assert.equal(await node.evictor.look(never), true)
  assert.notEqual(await node.runtime.imageBytes(), 0)
})

test('Evictor waits up to half a minute for an evicted pod to end, then checks again', async () => {
  const node = new SmallNode()
  node.hanging = true
  node.add('p', 99)
  const waits: number[] = []
  node.clock = { ...systemClock, sleep: async ms => void waits.push(ms) }
  assert.equal(await node.evictor.look(never), true)
  assert.deepEqual(waits, [30_000])
})

test('Evictor reports if images cannot free the required space', async () => {
  const node = new SmallNode()
  node.add('critical', 99, { priority: 2_000_000_000 })
  const stop = new AbortController()
  node.clock = { ...systemClock, sleep: async () => stop.abort() }
  await node.evictor.run(stop.signal)
  assert.deepEqual(node.events, [
    'Warning EvictionThresholdMet Attempting to reclaim ephemeral-storage',
    'Warning FreeDiskSpaceFailed Failed to garbage collect required amount of images. Attempted to free 19922944 bytes, but only found 0 bytes eligible to free.',
  ])
})
