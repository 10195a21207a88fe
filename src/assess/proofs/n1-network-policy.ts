import type { Node, Pod } from '../../api/types/core-v1.ts'
import { namespaces, networkPolicies, nodes, pods } from '../../client/resources.ts'
import { Datagrams } from '../attacks/network/datagrams.ts'
import { leaverScript, tryLastPackets } from '../attacks/network/last-packets.ts'
import {
  firstPolicies,
  type MatrixPod,
  type MatrixPolicy,
  narrowPolicy,
  probers,
  serverPorts,
  servers,
  teamLabel,
  udpPorts,
} from '../attacks/network/matrix.ts'
import { holderScript, tighten } from '../attacks/network/open-connection.ts'
import { tryOtherProtocols } from '../attacks/network/other-protocols.ts'
import { compareProbes, type Probed, partyOf, probeScript, reachedBy, type Target, textOf } from '../network-probes.ts'
import { outcomeOf, type Proof, type ProofContext, skipped } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'
import { harmlessSpec, podObject } from '../proof-pods.ts'
import { request } from '../request.ts'
import { until } from '../until.ts'

const pollMs = 200
const holder = 'holder'
const leaver = 'leaver'
const listened = Object.values(serverPorts)
const serve = [...listened.map(port => `nc -ll -p ${port} -e cat &`), 'wait'].join('\n')
const namedPorts = [{ name: 'open', containerPort: serverPorts.named }]

type Spaces = Readonly<Record<MatrixPod['space'], ProofNamespace>>

export const networkPolicy: Proof = {
  id: 'N1',
  long: true,
  title: 'NetworkPolicy',
  why: 'A policy that is stored but not enforced is worse than none, because users rely on it',
  attack:
    'From their first instruction, pods of three namespaces on every node probe others by TCP and UDP, where each rule of the policies uses one feature; tighten a policy, and change the labels of a namespace, while a connection and flows of UDP and SCTP are open; send ICMP, UDP, SCTP and IPv6 from within the network of pods; end a pod that goes on sending',
  expected:
    'Each reaches exactly what an independent oracle allows, pods without a policy reach nothing and cannot be reached, the open connection ends, and the pod sends only what is allowed until its end and nothing after it',
  whenRed: 'See whether the node enforces policies (`bulkhead status`, Nodes), and keep tenants off nodes that do not',
  async prove(context, signal) {
    const { client, attempts, endpoint } = context
    const places = (await client.listAll(nodes, {}, signal)).filter(isUsable)
    const [node] = places
    if (node === undefined) return skipped('no real node: simulated nodes carry no packet')
    await using ours = await ProofNamespace.create(context, 'N1', signal)
    await using other = await ProofNamespace.create(context, 'N1', signal, { [teamLabel]: 'b' })
    await using fresh = await ProofNamespace.create(context, 'N1', signal)
    const spaces = { ours, other, fresh }
    const podCidr = node.spec.podCIDR ?? '10.244.0.0/16'
    const apply = ({ space, name, spec }: MatrixPolicy) =>
      client.create(networkPolicies, spaces[space].name, { metadata: { name }, spec }, signal)
    await Promise.all(Object.values(spaces).map(namespace => namespace.account('n1', signal)))
    await Promise.all(firstPolicies(podCidr).map(apply))
    const run = runner(context, spaces, places, signal)
    const readinessProbe = { tcpSocket: { port: serverPorts.nobody }, periodSeconds: 1 }
    await Promise.all(servers.map(pod => run(pod, serve, { ports: namedPorts, readinessProbe })))
    const served = await Promise.all(servers.map(pod => untilPod(context, spaces, pod, isReady, signal)))
    const server = served[0]?.status?.podIP ?? ''
    const address = addressOf(node)
    await using datagrams = await Datagrams.open(address, Object.values(udpPorts))
    await apply(narrowPolicy({ pods: podCidr, server, node: address }))
    const targets = targetsOf(served, address, Number(new URL(endpoint.server).port || 443), datagrams !== undefined)
    await Promise.all(probers.map(pod => run(pod, probeScript(targets, nameOf(pod)), {})))
    await run({ space: 'ours', name: holder, labels: { app: 'friend', reach: 'everything' } }, holderScript(server), {})
    await run({ space: 'other', name: 'walker', labels: { app: 'friend', reach: 'everything' } }, 'sleep 600', {})
    if (datagrams !== undefined) await run({ space: 'other', name: leaver, labels: { app: 'narrow' } }, leaverScript(leaver, address), {})
    const probed = await Promise.all(probers.map(pod => resultOf(context, { spaces, pod, targets, datagrams }, signal)))
    const [policies, all] = await Promise.all([client.listAll(networkPolicies, {}, signal), client.listAll(namespaces, {}, signal)])
    const compared = compareProbes(probed, targets, policies, all)
    for (const { name, expected, reached, why } of compared)
      attempts.record({
        name,
        sent: 'a probe as one of the first instructions',
        expected: `${expected}: ${why}`,
        answered: reached ? 'reached' : 'refused',
        held: reached === (expected === 'reached'),
      })
    // A new namespace is closed whatever its policies say.
    const open = probed.filter(({ from }) => from.pod?.namespace === fresh.name).flatMap(({ reached }) => [...reached])
    const walker = { space: 'other', name: 'walker' } as const
    const senders = await Promise.all(
      [{ space: 'ours', name: holder } as const, walker].map(pod => untilPod(context, spaces, pod, isRunning, signal)),
    )
    const protocols = await tryOtherProtocols(context, senders, served, policies, all, signal)
    await using flows = typeof protocols === 'string' ? undefined : protocols
    await Promise.all([
      tighten(context, ours, holder, signal),
      ...(datagrams === undefined ? [] : [tryLastPackets(context, other, { pod: leaver, name: leaver, datagrams }, signal)]),
    ])
    if (flows !== undefined) {
      const tightened = await client.listAll(networkPolicies, {}, signal)
      await flows.tryOpenFlows('tightened', tightened, all)
      await client.patch(namespaces, '', other.name, { metadata: { labels: { [teamLabel]: 'c' } } }, { type: 'merge' }, signal)
      await flows.tryOpenFlows('relabelled', tightened, await client.listAll(namespaces, {}, signal))
    }
    const others =
      typeof protocols === 'string' ? `; ICMP, SCTP and IPv6 were not tried: ${protocols}` : '; ICMP, UDP and SCTP arrived as allowed'
    const allowed = compared.filter(({ expected }) => expected === 'reached').length
    return outcomeOf(
      [
        ...open.map(target => `a pod of a new namespace reaches ${target} although no policy allows it`),
        ...(allowed === 0 ? ['no connection succeeded: the pod network does not work'] : []),
      ],
      `${probers.length} new pods on ${places.length} ${places.length === 1 ? 'node' : 'nodes'} probed ${compared.length} times: ${allowed} reached, ${compared.length - allowed} refused, as the policies require; an open connection ended${datagrams === undefined ? '; UDP and last packets were not tried, because no node is this machine' : ', and a pod sent nothing after its end'}${others}`,
    )
  },
}

