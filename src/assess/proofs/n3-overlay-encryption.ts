import { randomBytes } from 'node:crypto'
import type { Node, Pod } from '../../api/types/core-v1.ts'
import { networkPolicies, nodes, pods } from '../../client/resources.ts'
import { addressOf, comparePeers, keyOf, portAnnotation, tryNodePeers } from '../attacks/network/node-peers.ts'
import { commandOutput, readFrames, WireCapture } from '../attacks/network/wire.ts'
import { outcomeOf, type Proof, type ProofContext, skipped } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'
import { harmlessSpec, podObject } from '../proof-pods.ts'
import { realNodes } from '../real-nodes.ts'
import { request } from '../request.ts'
import { until, within } from '../until.ts'

const pollMs = 200
const port = 8080
/** Answers of each server while the link is captured. */
const enough = 3
/** After which a packet on another way would have come. */
const silenceMs = 3000
const account = 'n3'

export const overlayEncryption: Proof = {
  id: 'N3',
  title: 'overlay encryption',
  why: 'Between two machines everybody on the network path reads and changes what pods say, unless it is encrypted',
  attack:
    'Capture every frame between this machine and another while pods of both talk, also with a route beside the links; set keys of nodes as an administrator, as another node and as one that has another’s; join a node without a key, with one, and remove it',
  expected:
    'Frames of WireGuard and none that shows an address or a word of a pod; only the node itself sets its key; peers and routes are those of nodes with a key, and end with their Node',
  whenRed:
    'See the condition `bulkhead.dev/NodeLinksEncrypted` of the nodes, `kubectl get nodelinks` and `wg show`, and stop the pods of nodes that it names',
  async prove(context, signal) {
    const { client, machine } = context
    const { usable } = await realNodes(context, signal)
    const all = (await client.listAll(nodes, {}, signal)).filter(({ metadata }) => usable.includes(metadata.name ?? ''))
    if (!machine.parts.some(({ name }) => name === 'node')) return skipped('no node agent of the cluster runs on this machine')
    if (process.getuid?.() !== 0) return skipped('only root captures packets and sees the peers of WireGuard')
    const addresses = new Set((await commandOutput('ip', ['-o', 'address'])).split(/[\s/]+/))
    const here = all.find(node => addresses.has(addressOf(node)))
    const there = all.find(node => node !== here && keyOf(node) !== undefined)
    if (here === undefined || there === undefined) return skipped('no other machine has joined: a single node has no link')
    const link = /\bdev (\S+)/.exec(await commandOutput('ip', ['route', 'get', addressOf(there)]))?.[1] ?? ''
    await using capture = await WireCapture.open(link)
    if (capture === undefined) return skipped('tcpdump is not installed, or may not capture')
    await using namespace = await ProofNamespace.create(context, 'N3', signal)
    const canary = `canary-${randomBytes(8).toString('hex')}`
    const talk = await startTalk(context, namespace, [here, there], canary, signal)
    await talk.both(enough, signal)
    await comparePeers(context, here.metadata.name ?? '', signal)
    await tryRouteBeside(context, talk, there, signal)
    await tryNodePeers(context, namespace, here.metadata.name ?? '', there, signal)
    await talk.both(enough, signal)
    const bytes = await capture.end()
    const ranges = all.flatMap(({ spec }) => spec.podCIDR ?? [])
    const isPod = (address: string): boolean => ranges.some(range => range.endsWith('.0/24') && address.startsWith(range.slice(0, -4)))
    const ports = new Set([here, there].map(({ metadata }) => Number(metadata.annotations?.[portAnnotation])))
    const { count, encrypted, readable } = readFrames(bytes, isPod, ports)
    const shows = bytes.includes(canary)
    context.attempts.record({
      ...{ name: `frames on ${link} while pods of two nodes talk`, sent: `${count} frames`, expected: 'WireGuard, and nothing of a pod' },
      answered: `${encrypted} of WireGuard, ${readable.length} with an address of a pod${readable[0] === undefined ? '' : ` (${readable[0]})`}, ${shows ? 'and their words' : 'no word of a pod'}`,
      held: encrypted > 0 && readable.length === 0 && !shows,
    })
    return outcomeOf(
      [],
      `${encrypted} frames of WireGuard of ${count} on ${link}, none with an address or a word of a pod; ${context.attempts.all.length} attempts`,
    )
  },
}

