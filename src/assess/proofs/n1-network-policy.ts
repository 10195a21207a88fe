import type { Node, Pod } from '../../api/types/core-v1.ts'
import type { NetworkPolicySpec } from '../../api/types/networking-v1.ts'
import { namespaces, networkPolicies, nodes, pods } from '../../client/resources.ts'
import { compareProbes, type Probed, partyOf, probeScript, reachedBy, type Target } from '../network-probes.ts'
import { outcomeOf, type Proof, type ProofContext, skipped } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'
import { harmlessSpec, podObject } from '../proof-pods.ts'
import { request } from '../request.ts'

const pollMs = 200
const [open, closed] = [8080, 8081]
const serve = `nc -ll -p ${open} -e cat & nc -ll -p ${closed} -e cat & wait`
const ports = [{ name: 'open', containerPort: open }]

/** Both ends of one connection: from the friend to the server's open port. */
const ownPolicies: readonly (readonly [name: string, spec: NetworkPolicySpec])[] = [
  [
    'server',
    {
      podSelector: { matchLabels: { app: 'server' } },
      ingress: [{ from: [{ podSelector: { matchLabels: { app: 'friend' } } }], ports: [{ port: 'open' }] }],
    },
  ],
  [
    'friend',
    {
      podSelector: { matchLabels: { app: 'friend' } },
      policyTypes: ['Egress'],
      egress: [{ to: [{ podSelector: { matchLabels: { app: 'server' } } }] }],
    },
  ],
]

export const networkPolicy: Proof = {
  id: 'N1',
  title: 'NetworkPolicy',
  why: 'A policy that is stored but not enforced is worse than none, because users rely on it',
  attack: 'From their first instruction, pods probe other pods of their own and of another new namespace, and the API server on their node',
  expected: 'Each reaches exactly what policies allow, and pods without a policy reach nothing and cannot be reached',
  whenRed: 'See whether the node enforces policies (`bulkhead status`, Nodes), and keep tenants off nodes that do not',
  async prove(context, signal) {
    const { client } = context
    const node = (await client.listAll(nodes, {}, signal)).find(({ status }) =>
      status?.nodeInfo?.containerRuntimeVersion?.startsWith('containerd://'),
    )
    if (node === undefined) return skipped('no real node: simulated nodes carry no packet')
    await using ours = await ProofNamespace.create(context, 'N1', signal)
    await using fresh = await ProofNamespace.create(context, 'N1', signal)
    const run = (namespace: ProofNamespace, app: string, script: string, container = {}) =>
      runPod(context, namespace, node, app, script, container, signal)
    for (const namespace of [ours, fresh]) await namespace.account('n1', signal)
    for (const [name, spec] of ownPolicies) await client.create(networkPolicies, ours.name, { metadata: { name }, spec }, signal)
    const readinessProbe = { tcpSocket: { port: open }, periodSeconds: 1 }
    const servers = [ours, fresh]
    await Promise.all(servers.map(namespace => run(namespace, 'server', serve, { ports, readinessProbe })))
    const served = await Promise.all(servers.map(namespace => untilPod(context, namespace, 'server', isReady, signal)))
    const targets: Target[] = [
      ...served.flatMap(pod => [open, closed].map(port => ({ party: partyOf(pod), port }))),
      { party: { address: addressOf(node) }, port: Number(new URL(context.endpoint.server).port || 443) },
    ]
    const probers = [
      [ours, 'friend'],
      [ours, 'stranger'],
      [fresh, 'other'],
    ] as const
    await Promise.all(probers.map(([namespace, app]) => run(namespace, app, probeScript(targets))))
    const probed = await Promise.all(probers.map(([namespace, app]) => resultOf(context, namespace, app, signal)))
    const [policies, spaces] = await Promise.all([client.listAll(networkPolicies, {}, signal), client.listAll(namespaces, {}, signal)])
    const { allowed, refused, found } = compareProbes(probed, targets, policies, spaces)
    const [friend, ...others] = probed
    return outcomeOf(
      [
        ...found,
        ...((friend?.reached.size ?? 0) === 0 ? ['no connection succeeded: the pod network does not work'] : []),
        ...others.flatMap(({ from, reached }) =>
          [...reached].map(target => `pod ${from.pod?.name} reaches ${target} although no policy allows it: a new namespace is open`),
        ),
      ],
      `3 new pods probed ${allowed + refused} times on node "${node.metadata.name}": ${allowed} reached, ${refused} refused, as the policies require, and nothing without one`,
    )
  },
}

async function runPod(
  { client }: ProofContext,
  namespace: ProofNamespace,
  node: Node,
  app: string,
  script: string,
  container: object,
  signal: AbortSignal,
): Promise<void> {
  const fields = {
    schedulerName: 'default-scheduler',
    restartPolicy: 'Never',
    serviceAccountName: 'n1',
    nodeSelector: { 'kubernetes.io/hostname': node.metadata.name ?? '' },
  }
  const spec = harmlessSpec(fields, { command: ['sh', '-c', script], ...container })
  await client.create(pods, namespace.name, podObject(app, spec, { labels: { app } }), signal)
}

async function untilPod(
  { client, clock }: ProofContext,
  namespace: ProofNamespace,
  name: string,
  holds: (pod: Pod) => boolean,
  signal: AbortSignal,
): Promise<Pod> {
  for (;;) {
    const pod = await client.get(pods, namespace.name, name, signal)
    if (holds(pod)) return pod
    await clock.sleep(pollMs, signal)
  }
}

async function resultOf(context: ProofContext, namespace: ProofNamespace, app: string, signal: AbortSignal): Promise<Probed> {
  // Its status keeps the address after it has ended.
  const pod = await untilPod(context, namespace, app, isOver, signal)
  const { text } = await request(context.transport, { method: 'GET', path: namespace.core(`pods/${app}/log`) }, signal)
  const reached = reachedBy(text)
  if (reached === undefined) throw new Error(`the probe pod "${app}" ended as ${pod.status?.phase} before all probes were done`)
  return { from: partyOf(pod), reached }
}

const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false
const isOver = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed'
const addressOf = ({ status }: Node): string => status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? ''
