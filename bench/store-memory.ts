// The memory of large objects: ConfigMaps of 1 MiB are written, changed, listed and loaded again, with their bytes in files and for comparison all in memory.
// Run with `node bench/store-memory.ts [COUNT] [DIRECTORY]`; 400 by default, which take some 15 s. What is resident is as in a cluster with the
// environment of its parts: MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=131072 MALLOC_TRIM_THRESHOLD_=4194304.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../src/base/clock.ts'
import { silentLogger } from '../src/base/log.ts'
import { collectGarbage } from '../src/base/v8/collect-garbage.ts'
import { testSealer } from '../src/store/records/sealer.testing.ts'
import { openSqliteStore, type SqliteStoreOptions } from '../src/store/sqlite/sqlite-store.ts'
import type { Store } from '../src/store/store.ts'
import { residentOf } from './process-memory.ts'

const [count = '400', parent = tmpdir()] = process.argv.slice(2)
const mebibyte = 2 ** 20
const maps = { groupResource: 'configmaps' }

const modes: readonly (readonly [string, SqliteStoreOptions['large']])[] = [
  ['in files', undefined],
  ['in memory', { fromBytes: Number.POSITIVE_INFINITY }],
]
for (const [title, large] of modes) {
  const directory = await mkdtemp(join(parent, 'bulkhead-bench-'))
  const open = () => openSqliteStore({ directory, sealer: testSealer(), clock: systemClock, log: silentLogger, large })
  try {
    await report(`${title}: nothing`, undefined)
    {
      await using store = await open()
      await report(`${title}: opened`, store)
      for (let i = 0; i < Number(count); i++) await write(store, `m${i}`, 0)
      await report(`${title}: ${count} written`, store)
      for (let i = 0; i < Number(count); i += 2) await write(store, `m${i}`, 1)
      await report(`${title}: half of them changed`, store)
      let bytes = 0
      for (const entry of store.collection(maps).list({}).entries) {
        bytes += entry.bytes.length
        // As a list that is sent waits for its reader.
        await new Promise(resolve => setImmediate(resolve))
      }
      await report(`${title}: all read (${Math.round(bytes / mebibyte)} MiB)`, store)
    }
    await using store = await open()
    await report(`${title}: opened again`, store)
  } finally {
    await rm(directory, { recursive: true })
  }
}

async function write(store: Store, name: string, version: number): Promise<void> {
  const collection = store.collection(maps)
  const object = { metadata: { name, namespace: 'default' }, data: { text: String(version).repeat(mebibyte - 200) } }
  await collection.write({ namespace: 'default', name, expected: collection.newest('default', name), object })
}

async function report(title: string, store: Store | undefined): Promise<void> {
  for (let round = 0; round < 3; round++) {
    collectGarbage()
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  const { arrayBuffers } = process.memoryUsage()
  const figures = [residentOf(process.pid), arrayBuffers / mebibyte, (store?.status().bytes ?? 0) / mebibyte]
  console.log(
    title.padEnd(44),
    ...['resident', 'buffers', 'on disk'].map((name, i) => `${name} ${Math.round(figures[i] ?? 0)} MiB`.padEnd(22)),
  )
}
