// Which pods get a token at admission, for how long, and what becomes of it: by each way to grant something, and each way to decline the token.
import { tokenAnnotation, withFirstRight } from '../../../api/pods/token-right.ts'
import type { Pod, ServiceAccount } from '../../../api/types/core-v1.ts'
import { pods, roleBindings, secrets, serviceAccounts } from '../../../client/resources.ts'
import { inParallel } from '../../in-parallel.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec, podObject } from '../../proof-pods.ts'
import { connectWith, type ProofRequest, request } from '../../request.ts'
import { within } from '../../until.ts'
import { bearer } from '../authentication/identity-check.ts'
import { tryIssued } from './try-issued.ts'
import { tryListedSecrets } from './try-listed-secrets.ts'

const maxSeconds = 3607
const tokenPath = '/var/run/secrets/kubernetes.io/serviceaccount'
const apiGroup = 'rbac.authorization.k8s.io'
const waitMs = 300

interface MountCase {
  readonly name: string
  /** Fields of the account and of the pod. */
  readonly account?: Partial<ServiceAccount>
  readonly pod?: object
  /** Subjects of a RoleBinding, in the namespace of the account or in the other one. */
  readonly subjects?: (namespace: string, account: string) => readonly object[]
  readonly elsewhere?: boolean
  /** `waits`: the token comes with the first right; `none`: the pod does not want one. */
  readonly token: 'mounted' | 'waits' | 'none'
}

const byName = (namespace: string, name: string) => [{ kind: 'ServiceAccount', name, namespace }]

const cases: readonly MountCase[] = [
  { name: 'no grant', token: 'waits' },
  { name: 'a grant by its name', subjects: byName, token: 'mounted' },
  {
    name: 'a grant by its user name',
    subjects: (namespace, name) => [{ kind: 'User', apiGroup, name: `system:serviceaccount:${namespace}:${name}` }],
    token: 'mounted',
  },
  { name: 'a grant to an account of the same name elsewhere', subjects: (_, name) => byName('kube-system', name), token: 'waits' },
  { name: 'a grant to a user of its name', subjects: (_, name) => [{ kind: 'User', apiGroup, name }], token: 'waits' },
  { name: 'a grant in another namespace', subjects: byName, elsewhere: true, token: 'waits' },
  { name: 'a grant and a pod that declines', subjects: byName, pod: { automountServiceAccountToken: false }, token: 'none' },
  { name: 'a grant and an account that declines', subjects: byName, account: { automountServiceAccountToken: false }, token: 'none' },
]

export async function tryMounts(
  context: ProofContext,
  namespace: ProofNamespace,
  other: ProofNamespace,
  signal: AbortSignal,
): Promise<void> {
  await inParallel([...cases.entries()], ([index, one]) => tryMount(context, namespace, other, one, `mount-${index}`, signal))
  await tryLife(context, namespace, signal)
  await tryIssued(context, namespace, signal)
  await tryListedSecrets(context, namespace, signal)
  await tryEndlessToken(context, namespace, signal)
}

async function tryMount(
  context: ProofContext,
  namespace: ProofNamespace,
  other: ProofNamespace,
  one: MountCase,
  account: string,
  signal: AbortSignal,
): Promise<void> {
  const { client, attempts } = context
  await client.create(serviceAccounts, namespace.name, { metadata: { name: account }, ...one.account }, signal)
  if (one.subjects !== undefined) {
    const where = one.elsewhere === true ? other.name : namespace.name
    const subjects = one.subjects(namespace.name, account).map(subject => Object.assign({ kind: '', name: '' }, subject))
    await client.create(
      roleBindings,
      where,
      { metadata: { name: account }, roleRef: { apiGroup, kind: 'ClusterRole', name: 'view' }, subjects },
      signal,
    )
  }
  const pod = await client.create(
    pods,
    namespace.name,
    podObject(account, harmlessSpec({ serviceAccountName: account, ...one.pod })),
    signal,
  )
  const lives = tokenLives(pod)
  const waits = pod.metadata.annotations?.[tokenAnnotation] === withFirstRight
  const found = lives.length === 0 ? 'none' : waits ? 'waits' : 'mounted'
  attempts.record({
    name: `pod of an account with ${one.name}`,
    sent: 'POST pods',
    expected: `token: ${one.token}`,
    answered: `token: ${found}`,
    held: found === one.token,
  })
  const writable = pod.spec.containers.filter(({ volumeMounts = [] }) =>
    volumeMounts.some(({ mountPath, readOnly }) => mountPath === tokenPath && readOnly !== true),
  )
  attempts.record({
    name: `mount of the token of an account with ${one.name}`,
    sent: 'POST pods',
    expected: 'read-only',
    answered: writable.length === 0 ? 'read-only' : 'writable',
    held: writable.length === 0,
  })
  const longest = Math.max(0, ...lives)
  attempts.record({
    name: `life of the token of an account with ${one.name}`,
    sent: 'POST pods',
    expected: `at most ${maxSeconds} s`,
    answered: `${longest} s`,
    held: longest <= maxSeconds,
  })
}

