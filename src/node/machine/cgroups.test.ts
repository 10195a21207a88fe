import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { systemClock as clock } from '../../base/clock.ts'
import { remount, smallDisk, whyNoSmallDisk } from '../../base/testing/small-disk.testing.ts'
import {
  containerSettings,
  cpuWeight,
  createPodCgroup,
  detectCgroups,
  groupUsage,
  limitNodeCgroup,
  membersOf,
  removeCgroup,
} from './cgroups.ts'

/** Folders and files as in the kernel; writes can be read back. */
async function tree(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'cgroups-'))
  t.after(() => rm(root, { recursive: true, force: true }))
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(root, path, '..'), { recursive: true })
    await writeFile(join(root, path), text)
  }
  return root
}

const v1 = { 'cpu/cgroup.procs': '', 'memory/cgroup.procs': '', 'pids/cgroup.procs': '', 'systemd/cgroup.procs': '' }
const v2 = { 'cgroup.controllers': 'cpuset cpu io memory hugetlb pids\n', 'cgroup.procs': '' }

const machines: [name: string, files: Readonly<Record<string, string>>, want: string | RegExp][] = [
  ['v1', v1, 'v1'],
  ['v1 with an empty unified tree beside it', { ...v1, 'unified/cgroup.controllers': '' }, 'v1'],
  ['v2', v2, 'v2'],
  ['v2 without pids', { 'cgroup.controllers': 'cpu memory\n' }, /^Error: Cannot run pods: this machine has no cgroup controller "pids"$/],
  ['v1 without memory and pids', { 'cpu/cgroup.procs': '' }, /no cgroup controller "memory", "pids"$/],
  [
    'v1 with an ordinary folder in place of a hierarchy',
    { 'cpu/cgroup.procs': '', 'memory/cgroup.procs': '', 'pids/x': '' },
    /no cgroup controller "pids"$/,
  ],
  ['nothing mounted', { x: '' }, /no cgroup controller "cpu", "memory", "pids"$/],
]
for (const [name, files, want] of machines) {
  test(`detectCgroups(): ${name}`, async t => {
    const root = await tree(t, files)
    if (typeof want === 'string') assert.equal(await detectCgroups(root), want)
    else await assert.rejects(detectCgroups(root), want)
  })
}

const limits = { cpuShares: 512, cpuQuota: 50_000, memoryBytes: 1 << 20, pids: 100 }
const path = '/bulkhead-x/burstable/podu1'

async function written(root: string, folder: string): Promise<Record<string, string>> {
  const names = (await readdir(join(root, folder), { withFileTypes: true })).filter(entry => entry.isFile()).map(({ name }) => name)
  return Object.fromEntries(await Promise.all(names.map(async name => [name, await readFile(join(root, folder, name), 'utf8')] as const)))
}

test('createPodCgroup() writes each limit into its hierarchy of v1', async t => {
  const root = await tree(t, v1)
  await createPodCgroup('v1', path, limits, root)
  assert.deepEqual(await written(root, `cpu${path}`), { 'cpu.shares': '512', 'cpu.cfs_period_us': '100000', 'cpu.cfs_quota_us': '50000' })
  assert.deepEqual(await written(root, `memory${path}`), { 'memory.limit_in_bytes': '1048576' })
  assert.deepEqual(await written(root, `pids${path}`), { 'pids.max': '100' })
})

test('createPodCgroup() enables the controllers for children and writes the limits of v2', async t => {
  const root = await tree(t, v2)
  await createPodCgroup('v2', path, limits, root)
  for (const parent of ['', 'bulkhead-x', 'bulkhead-x/burstable'])
    assert.equal(await readFile(join(root, parent, 'cgroup.subtree_control'), 'utf8'), '+cpu +memory +pids')
  const files = await written(root, path)
  assert.deepEqual(files, { 'cpu.weight': '20', 'cpu.max': '50000 100000', 'memory.max': '1048576', 'pids.max': '100' })
})

test('createPodCgroup() writes no limit if there is none', async t => {
  const root = await tree(t, { ...v2, ...v1 })
  await createPodCgroup('v2', path, { cpuShares: 2, pids: 7 }, root)
  assert.deepEqual(await written(root, path), { 'cpu.weight': '1', 'pids.max': '7' })
  await createPodCgroup('v1', path, { cpuShares: 2, pids: 7 }, root)
  assert.deepEqual(await written(root, `cpu${path}`), { 'cpu.shares': '2' })
  assert.deepEqual(await written(root, `memory${path}`), {})
})