interface Talk {
  /** Of the pod on the other machine. */
  readonly far: string
  readonly near: string
  /** Waits until each client has this many more answers. */
  both(more: number, signal: AbortSignal): Promise<void>
  /** Answers of the client on this machine. */
  answers(signal: AbortSignal): Promise<number>
}

/** A server and a client on each of the two nodes, each client with the server of the other. */
async function startTalk(
  { client, clock, transport }: ProofContext,
  namespace: ProofNamespace,
  places: readonly [Node, Node],
  canary: string,
  signal: AbortSignal,
): Promise<Talk> {
  await namespace.account(account, signal)
  const spec = { podSelector: {}, policyTypes: ['Ingress', 'Egress'], ingress: [{}], egress: [{}] }
  await client.create(networkPolicies, namespace.name, { metadata: { name: 'all' }, spec }, signal)
  const run = async (name: string, node: Node, script: string): Promise<void> => {
    const fields = {
      ...{ schedulerName: 'default-scheduler', serviceAccountName: account },
      nodeSelector: { 'kubernetes.io/hostname': node.metadata.labels?.['kubernetes.io/hostname'] ?? '' },
    }
    await client.create(pods, namespace.name, podObject(name, harmlessSpec(fields, { command: ['sh', '-c', script] })), signal)
  }
  const running = (name: string): Promise<Pod> =>
    until(
      clock,
      async () => {
        const pod = await client.get(pods, namespace.name, name, signal)
        return pod.status?.phase === 'Running' && pod.status.podIP !== undefined ? pod : undefined
      },
      signal,
      pollMs,
    )
  const [here, there] = places
  await Promise.all([run('server-0', here, `nc -ll -p ${port} -e cat`), run('server-1', there, `nc -ll -p ${port} -e cat`)])
  const [near, far] = (await Promise.all([running('server-0'), running('server-1')])).map(({ status }) => status?.podIP ?? '')
  const ask = (address: string): string => `while :; do echo ${canary} | nc -w 2 ${address} ${port}; sleep 0.3; done`
  await Promise.all([run('client-0', here, ask(far ?? '')), run('client-1', there, ask(near ?? ''))])
  await Promise.all([running('client-0'), running('client-1')])
  const count = async (name: string, until: AbortSignal): Promise<number> => {
    const { text } = await request(transport, { method: 'GET', path: namespace.core(`pods/${name}/log`) }, until)
    return text.split(canary).length - 1
  }
  return {
    ...{ far: far ?? '', near: near ?? '' },
    answers: end => count('client-0', end),
    async both(more, end) {
      for (const name of ['client-0', 'client-1']) {
        const before = await count(name, end)
        await until(clock, async () => ((await count(name, end)) >= before + more ? true : undefined), end, pollMs)
      }
    },
  }
}

/** A route that somebody adds beside the links, to the pod of the proof alone: its packets are dropped rather than sent in clear. */
async function tryRouteBeside({ attempts, clock }: ProofContext, talk: Talk, there: Node, signal: AbortSignal): Promise<void> {
  const route = [`${talk.far}/32`, 'via', addressOf(there)]
  await commandOutput('ip', ['route', 'replace', ...route])
  try {
    const before = await talk.answers(signal)
    const more = await within(silenceMs, clock, async () => ((await talk.answers(signal)) > before + 1 ? true : undefined), signal, pollMs)
    attempts.record({
      ...{ name: 'a route beside the links', sent: `ip route replace ${route.join(' ')}`, expected: 'no answer on that way' },
      ...{ answered: more === true ? 'answers' : 'no answer', held: more !== true },
    })
  } finally {
    await commandOutput('ip', ['route', 'delete', ...route])
  }
}
