import type { Pod } from '../../api/types/core-v1.ts'
import { nodes, pods, roleBindings, roles } from '../../client/resources.ts'
import { silentServer, streamRights } from '../attacks/revocation/streams.ts'
import { tryApiService } from '../attacks/revocation/try-api-service.ts'
import { tryDenials, tryListRights, tryNodeCertificates } from '../attacks/revocation/try-denials.ts'
import { tryEnds } from '../attacks/revocation/try-ends.ts'
import { tryLifetimes } from '../attacks/revocation/try-lifetimes.ts'
import { type StreamsTried, tryStreams } from '../attacks/revocation/try-streams.ts'
import { ClusterObjects } from '../cluster-objects.ts'
import { outcomeOf, type Proof, type ProofContext } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'
import { harmlessSpec, podObject } from '../proof-pods.ts'
import { within } from '../until.ts'

const pollMs = 100
const runningMs = 60_000
const apiGroup = 'rbac.authorization.k8s.io'
const [streaming, ending, extended] = ['streaming', 'ending', 'extended']

export const revocation: Proof = {
  id: 'A4',
  title: 'revocation and lifetime',
  why: 'A stolen credential that cannot be ended, or an open stream that outlives it, gives the thief what it wants',
  attack:
    'Open every kind of lasting request (watch, followed log, exec, attach, port-forward, proxy, APIService; HTTP/2, WebSocket, SPDY), then deny its credential by token, certificate, user or uid, delete what its token is bound to, or let it expire; request certificates for years',
  expected: 'Each stream ends within a second and each further request is a 401, those of others go on, and certificates live for days',
  whenRed:
    'Restart the API server, which ends all streams; then see whether it follows the deny list (`kubectl get configmap -n kube-system bulkhead-denied-credentials`)',
  async prove(context, signal) {
    await using namespace = await ProofNamespace.create(context, 'A4', signal)
    await using cluster = new ClusterObjects(context, namespace)
    const user = `${namespace.name}:user`
    await grantAll(context, namespace, user, signal)
    const [tried, behind] = await Promise.all([
      ofPod(context, namespace, signal),
      tryApiService(context, namespace, cluster, extended, signal),
      tryDenials(context, namespace, cluster, 'denied', signal),
      tryEnds(context, namespace, ending, `${user}-other`, signal),
      tryLifetimes(context, namespace, cluster, signal),
      tryListRights(context, signal),
      tryNodeCertificates(context, namespace, signal),
    ])
    const { ended, slowestMs, notServed } = tried
    const missing = notServed.length === 0 ? '' : `; not tried, as a simulated node does not serve it: ${notServed.join(', ')}`
    return outcomeOf(
      [],
      `${ended} kinds of streams ended at most ${slowestMs} ms after their token was denied${behind ? ', one behind an APIService too' : '; not tried, as the API server does not reach this machine: APIServices'}${missing}`,
    )
  },
}

/** Accounts and users that may do all of the attack, so that only their credential is the reason of a refusal. */
async function grantAll({ client }: ProofContext, namespace: ProofNamespace, user: string, signal: AbortSignal): Promise<void> {
  const accounts = [streaming, ending, extended, 'denied']
  for (const name of accounts) await namespace.account(name, signal)
  await client.create(roles, namespace.name, { metadata: { name: 'streams' }, rules: streamRights.map(rule => ({ ...rule })) }, signal)
  const subjects = [
    ...accounts.map(name => ({ kind: 'ServiceAccount', name, namespace: namespace.name })),
    ...[user, `${user}-other`].map(name => ({ kind: 'User', apiGroup, name })),
  ]
  const roleRef = { apiGroup, kind: 'Role', name: 'streams' }
  await client.create(roleBindings, namespace.name, { metadata: { name: 'streams' }, roleRef, subjects }, signal)
}

/** Streams into a pod that runs, as far as the cluster runs one. */
async function ofPod(context: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<StreamsTried> {
  const { client } = context
  const spec = harmlessSpec(
    { schedulerName: 'default-scheduler', serviceAccountName: streaming, automountServiceAccountToken: false },
    { command: ['sh', '-c', silentServer] },
  )
  await client.create(pods, namespace.name, podObject('streamed', spec), signal)
  const pod = await running(context, namespace, signal)
  const isSimulated = pod === undefined || !(await isReal(context, pod, signal))
  return await tryStreams(context, { namespace, account: streaming, pod: 'streamed', isSimulated }, signal)
}

/** Undefined if it does not run after a minute: there may be no node for it. */
async function running({ client, clock }: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<Pod | undefined> {
  const running = async () => {
    const pod = await client.get(pods, namespace.name, 'streamed', signal)
    return pod.status?.phase === 'Running' ? pod : undefined
  }
  return await within(runningMs, clock, running, signal, pollMs)
}

async function isReal({ client }: ProofContext, { spec }: Pod, signal: AbortSignal): Promise<boolean> {
  const { status } = await client.get(nodes, '', spec.nodeName ?? '', signal)
  return status?.nodeInfo?.containerRuntimeVersion?.startsWith('containerd://') ?? false
}
