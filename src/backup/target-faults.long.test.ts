import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fillFrom, smallDisk, whyNoSmallDisk } from '../base/testing/small-disk.testing.ts'
import { until } from '../base/testing/wait-until.testing.ts'
import { configMaps } from '../client/resources.ts'
import { startBackups } from './backup.testing.ts'
import { readChain } from './chain.ts'
import { MemoryTarget } from './memory-target.testing.ts'
import { planRestore } from './restore-plan.ts'
import { TargetBackups } from './target-backups.ts'
import { openFolderTarget } from './targets/folder-target.ts'

test('a target that refuses writes is named, and gets everything once it takes them again', async () => {
  const target = new MemoryTarget()
  await using all = await startBackups({ open: async () => target })
  const { cluster, backups, signal, key } = all
  await until(() => backups.state.problem === undefined, 'the first backup')
  target.failure = 'it is full'
  const made = await cluster.client.create(configMaps, 'default', { metadata: { name: 'late' }, data: {} }, signal)
  await assert.rejects(backups.request(false, undefined), /Cannot write ".*" in the memory: it is full/)
  await until(() => /it is full/.test(backups.state.problem ?? ''), 'the fault')
  target.failure = undefined
  await until(() => backups.state.problem === undefined, 'the next backup')
  const plan = planRestore(await readChain(target, { key }, signal), { revision: Number(made.metadata.resourceVersion) })
  assert.equal(plan.revision, Number(made.metadata.resourceVersion))
})

test('while backups are stopped the cluster takes writes and reads, and the next start stores what was written meanwhile', async () => {
  const target = new MemoryTarget()
  await using all = await startBackups({ open: async () => target })
  const { cluster, backups, signal, key, options } = all
  await until(() => backups.state.problem === undefined, 'the first backup')
  await all.stopBackups()
  const names = [...target.files.keys()]
  const made = await cluster.client.create(configMaps, 'default', { metadata: { name: 'meanwhile' }, data: {} }, signal)
  await cluster.client.delete(configMaps, 'default', 'meanwhile', {}, signal)
  const { metadata } = await cluster.client.create(configMaps, 'default', { metadata: { name: 'stays' }, data: {} }, signal)
  assert.equal((await cluster.client.get(configMaps, 'default', 'stays', signal)).metadata.uid, metadata.uid)
  assert.deepEqual([...target.files.keys()], names)
  const restarted = new TargetBackups(options)
  const stop = new AbortController()
  const running = restarted.run(stop.signal)
  try {
    const newest = Number(metadata.resourceVersion)
    await until(() => restarted.state.problem === undefined && restarted.state.revision >= newest, 'the next backup')
    const chain = await readChain(target, { key }, signal)
    for (const revision of [Number(made.metadata.resourceVersion), newest])
      assert.equal(planRestore(chain, { revision }).revision, revision)
  } finally {
    stop.abort(new Error('The test has ended'))
    await running
  }
})

test('two backups at once: the second one is refused', async () => {
  await using all = await startBackups()
  const { backups } = all
  await until(() => backups.state.problem === undefined, 'the first backup')
  const first = backups.request(false, undefined)
  await assert.rejects(backups.request(false, undefined), { name: 'UserError', message: /Another backup to target "here" is running/ })
  assert.ok((await first).link.number > 1)
})

test('a full disk under the target is named, and leaves no part of a file', { skip: whyNoSmallDisk }, async t => {
  const disk = smallDisk(t, 4 * 1024 * 1024)
  await using target = await openFolderTarget(disk)
  const free = fillFrom(disk)
  const { signal } = new AbortController()
  const name = `packs/${'a'.repeat(64)}.age`
  await assert.rejects(target.put(name, Buffer.alloc(1_000_000), signal), /it is full: free some space, or keep fewer backups/)
  free()
  await target.put(name, Buffer.alloc(1_000_000), signal)
  assert.deepEqual(await target.list('packs', signal), [name])
})

test('a target that was emptied while the cluster knows its backups is not filled silently', async () => {
  const target = new MemoryTarget()
  await using all = await startBackups({ open: async () => target })
  const { backups } = all
  await until(() => backups.state.problem === undefined, 'the first backup')
  target.failure = 'gone'
  await assert.rejects(backups.request(true, undefined))
  target.files.clear()
  target.failure = undefined
  await until(() => /The newest backup is missing: the memory holds no backup/.test(backups.state.problem ?? ''), 'the alarm')
})