test('cpuWeight() spans the whole range', () => {
  assert.deepEqual([2, 1024, 262_144].map(cpuWeight), [1, 39, 10_000])
})

test('containerSettings() forbids swap and killing only part of a container on v2, if the kernel supports it', async t => {
  const accounts = await tree(t, { ...v2, 'bulkhead-x/memory.swap.max': 'max' })
  assert.deepEqual(await containerSettings('v2', '/bulkhead-x', accounts), { 'memory.oom.group': '1', 'memory.swap.max': '0' })
  assert.deepEqual(await containerSettings('v2', '/bulkhead-x', await tree(t, v2)), { 'memory.oom.group': '1' })
  assert.deepEqual(await containerSettings('v1', '/bulkhead-x', await tree(t, v1)), {})
})

test('removeCgroup() removes the cgroup from every hierarchy, and nothing else', async t => {
  const signal = AbortSignal.timeout(60_000)
  const hierarchies = ['cpu', 'memory', 'pids', 'systemd']
  const old = await tree(t, v1)
  for (const name of hierarchies) {
    await mkdir(join(old, name, path, 'container'), { recursive: true })
    await mkdir(join(old, name, 'other'))
  }
  await removeCgroup('/bulkhead-x', clock, signal, old)
  for (const name of hierarchies) assert.deepEqual((await readdir(join(old, name))).sort(), ['cgroup.procs', 'other'])
  const unified = await tree(t, v2)
  await mkdir(join(unified, path, 'container'), { recursive: true })
  await removeCgroup('/bulkhead-x', clock, signal, unified)
  assert.deepEqual((await readdir(unified)).sort(), ['cgroup.controllers', 'cgroup.procs'])
  await removeCgroup('/bulkhead-x', clock, signal, unified)
})

test('removeCgroup() passes a hierarchy that is not mounted, whose folder is read-only', { skip: whyNoSmallDisk }, async t => {
  const root = smallDisk(t, 1 << 20)
  await mkdir(join(root, 'hugetlb'))
  remount(root, 'ro')
  await removeCgroup('/bulkhead-x', clock, AbortSignal.timeout(10_000), root)
})

test('membersOf() never returns a process group or init', () => {
  assert.deepEqual(membersOf('12\n0\n1\n345\n'), [12, 345])
  assert.deepEqual(membersOf(''), [])
})

const together = { memoryBytes: 1 << 30, pids: 1000 }
test('limitNodeCgroup() limits all pods together on v1', async t => {
  const root = await tree(t, v1)
  await limitNodeCgroup('v1', '/bulkhead-x', together, root)
  assert.deepEqual(await written(root, 'memory/bulkhead-x'), { 'memory.limit_in_bytes': String(1 << 30) })
  assert.deepEqual(await written(root, 'pids/bulkhead-x'), { 'pids.max': '1000' })
})

test('limitNodeCgroup() limits all pods together on v2', async t => {
  const root = await tree(t, v2)
  await limitNodeCgroup('v2', '/bulkhead-x', together, root)
  assert.deepEqual(await written(root, 'bulkhead-x'), { 'memory.max': String(1 << 30), 'pids.max': '1000' })
})

test('groupUsage() reads the working set and the processes of a cgroup, on v1 and v2, and undefined if it was removed', async t => {
  const one = await tree(t, {
    'memory/g/memory.usage_in_bytes': '5000\n',
    'memory/g/memory.stat': 'inactive_file 1\ntotal_inactive_file 2000\n',
    'pids/g/pids.current': '7\n',
  })
  assert.deepEqual(await groupUsage('v1', '/g', one), { workingSetBytes: 3000, pids: 7 })
  const two = await tree(t, { 'g/memory.current': '5000\n', 'g/memory.stat': 'anon 1\ninactive_file 6000\n', 'g/pids.current': '7\n' })
  assert.deepEqual(await groupUsage('v2', '/g', two), { workingSetBytes: 0, pids: 7 })
  assert.equal(await groupUsage('v1', '/gone', one), undefined)
  assert.equal(await groupUsage('v2', '/gone', two), undefined)
})
