// Measures the store alone: durable writes, reads, lists, fan-out, start-up. Some seconds; one line per figure.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../src/base/clock.ts'
import { silentLogger } from '../src/base/log.ts'
import { noEtcd, startEtcd } from '../src/store/etcd/etcd.testing.ts'
import { openEtcdStore } from '../src/store/etcd/etcd-store.ts'
import { createMemoryStore } from '../src/store/memory.ts'
import { testSealer } from '../src/store/records/sealer.testing.ts'
import { openSqliteStore } from '../src/store/sqlite/sqlite-store.ts'
import type { Collection, Store } from '../src/store/store.ts'

const directory = await mkdtemp(join(process.argv[2] ?? tmpdir(), 'bulkhead-bench-'))
const open = (name: string) =>
  openSqliteStore({ directory: join(directory, name), sealer: testSealer(), clock: systemClock, log: silentLogger })

const report = (title: string, value: number, unit: string) =>
  console.log(`${title.padEnd(44)} ${Math.round(value).toLocaleString('en').padStart(12)} ${unit}`)

/** A ConfigMap of about `size` bytes. */
function configMap(name: string, size: number, seed: number) {
  const labels = { app: `a${seed % 50}`, tier: 'bench' }
  const data: Record<string, string> = {}
  for (let i = 0; i * 100 < size - 200; i++) data[`key-${i}`] = `${seed}-${'x'.repeat(80)}`
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default', uid: `uid-${name}`, labels }, data }
}

async function writes(collection: Collection, inFlight: number, ms: number, size: number): Promise<number> {
  const end = performance.now() + ms
  let count = 0
  const began = performance.now()
  const writer = async (id: number): Promise<void> => {
    const name = `w${id}`
    for (let i = 0; performance.now() < end; i++) {
      await collection.write({ namespace: 'default', name, expected: collection.newest('default', name), object: configMap(name, size, i) })
      count++
      // A request between two writes takes a turn of the event loop.
      await new Promise(resolve => setImmediate(resolve))
    }
  }
  await Promise.all(Array.from({ length: inFlight }, (_, id) => writer(id)))
  return (count * 1000) / (performance.now() - began)
}

async function fill(store: Store, groupResource: string, count: number, size: number): Promise<Collection> {
  const collection = store.collection({ groupResource })
  for (let i = 0; i < count; i += 1000) {
    const group = Array.from({ length: Math.min(1000, count - i) }, (_, k) => `o${i + k}`)
    await Promise.all(
      group.map((name, k) => collection.write({ namespace: 'default', name, expected: undefined, object: configMap(name, size, i + k) })),
    )
  }
  return collection
}

function perSecond(ms: number, act: () => number): number {
  const began = performance.now()
  let count = 0
  while (performance.now() - began < ms) count += act()
  return (count * 1000) / (performance.now() - began)
}

async function durableWrites(): Promise<void> {
  await using store = await open('writes')
  const collection = store.collection({ groupResource: 'configmaps' })
  await reportWrites('durable writes', collection)
}

/** On a member of its own, on the same disk. */
async function etcdWrites(): Promise<void> {
  if (noEtcd !== false) return console.log(noEtcd)
  await using etcd = await startEtcd()
  const identity = { id: 'bench', address: 'https://127.0.0.1' }
  const common = { sealer: testSealer(), clock: systemClock, log: silentLogger }
  await using store = await openEtcdStore({ etcd, cluster: 'bench', identity, ...common })
  const collection = store.collection({ groupResource: 'configmaps' })
  await reportWrites('etcd: writes', collection)
}

async function reportWrites(title: string, collection: Collection): Promise<void> {
  await writes(collection, 32, 500, 1000)
  report(`${title}, 1 KB, 32 in flight`, await writes(collection, 32, 3000, 1000), '/s')
  report(`${title}, 1 KB, 128 in flight`, await writes(collection, 128, 1000, 1000), '/s')
  report(`${title}, 1 KB, one at a time`, await writes(collection, 1, 1000, 1000), '/s')
  report(`${title}, 4 KB, 32 in flight`, await writes(collection, 32, 2000, 4000), '/s')
}

async function reads(): Promise<void> {
  await using store = createMemoryStore()
  const collection = await fill(store, 'configmaps', 10_000, 1000)
  let next = 0
  report(
    'gets',
    perSecond(500, () => Number(collection.get('default', `o${next++ % 10_000}`) !== undefined)),
    '/s',
  )
  report(
    'lists of 10,000',
    perSecond(500, () => Number(collection.list({}).entries.length === 10_000)),
    '/s',
  )
  report(
    'lists of a page of 500',
    perSecond(500, () => Number(collection.list({ limit: 500 }).more)),
    '/s',
  )
  const selection = { exactLabels: [['app', 'a7']] as const, matches: () => true }
  report(
    'lists of 200 in 10,000 by label',
    perSecond(500, () => Number(collection.list({ selection }).entries.length === 200)),
    '/s',
  )
}

async function fanOut(): Promise<void> {
  await using store = createMemoryStore()
  const collection = store.collection({ groupResource: 'configmaps' })
  let seen = 0
  for (let i = 0; i < 500; i++) {
    collection.watch({ after: store.revision }).onEvents(events => {
      for (const { type, event } of events) seen += Number(event.frame(type).length > 0)
    })
  }
  for (let i = 0; i < 5000; i++)
    collection.watch({ after: store.revision, namespace: 'default', name: `other${i}` }).onEvents(() => undefined)
  await writes(collection, 8, 300, 1000)
  seen = 0
  const began = performance.now()
  await writes(collection, 8, 1000, 1000)
  report('events to 500 watchers (and 5,000 of one name)', (seen * 1000) / (performance.now() - began), '/s')
}

async function startUp(): Promise<void> {
  {
    await using store = await open('start')
    await fill(store, 'configmaps', 100_000, 1000)
  }
  const began = performance.now()
  await using store = await open('start')
  const collection = store.collection({ groupResource: 'configmaps' })
  report(`start-up with ${collection.size.toLocaleString('en')} objects of 1 KB`, performance.now() - began, 'ms')
  report('resident memory then', process.memoryUsage().rss / 2 ** 20, 'MiB')
}

const parts: Record<string, () => Promise<void>> = { writes: durableWrites, etcd: etcdWrites, reads, watch: fanOut, start: startUp }
try {
  const wanted = process.argv.slice(3)
  for (const [name, part] of Object.entries(parts)) if (wanted.length === 0 || wanted.includes(name)) await part()
} finally {
  await rm(directory, { recursive: true })
}