/** Runs containers, and takes pods. */
const isUsable = ({ spec, status }: Node): boolean =>
  status?.nodeInfo?.containerRuntimeVersion?.startsWith('containerd://') === true && spec.unschedulable !== true

function targetsOf(served: readonly Pod[], node: string, apiPort: number, withUdp: boolean): Target[] {
  return [
    ...served.flatMap(pod => listened.map(port => ({ party: partyOf(pod), protocol: 'TCP' as const, port }))),
    { party: { address: node }, protocol: 'TCP', port: apiPort },
    ...(withUdp ? Object.values(udpPorts).map(port => ({ party: { address: node }, protocol: 'UDP' as const, port })) : []),
  ]
}

/** Creates pods on the nodes in turn. */
function runner({ client }: ProofContext, spaces: Spaces, places: readonly Node[], signal: AbortSignal) {
  let next = 0
  return async ({ space, name, labels }: MatrixPod, script: string, container: object): Promise<void> => {
    const node = places[next++ % places.length]
    const fields = {
      ...{ schedulerName: 'default-scheduler', restartPolicy: 'Never', serviceAccountName: 'n1' },
      nodeSelector: { 'kubernetes.io/hostname': node?.metadata.name ?? '' },
    }
    const spec = harmlessSpec(fields, { command: ['sh', '-c', script], ...container })
    await client.create(pods, spaces[space].name, podObject(name, spec, { labels }), signal)
  }
}

async function untilPod(
  { client, clock }: ProofContext,
  spaces: Spaces,
  { space, name }: Pick<MatrixPod, 'space' | 'name'>,
  holds: (pod: Pod) => boolean,
  signal: AbortSignal,
): Promise<Pod> {
  const ask = async () => {
    const pod = await client.get(pods, spaces[space].name, name, signal)
    return holds(pod) ? pod : undefined
  }
  return await until(clock, ask, signal, pollMs)
}

interface Prober {
  readonly spaces: Spaces
  readonly pod: MatrixPod
  readonly targets: readonly Target[]
  readonly datagrams: Datagrams | undefined
}

async function resultOf(context: ProofContext, { spaces, pod, targets, datagrams }: Prober, signal: AbortSignal): Promise<Probed> {
  // Its status keeps the address after it has ended.
  const ended = await untilPod(context, spaces, pod, isOver, signal)
  const { text } = await request(context.transport, { method: 'GET', path: spaces[pod.space].core(`pods/${pod.name}/log`) }, signal)
  const reached = reachedBy(text)
  if (reached === undefined) throw new Error(`the probe pod "${pod.name}" ended as ${ended.status?.phase} before all probes were done`)
  const received = targets.filter(({ protocol, port }) => protocol === 'UDP' && datagrams?.received(nameOf(pod), port) === true)
  return { from: partyOf(ended), reached: new Set([...reached, ...received.map(textOf)]) }
}

const nameOf = ({ space, name }: MatrixPod): string => `${space}-${name}`
const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false
const isRunning = ({ status }: Pod): boolean => status?.phase === 'Running'
const isOver = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed'
const addressOf = ({ status }: Node): string => status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? ''
