import { readFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import type { Node as KubeNode } from '../../api/types/core-v1.ts'
import { nodes, pods, services } from '../../client/resources.ts'
import { floodWithEvents } from '../attacks/limits/event-flood.ts'
import { attackScratchLimits } from '../attacks/limits/scratch-limits.ts'
import { type ClusterSocket, clusterProcesses, clusterSockets } from '../cluster-sockets.ts'
import { accepts, handshake, refusesStrangers, sendPlain, targetOf } from '../dial.ts'
import { inParallel } from '../in-parallel.ts'
import { askRegistry, type OwnRegistry, ownRegistry } from '../own-registry.ts'
import { openPorts } from '../port-scan.ts'
import { outcomeOf, type Proof, type ProofContext, skipped } from '../proof.ts'

/** Ports of kubelets, their health checks, proxies and container engines elsewhere. */
const knownPorts = [10250, 10255, 10248, 10249, 10256, 4194, 2375, 2376, 1338]

export const noNodePort: Proof = {
  id: 'A1',
  long: true,
  title: 'protect the API',
  why: 'Whoever reaches the node could reach a listening agent and bypass authorization, admission and audit of the API server; whoever floods the API server could take it from everybody. containerd needs a streaming listener of its own for exec and port-forward: it may be on loopback only, and speak TLS only',
  attack:
    'List every socket of every process of the cluster, and connect to each of the 65535 ports of the nodes; in a scratch cluster, send requests just beyond each limit, and flood it as one user',
  expected:
    'Nothing listens except the API server, the DNS server, a registry of the cluster that asks for a credential, and an etcd of the cluster that answers nobody without a certificate; each limit answers by itself, and requests of others succeed during the flood',
  whenRed:
    'Find the process that listens (`ss -ltnp`) and stop it; the node agent and containerd of Bulkhead listen on no address that another machine can reach',
  async prove(context, signal) {
    const { clusters, machine, attempts } = context
    const agent = machine.parts.find(({ name }) => name === 'node')
    if (agent === undefined) return skipped('no node agent runs on this machine')
    const sockets = await clusterSockets(machine)
    const registry = await ownRegistry(context.client, signal)
    const [processes, scanned, limits] = await Promise.all([
      clusterProcesses(machine),
      scanNodes(context, sockets, portOf(registry), signal),
      clusters === undefined ? undefined : attackScratchLimits(context, clusters, signal),
      floodWithEvents(context, signal),
      inParallel(sockets, socket => checkSocket(context, socket, { agent: agent.pid, registry }, signal)),
    ])
    const reached =
      limits === undefined ? 'no limit was reached' : `${limits} limits of a scratch cluster reached, others served during a flood`
    return outcomeOf(
      [],
      `${sockets.length} sockets of ${processes.size} processes, each with its reason, by ${attempts.all.length} attempts; ${scanned} ports scanned; ${reached}`,
    )
  },
}

interface Known {
  /** Process id of the node agent. */
  readonly agent: number
  readonly registry: OwnRegistry | undefined
}

/** Of etcd as a part; each of its sockets is attacked by itself. */
const etcdPorts = (sockets: readonly ClusterSocket[]): ReadonlySet<number> =>
  new Set(sockets.filter(({ part }) => part === 'etcd').map(({ port }) => port))

const portOf = (registry: OwnRegistry | undefined): number | undefined =>
  registry?.authority === undefined ? undefined : Number(new URL(`https://${registry.host}`).port)

/** Why the socket may be there; undefined if it may not. */
async function reasonOf(
  { endpoint }: ProofContext,
  socket: ClusterSocket,
  { agent, registry }: Known,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { part, protocol, address, port, loopback, pid, program } = socket
  if (part === 'server' && protocol === 'tcp' && port === targetOf(endpoint.server).port) return 'API server'
  if (part === 'registry-front' && protocol === 'tcp' && registry?.authority !== undefined && port === portOf(registry)) {
    const { status } = await askRegistry(registry, { method: 'GET', path: '/v2/' }, signal)
    return status === 401 ? 'registry, which asks for a credential' : undefined
  }
  if (part === 'etcd' && protocol === 'tcp') {
    return (await refusesStrangers({ host: address, port }, signal))
      ? 'etcd, which answers nobody without a certificate of its authority'
      : undefined
  }
  if (part === 'dns' && address !== '0.0.0.0' && address !== '::') return 'DNS server'
  if (pid === agent || program !== 'containerd' || protocol !== 'tcp' || !loopback) return undefined
  const plain = await sendPlain({ host: address, port }, 'GET / HTTP/1.1\r\nhost: localhost\r\n\r\n', signal)
  if (plain?.startsWith('HTTP/1.1 2')) return undefined
  return (await handshake({ host: address, port }, 'TLSv1.3', signal)) === undefined
    ? undefined
    : 'streams of containerd, on loopback behind TLS'
}

async function checkSocket(context: ProofContext, socket: ClusterSocket, known: Known, signal: AbortSignal): Promise<void> {
  const { program, address, port, protocol, pid, part } = socket
  const reason = await reasonOf(context, socket, known, signal)
  context.attempts.record({
    ...{ name: `${part} (${program}, process ${pid}) listens on ${protocol} ${address}:${port}`, sent: 'every socket of the cluster' },
    ...{
      expected: 'no listener but those of the API, DNS, the registry, etcd, and of containerd on loopback behind TLS',
      answered: reason ?? 'has no reason',
      held: reason !== undefined,
    },
  })
}

/** Every port of nodes on this machine, and those that kubelets have elsewhere of the others. */
async function scanNodes(
  { client, attempts, endpoint }: ProofContext,
  sockets: readonly ClusterSocket[],
  registryPort: number | undefined,
  signal: AbortSignal,
): Promise<number> {
  const addresses = new Set((await client.listAll(nodes, {}, signal)).flatMap(addressesOf))
  const own = new Set(Object.values(networkInterfaces()).flatMap(list => (list ?? []).map(({ address }) => address)))
  const api = targetOf(endpoint.server).port
  const etcd = etcdPorts(sockets)
  let scanned = 0
  for (const host of addresses) {
    const local = own.has(host)
    const open = local
      ? (await openPorts(host, signal)).filter(port => port !== api && port !== registryPort && !etcd.has(port))
      : (await inParallel(knownPorts, async port => ((await accepts({ host, port }, signal)) ? port : 0))).filter(port => port !== 0)
    scanned += local ? 65_535 : knownPorts.length
    const excused = local && open.length > 0 ? await portsOfOthers(client, sockets, signal) : new Set<number>()
    const faults = open.filter(port => !excused.has(port))
    attempts.record({
      ...{
        name: `ports of ${host}`,
        sent: `connections to ${local ? 'all' : knownPorts.length} ports`,
        expected: 'only the API server answers, and a registry of the cluster',
      },
      ...{
        answered: faults.length === 0 ? 'no other' : faults.map(port => `${port} accepts connections`).join(', '),
        held: faults.length === 0,
      },
    })
  }
  return scanned
}

/** Other programs of the machine, and what tenants were allowed to publish: ports of Services and of pods. */
async function portsOfOthers(client: ProofContext['client'], sockets: readonly ClusterSocket[], signal: AbortSignal): Promise<Set<number>> {
  const ports = new Set(await listeningPorts())
  // A listener of the cluster is evaluated with its sockets, and by this scan where it is on an address of the node.
  for (const { port, loopback } of sockets) if (!loopback) ports.delete(port)
  for (const { spec } of await client.listAll(services, {}, signal))
    for (const { nodePort } of spec.ports ?? []) if (nodePort) ports.add(nodePort)
  for (const { spec } of await client.listAll(pods, {}, signal))
    for (const { ports: published = [] } of spec.containers) for (const { hostPort } of published) if (hostPort) ports.add(hostPort)
  return ports
}

/** As the kernel lists them, whatever process they belong to. */
async function listeningPorts(): Promise<number[]> {
  const tables = await Promise.all(['tcp', 'tcp6'].map(name => readFile(`/proc/self/net/${name}`, 'utf8')))
  const rows = tables.flatMap(table => table.split('\n').slice(1)).map(line => line.trim().split(/\s+/))
  return rows.filter(([, , , state]) => state === '0A').map(([, local = '']) => Number.parseInt(local.split(':')[1] ?? '', 16))
}

const addressesOf = ({ status }: KubeNode): string[] =>
  (status?.addresses ?? []).filter(({ type }) => type === 'InternalIP').map(({ address }) => address)
