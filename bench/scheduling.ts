// Binds a second with many nodes: `node bench/scheduling.ts NODES PODS [agents]`. Server, scheduler and, if requested, the agents of simulated
// nodes run in this process; the pods exist before the scheduler starts.
import type { Node, Pod } from '../src/api/types/core-v1.ts'
import { inParallel } from '../src/base/async/in-parallel.ts'
import { systemClock } from '../src/base/clock.ts'
import { silentLogger } from '../src/base/log.ts'
import { createRegistry } from '../src/base/metrics/metrics.ts'
import { Client } from '../src/client/client.ts'
import { configMaps, nodes, pods, serviceAccounts } from '../src/client/resources.ts'
import { bootstrap } from '../src/cluster/bootstrap/bootstrap.ts'
import { openControlPlane } from '../src/cluster/control-plane.ts'
import { runSimulatedNode } from '../src/node/simulated-node.ts'
import { runScheduler } from '../src/scheduler/run-scheduler.ts'
import { createMemorySigner } from '../src/signer/memory-signer.ts'
import { createMemoryStore } from '../src/store/memory.ts'

const [nodeCount, podCount, agents] = [Number(process.argv[2] ?? 100), Number(process.argv[3] ?? 3000), process.argv[4] === 'agents']
const stop = new AbortController()
const { signal } = stop
const common = { clock: systemClock, log: silentLogger }
const store = createMemoryStore(common)
const signer = createMemorySigner(common)
const server = await openControlPlane({
  ...{
    ...common,
    store,
    signer,
    signal,
    profile: 'secure' as const,
    serviceCidr: '10.96.0.0/16',
    metrics: createRegistry(),
    offline: true,
  },
  audit: { record: () => undefined },
})
await bootstrap({ server, store, signer, namespaceDefaults: false, signal })
const clientOf = (name: string, ...groups: string[]) =>
  new Client(server.transportFor({ name, groups: [...groups, 'system:authenticated'] }))
const admin = clientOf('admin', 'system:masters')

const allocatable = { cpu: '16', memory: '64Gi', pods: '110', 'ephemeral-storage': '100Gi' }
const nodeOf = (name: string): Node => ({
  ...{ metadata: { name, labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux' } }, spec: {} },
  status: { allocatable, capacity: allocatable, conditions: [{ type: 'Ready', status: 'True' }] },
})
const rangeOf = (index: number) => `10.${index >> 8}.${index & 255}.0/24`
const names = Array.from({ length: nodeCount }, (_, index) => `node-${index}`)
await inParallel(names, 32, async name => {
  if (!agents) return void (await admin.create(nodes, '', nodeOf(name), signal))
  const index = names.indexOf(name)
  const transport = server.transportFor({ name: `system:node:${name}`, groups: ['system:nodes', 'system:authenticated'] })
  const delays = { sandbox: 0, pull: 0, start: 0 }
  const podRange = rangeOf(index)
  await new Promise<void>((onReady, onFailure) => {
    void runSimulatedNode(
      { ...common, transport, name, cpus: 16, random: Math.random, delays, podRange, onReady: () => onReady() },
      signal,
    ).catch(onFailure)
  })
})
// As controllers do: the first taint goes, and the range of its pods is the node's.
await inParallel(names, 32, async name => {
  const range = rangeOf(names.indexOf(name))
  const spec = { taints: null, ...(agents ? { podCIDR: range, podCIDRs: [range] } : {}) }
  await admin.patch(nodes, '', name, { spec }, { type: 'merge' }, signal)
})
await admin.create(serviceAccounts, 'default', { metadata: { name: 'default' } }, signal)
// Pods mount it.
await admin.create(configMaps, 'default', { metadata: { name: 'kube-root-ca.crt' }, data: { 'ca.crt': 'of no cluster' } }, signal)
const podOf = (index: number): Pod => ({
  metadata: { name: `pod-${index}`, labels: { app: `app-${index % 100}` } },
  spec: {
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        ...{ name: 'c', image: 'registry.example/app:1' },
        resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '100m', memory: '64Mi' } },
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
  },
})
const began = performance.now()
await inParallel(
  Array.from({ length: podCount }, (_, index) => index),
  64,
  async index => void (await admin.create(pods, 'default', podOf(index), signal)),
)
console.log(`${podCount} pods created in ${((performance.now() - began) / 1000).toFixed(1)} s`)

const start = performance.now()
const before = process.cpuUsage()
/** Milliseconds from the start to the binding, and to Running with agents, by pod. */
const [boundAt, runningAt] = [new Map<string, number>(), new Map<string, number>()]
const all = Promise.withResolvers<void>()
const note = (times: Map<string, number>, name: string, what: string) => {
  if (times.has(name)) return
  times.set(name, performance.now() - start)
  if (times.size % Math.ceil(podCount / 5) === 0)
    console.log(`${times.size} ${what} after ${((performance.now() - start) / 1000).toFixed(1)} s`)
  if (boundAt.size === podCount && (!agents || runningAt.size === podCount)) all.resolve()
}
store
  .collection({ groupResource: 'pods' })
  .watch({ after: store.revision })
  .onEvents(changes => {
    for (const { event } of changes) {
      const pod = event.entry.object as Pod
      if (pod.spec.nodeName !== undefined) note(boundAt, event.entry.name, 'bound')
      if (pod.status?.phase === 'Running') note(runningAt, event.entry.name, 'running')
    }
  })
void runScheduler({ ...common, client: clientOf('system:kube-scheduler'), random: Math.random }, signal)
await all.promise
const { user, system } = process.cpuUsage(before)
const rate = (times: Map<string, number>) => Math.round((podCount * 1000) / Math.max(...times.values()))
console.log(
  [
    `${nodeCount} nodes: ${rate(boundAt)} binds/s`,
    ...(agents ? [`${rate(runningAt)} pods running/s`] : []),
    `${((user + system) / 1000 / podCount).toFixed(2)} ms of processor a pod`,
    `${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`,
  ].join(', '),
)
process.exit(0)
