// One run of everything on one built tree, each time in fresh processes with a fresh data directory.
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { bareNode } from './bare-server.ts'
import { stopStores } from './bench-store.ts'
import { checkCommand } from './check-command.ts'
import { startChild } from './child.ts'
import { ClusterProcess } from './cluster-process.ts'
import { openNamespace } from './load/bench-namespace.ts'
import { Connections } from './load/connections.ts'
import { IdleWatches } from './load/idle-watches.ts'
import { createLarge, readLarge } from './load/large-list.ts'
import { createMany } from './load/many-objects.ts'
import { quantile } from './load/measure.ts'
import type { Values } from './load/workloads.ts'
import { memoryOf, type ProcessMemory, residentOf } from './process-memory.ts'
import { restrictedPod, runningPod } from './running-pod.ts'

export interface RunOptions {
  /** Folder with bin/ and dist/. */
  readonly tree: string
  readonly workloads: readonly string[]
  /** Whether to start containers too; needs root and containerd. */
  readonly containers: boolean
  /** Called with the next step. */
  onStep(step: string): void
}

/** After the start the heap still settles; only the settled size counts. */
const settleMs = 3_000
/** Workloads whose figures are taken here, beside the server's memory. */
export const measuredHere: readonly string[] = ['idle-watches', 'large-list', 'many-objects']
const controlPlaneOnly = ['--control-plane-only']
const probed = ['list', 'list-consistent', 'list-paged', 'selector', 'watch']

