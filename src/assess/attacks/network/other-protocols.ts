// ICMP, UDP and SCTP between pods, IPv6 to the node, and a flow of UDP that is open when its policy tightens: what arrives is what the oracle allows.
import { createSocket } from 'node:dgram'
import type { Namespace, Pod } from '../../../api/types/core-v1.ts'
import type { NetworkPolicy } from '../../../api/types/networking-v1.ts'
import { partyOf } from '../../network-probes.ts'
import { type PolicyWorld, refusedBy } from '../../oracles/network-policy.ts'
import type { ProofContext } from '../../proof.ts'
import { within } from '../../until.ts'
import { serverPorts } from './matrix.ts'
import { noRawPackets, processOfPod, RawListener, type RawPacket, type RawProtocol, sendRaw, sendToAllNodes } from './raw-packets.ts'

/** A packet needs microseconds; what is refused is waited for as long as nothing else comes. */
const waitMs = 5000
const silenceMs = 300
const sourcePort = 40_620
const allNodesPort = 40_621
/** Ports without a rule of their own have the rules without ports. */
const tried: readonly (readonly [RawProtocol, number])[] = [
  ['ICMP', 0],
  ['UDP', serverPorts.nobody],
  ['UDP', serverPorts.namespace],
  ['UDP', serverPorts.block],
  ['SCTP', serverPorts.nobody],
  ['SCTP', serverPorts.block],
]

interface Located {
  readonly pod: Pod
  readonly pid: number
}

export interface OtherProtocols extends AsyncDisposable {
  /** Packets in flows that are open, after a policy or a label has changed. */
  tryOpenFlows(change: string, policies: readonly NetworkPolicy[], all: readonly Namespace[]): Promise<void>
}

/** All pods run. Returns why it was not tried, where it cannot be. */
export async function tryOtherProtocols(
  context: ProofContext,
  senders: readonly Pod[],
  receivers: readonly Pod[],
  policies: readonly NetworkPolicy[],
  all: readonly Namespace[],
  signal: AbortSignal,
): Promise<OtherProtocols | string> {
  const missing = await noRawPackets()
  if (missing !== undefined) return missing
  const [from, to] = await Promise.all([senders, receivers].map(locate))
  if (from === undefined || to === undefined) return 'the pods are on another machine'
  await using stack = new AsyncDisposableStack()
  const listeners = new Map<Pod, RawListener>()
  for (const { pod, pid } of to) listeners.set(pod, stack.use(await RawListener.open(pid, pod.status?.podIP ?? '')))
  const tryAll = (round: string, world: PolicyWorld, protocols: typeof tried) =>
    tryRound(context, { round, world, protocols, from, to, listeners }, signal)
  await tryAll('first', worldOf(policies, all), tried)
  await tryIpv6(context, from, signal)
  const kept = stack.move()
  return {
    tryOpenFlows: (change, changed, spaces) =>
      tryAll(
        change,
        worldOf(changed, spaces),
        tried.filter(([protocol]) => protocol !== 'ICMP'),
      ),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

const worldOf = (policies: readonly NetworkPolicy[], all: readonly Namespace[]): PolicyWorld => ({
  policies,
  namespaces: new Map(all.map(({ metadata }) => [metadata.name ?? '', metadata.labels ?? {}])),
})

/** Undefined if one of them is not on this machine. */
async function locate(pods: readonly Pod[]): Promise<Located[] | undefined> {
  const found: Located[] = []
  for (const pod of pods) {
    const pid = await processOfPod(pod.metadata.uid ?? '')
    if (pid === undefined) return undefined
    found.push({ pod, pid })
  }
  return found
}

interface Round {
  readonly round: string
  readonly world: PolicyWorld
  readonly protocols: typeof tried
  readonly from: readonly Located[]
  readonly to: readonly Located[]
  readonly listeners: ReadonlyMap<Pod, RawListener>
}

async function tryRound(
  { attempts, clock }: ProofContext,
  { round, world, protocols, from, to, listeners }: Round,
  signal: AbortSignal,
): Promise<void> {
  const flows = from.flatMap((sender, index) =>
    to.flatMap((receiver, at) =>
      protocols.map(([protocol, port]) => {
        const [source, target] = [partyOf(sender.pod), partyOf(receiver.pod)]
        const text = `${round}-${index}-${at}-${protocol}-${port}`
        const packet: RawPacket = { protocol, from: source.address, to: target.address, fromPort: sourcePort, port, text }
        return { sender, receiver, packet, refusing: refusedBy({ from: source, to: target, protocol, port }, world) }
      }),
    ),
  )
  const arrived = ({ receiver, packet }: (typeof flows)[number]) => listeners.get(receiver.pod)?.received.has(packet.text) === true
  const send = async (): Promise<void> => {
    for (const sender of from)
      await sendRaw(
        sender.pid,
        flows.filter(flow => flow.sender === sender).map(({ packet }) => packet),
      )
  }
  // Again, because the rules of a node may be a moment old.
  const isThere = async () => {
    await send()
    return flows.every(flow => flow.refusing !== undefined || arrived(flow)) ? true : undefined
  }
  await within(waitMs, clock, isThere, signal)
  await clock.sleep(silenceMs, signal)
  for (const flow of flows) {
    const { sender, receiver, packet, refusing } = flow
    const name = ({ pod: { metadata } }: Located): string => `${metadata.namespace}/${metadata.name}`
    const expected = refusing === undefined ? 'arrives' : 'is refused'
    attempts.record({
      name: `${packet.protocol}${packet.port === 0 ? '' : ` port ${packet.port}`} from ${name(sender)} to ${name(receiver)}, ${round}`,
      sent: 'a packet from the network of the pod',
      expected: refusing === undefined ? expected : `${expected} by the ${refusing} policies`,
      answered: arrived(flow) ? 'arrived' : 'did not arrive',
      held: arrived(flow) === (refusing === undefined),
    })
  }
}

/** Policies are about IPv4 here: no packet of IPv6 leaves a pod. */
async function tryIpv6({ attempts, clock }: ProofContext, from: readonly Located[], signal: AbortSignal): Promise<void> {
  const [sender] = from
  if (sender === undefined) return
  let received = 0
  const socket = createSocket('udp6')
  socket.on('message', () => received++)
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind({ address: '::', port: allNodesPort, exclusive: true }, resolve)
  })
  try {
    const failed = await sendToAllNodes(sender.pid, allNodesPort)
    await clock.sleep(silenceMs, signal)
    attempts.record({
      ...{ name: 'a datagram of IPv6 from a pod to the node', sent: `UDP to ff02::1 port ${allNodesPort}`, expected: 'does not arrive' },
      ...{ answered: received > 0 ? 'arrived' : failed || 'did not arrive', held: received === 0 },
    })
  } finally {
    socket.close()
  }
}