const tokenLives = ({ spec }: Pod): number[] =>
  (spec.volumes ?? [])
    .flatMap(({ projected }) => projected?.sources ?? [])
    .flatMap(({ serviceAccountToken: token }) =>
      token === undefined || token === null ? [] : [token.expirationSeconds ?? Number.POSITIVE_INFINITY],
    )

/** A token of one pod: it works, also copied, only until its pod is deleted, and only for the API server. */
async function tryLife(context: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<void> {
  const { client, attempts, endpoint } = context
  await namespace.account('living', signal)
  await namespace.grant('living', [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }], signal)
  const [first, second] = await inParallel(['living-1', 'living-2'], name =>
    client.create(pods, namespace.name, podObject(name, harmlessSpec({ serviceAccountName: 'living' })), signal),
  )
  const tokenOf = (pod: Pod | undefined, audiences: readonly string[] = []) =>
    namespace.token('living', { audiences, pod: { name: pod?.metadata.name ?? '', uid: pod?.metadata.uid ?? '' } }, signal)
  const [token, copied, foreign] = await Promise.all([tokenOf(first), tokenOf(second), tokenOf(first, ['vault'])])
  await using transport = connectWith(endpoint)
  const list = (of: string): ProofRequest => ({ method: 'GET', path: namespace.core('configmaps'), headers: bearer(of) })
  await attempts.accepted('token of a pod', transport, list(token), signal)
  await attempts.refused('token of a pod for another audience', transport, list(foreign), { status: 401 }, signal)
  await attempts.refused(
    'token of a pod beyond the grant of its account',
    transport,
    { ...list(token), path: namespace.core('secrets') },
    { names: 'cannot list resource "secrets"' },
    signal,
  )
  const past = (name: string, spec: object, names: string) =>
    attempts.refused(
      name,
      context.transport,
      { method: 'POST', path: namespace.core('serviceaccounts/living/token'), body: { spec: { audiences: [], ...spec } } },
      { status: 409, names },
      signal,
    )
  await past(
    'token of a pod with another uid',
    { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'living-1', uid: second?.metadata.uid } },
    'does not match the UID in record',
  )
  const asOther = { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'living-1' } }
  await namespace.account('other', signal)
  await attempts.refused(
    'token of another account for a pod',
    context.transport,
    { method: 'POST', path: namespace.core('serviceaccounts/other/token'), body: { spec: { audiences: [], ...asOther } } },
    { status: 400, names: 'different serviceaccount name' },
    signal,
  )
  await client.delete(pods, namespace.name, 'living-1', { gracePeriodSeconds: 0 }, signal)
  await attempts.refused('token of a deleted pod', transport, list(token), { status: 401 }, signal)
  await attempts.accepted('token of another pod of the account', transport, list(copied), signal)
  await client.create(pods, namespace.name, podObject('living-1', harmlessSpec({ serviceAccountName: 'living' })), signal)
  await attempts.refused('token of a deleted pod, whose name another has', transport, list(token), { status: 401 }, signal)
}

/** Kubernetes once filled such a Secret with a token that never ends. */
async function tryEndlessToken(
  { client, attempts, clock, transport }: ProofContext,
  namespace: ProofNamespace,
  signal: AbortSignal,
): Promise<void> {
  await namespace.account('endless', signal)
  const metadata = { name: 'endless', annotations: { 'kubernetes.io/service-account.name': 'endless' } }
  const body = { metadata, type: 'kubernetes.io/service-account-token' }
  const path = namespace.core('secrets')
  const { status } = await request(transport, { method: 'POST', path, body }, signal)
  let answered = `answered ${status}`
  // A controller would fill it in a moment.
  const filled = async () => (await client.get(secrets, namespace.name, 'endless', signal)).data?.['token']
  if (status === 201) answered = (await within(waitMs, clock, filled, signal)) === undefined ? 'no token in it' : 'a token in it'
  attempts.record({
    name: 'Secret for a token that never ends',
    sent: `POST ${path}`,
    expected: 'no token in it',
    answered,
    held: answered !== 'a token in it',
  })
}