export async function runOnce({ tree, workloads, containers, onStep }: RunOptions): Promise<Values> {
  const directory = mkdtempSync(join(tmpdir(), 'bulkhead-bench-'))
  // Parts that root starts run as users of their own and have to walk through it.
  chmodSync(directory, 0o711)
  try {
    onStep(`control plane under load (${workloads.length} workloads)`)
    const values = await controlPlane(tree, join(directory, 'control-plane'), workloads)
    onStep('a bare server of Node, to compare with')
    Object.assign(values, await bareNode(workloads, directory))
    onStep('100,000 objects, library and check')
    if (workloads.includes('many-objects')) Object.assign(values, await many(tree, join(directory, 'many-objects')))
    Object.assign(values, await startChild(new URL('library-process.ts', import.meta.url), { library: join(tree, 'dist/index.js') }).output)
    Object.assign(values, checkCommand(tree))
    if (containers) onStep('a node with containers')
    if (containers) Object.assign(values, await nodeOrWhyNot(tree, join(directory, 'node')))
    return values
  } finally {
    await stopStores()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function controlPlane(tree: string, dataDirectory: string, workloads: readonly string[]): Promise<Values> {
  const values: Values = {}
  {
    await using cold = await ClusterProcess.start(tree, dataDirectory, controlPlaneOnly)
    values['start.cold'] = cold.readySeconds
  }
  {
    await using cluster = await ClusterProcess.start(tree, dataDirectory, controlPlaneOnly)
    values['start.warm'] = cluster.readySeconds
    Object.assign(values, await underLoad(cluster, workloads))
  }
  if (workloads.length > 0) Object.assign(values, await startedAgain(tree, dataDirectory, workloads))
  return values
}

async function startedAgain(tree: string, dataDirectory: string, workloads: readonly string[]): Promise<Values> {
  const values: Values = {}
  await using cluster = await ClusterProcess.start(tree, dataDirectory, controlPlaneOnly)
  if (workloads.includes('pod')) {
    values['start.after'] = cluster.readySeconds
    await delay(settleMs)
    values['memory.restart'] = serverRss(cluster)
  }
  if (workloads.includes('idle-watches')) Object.assign(values, await idle(cluster))
  if (workloads.includes('large-list')) Object.assign(values, await large(cluster))
  return values
}

async function underLoad(cluster: ClusterProcess, workloads: readonly string[]): Promise<Values> {
  const values: Values = {}
  await delay(settleMs)
  values['memory.server'] = serverRss(cluster)
  Object.assign(values, allParts(cluster, 'memory.parts', 'memory.parts.pss'))
  const load = (ids: readonly string[]) =>
    startChild(new URL('load/load-process.ts', import.meta.url), { credentials: cluster.credentials, workloads: ids }).output
  // All by one client, as that of the reference does it: a fresh one would compile its own code while it measures.
  Object.assign(values, await load(workloads))
  const reads = workloads.filter(id => probed.includes(id))
  if (reads.length > 0) {
    // Beside the probe, whose requests would count above, the same work once more.
    const probe = startChild(new URL('load/probe-process.ts', import.meta.url), cluster.credentials)
    await load(reads)
    probe.stop()
    const { p999 } = (await probe.output) as { p999: number }
    values['probe.p999'] = p999
  }
  if (workloads.length > 0) values['memory.after'] = serverRss(cluster)
  return values
}

const idleWatches = 10_000

/** Here and not in a process of the load: the memory is read in between. */
async function idle(cluster: ClusterProcess): Promise<Values> {
  using connections = await Connections.open(cluster.credentials, 1)
  await openNamespace(connections)
  await delay(settleMs)
  const before = serverRss(cluster)
  using watches = await IdleWatches.open(cluster.credentials, idleWatches)
  await delay(settleMs)
  const memory = serverRss(cluster) - before
  const latencies = await watches.event()
  return { 'idle-watches.memory': memory, 'idle-watches.p99': quantile(latencies, 0.99) }
}

const largeObjects = 1000
/** Memory is looked at so often while the list runs. */
const lookMs = 10

async function large(cluster: ClusterProcess): Promise<Values> {
  using connections = await Connections.open(cluster.credentials, 4)
  await openNamespace(connections)
  await createLarge(connections, largeObjects)
  await delay(settleMs)
  const { pid } = serverOf(cluster)
  const before = residentOf(pid)
  let most = before
  const timer = setInterval(() => {
    most = Math.max(most, residentOf(pid))
  }, lookMs)
  try {
    const seconds = await readLarge(connections, largeObjects * 1_000_000)
    return { 'large-list': seconds, 'large-list.memory': most - before }
  } finally {
    clearInterval(timer)
  }
}

/** In a cluster of its own: objects of other workloads would count at its restart. */
async function many(tree: string, dataDirectory: string): Promise<Values> {
  const values: Values = {}
  {
    await using cluster = await ClusterProcess.start(tree, dataDirectory, controlPlaneOnly)
    using connections = await Connections.open(cluster.credentials, 4)
    await openNamespace(connections)
    values['many-objects'] = await createMany(connections)
  }
  await using again = await ClusterProcess.start(tree, dataDirectory, controlPlaneOnly)
  values['many-objects.restart'] = again.readySeconds
  return values
}

function allParts({ pid }: ClusterProcess, rssId: string, pssId: string): Values {
  const memory = memoryOf(pid)
  for (const { name, rss, pss } of memory) console.error(`  ${name.padEnd(12)} RSS ${rss.toFixed(0)} MB, PSS ${pss.toFixed(0)} MB`)
  return { [rssId]: memory.reduce((sum, { rss }) => sum + rss, 0), [pssId]: memory.reduce((sum, { pss }) => sum + pss, 0) }
}

function serverRss(cluster: ClusterProcess): number {
  return serverOf(cluster).rss
}

function serverOf({ pid }: ClusterProcess): ProcessMemory {
  const server = memoryOf(pid).find(({ name }) => name === 'server')
  if (server === undefined) throw new Error('the server is not running')
  return server
}

/** A machine has one real node: if another cluster runs here, the other figures must not be lost. */
async function nodeOrWhyNot(tree: string, dataDirectory: string): Promise<Values> {
  try {
    return await node(tree, dataDirectory)
  } catch (err) {
    console.error('no figures with a real node:', err)
    return {}
  }
}

/** All parts with a real node: their memory, and how soon a pod runs whose image is there. */
async function node(tree: string, dataDirectory: string): Promise<Values> {
  await using cluster = await ClusterProcess.start(tree, dataDirectory, [])
  await delay(settleMs)
  const values = allParts(cluster, 'node.memory.rss', 'node.memory')
  using connections = await Connections.open(cluster.credentials, 1)
  const path = '/api/v1/namespaces/default/pods'
  const began = performance.now()
  const { status, body } = await connections.request('POST', path, JSON.stringify(restrictedPod('bulkhead.local/busybox:1')))
  if (status !== 201) throw new Error(`the pod was answered ${status}: ${body}`)
  await runningPod(
    async () => JSON.parse((await connections.request('GET', `${path}/first`)).body.toString()) as unknown,
    AbortSignal.timeout(60_000),
  )
  values['node.running'] = (performance.now() - began) / 1000
  await connections.request('DELETE', `${path}/first?gracePeriodSeconds=0`)
  while ((await connections.request('GET', `${path}/first`)).status === 200) await delay(20)
  return values
}

export function canRunContainers(): boolean {
  return process.getuid?.() === 0 && ['/usr/bin/containerd', '/usr/local/bin/containerd'].some(path => existsSync(path))
}
