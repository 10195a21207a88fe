import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import type { ContainerSummary, Image } from '../cri/messages.ts'
import { FakeRuntime } from '../fake/fake-runtime.ts'
import { bytesToFree, ImageCollector } from './image-collector.ts'
import type { FileSystemFacts } from './thresholds.ts'

const never = new AbortController().signal
const disk = (availableBytes: number, capacityBytes = 10_000_000): FileSystemFacts => ({
  capacityBytes,
  availableBytes,
  inodes: 0,
  inodesFree: 0,
})

const amounts: [string, FileSystemFacts, number][] = [
  ['nothing below 85 %', disk(1_600_000), 0],
  ['from 85 % on what is above 80 %', disk(1_500_000), 500_000],
  ['as upstream rounds, a percent that has begun', disk(1_599_999), 400_001],
  ['all that is above 80 % of a full disk', disk(0), 2_000_000],
  ['nothing of a disk of no size', disk(0, 0), 0],
]
for (const [name, facts, want] of amounts) test(`bytesToFree(): ${name}`, () => assert.equal(bytesToFree(facts), want))

/** Images of 1,000,000 bytes each. */
function shelf(isPulled: (image: Image) => boolean = () => true) {
  const images = new FakeRuntime({ clock: systemClock })
  const given = { now: 0, used: [''], stuck: '' }
  const collector = new ImageCollector({
    runtime: {
      listContainers: async () => given.used.map(usingImage),
      listImages: () => images.listImages(),
      async removeImage(id) {
        if (id === given.stuck) throw new Error('the disk fails')
        await images.removeImage(id)
      },
    },
    isPulled,
    clock: { ...systemClock, monotonic: () => given.now },
    log: silentLogger,
  })
  const add = (name: string) => images.addImage(`r.example/${name}:1`)
  return { given, collector, add, names: async () => (await images.listImages()).map(({ repoTags }) => repoTags[0]?.at(-3)) }
}

function usingImage(name: string): ContainerSummary {
  return {
    id: name,
    podSandboxId: '',
    metadata: { name, attempt: 0 },
    image: { image: `r.example/${name}:1` },
    imageRef: '',
    state: 'CONTAINER_EXITED',
    createdAt: '0',
    labels: {},
    annotations: {},
  }
}

test('ImageCollector removes the longest unused first, and as much as required', async () => {
  const { given, collector, add, names } = shelf()
  for (const name of ['a', 'b', 'c', 'd']) add(name)
  given.used = ['a', 'd']
  assert.equal(await collector.collect(disk(5_000_000), never), undefined)
  given.now = 1000
  given.used = ['b', 'd']
  await collector.collect(disk(5_000_000), never)
  given.now = 2000
  given.used = ['d']
  // "c" was never used, and "a" before "b".
  assert.deepEqual(await collector.collect(disk(500_000), never), { wantedBytes: 1_500_000, freedBytes: 2_000_000 })
  assert.deepEqual(await names(), ['b', 'd'])
  assert.deepEqual(await collector.collect(disk(0), never), { wantedBytes: 2_000_000, freedBytes: 1_000_000 })
  assert.deepEqual(await names(), ['d'])
})

test('ImageCollector keeps an image for two minutes after its pull', async () => {
  const { given, collector, add, names } = shelf()
  await collector.collectAll(never)
  add('n')
  await collector.collectAll(never)
  given.now = 119_999
  await collector.collectAll(never)
  assert.deepEqual(await names(), ['n'])
  given.now = 120_000
  await collector.collectAll(never)
  assert.deepEqual(await names(), [])
})

test('ImageCollector skips images that were not pulled or are pinned, and continues if one removal fails', async () => {
  const { given, collector, add, names } = shelf(({ repoTags }) => repoTags[0] !== 'r.example/k:1')
  add('k')
  add('p').pinned = true
  given.stuck = add('s').id
  add('g')
  await collector.collectAll(never)
  assert.deepEqual(await names(), ['k', 'p', 's'])
})
