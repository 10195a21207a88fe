import type { Transport } from '../../client/transport/transport.ts'
import { outcomeOf, type Proof } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'
import { harmlessSpec, podObject } from '../proof-pods.ts'
import { connectWith, mergePatch, type ProofRequest, request } from '../request.ts'

export const authorization: Proof = {
  id: 'A5',
  title: 'authorization',
  why: 'Rights must come only from grants, not from being authenticated or from a namespace',
  attack:
    'Try every verb on many resources as a new ServiceAccount and as a new user, then with one narrow grant, then after it is revoked',
  expected: '403 for everything that is not granted, and only the granted requests succeed',
  whenRed: 'Look for the binding by which the refused request was allowed: `bulkhead why --as USER VERB RESOURCE -n NAMESPACE` names it',
  async prove(context, signal) {
    await using namespace = await ProofNamespace.create(context, 'A5', signal)
    await namespace.account('fresh', signal)
    await using account = connectWith(context.endpoint, { token: await namespace.token('fresh', {}, signal) })
    const configMap = (name: string) => ({ method: 'POST', path: namespace.core('configmaps'), body: { metadata: { name } } }) as const
    for (const name of ['granted', 'other']) await request(context.transport, configMap(name), signal)

    const matrix = questions(namespace)
    const found = await unrefused(account, matrix, 'new ServiceAccount', {}, signal)
    const stranger = { 'impersonate-user': `bulkhead-prove-${namespace.name}` }
    found.push(...(await unrefused(context.transport, matrix, 'new user', stranger, signal)))
    // Impersonation would turn any right into all rights.
    const masters = { 'impersonate-user': 'system:admin', 'impersonate-group': 'system:masters' }
    found.push(...(await unrefused(account, [{ method: 'GET', path: '/api/v1/secrets' }], 'impersonating account', masters, signal)))

    const one = (name: string): ProofRequest => ({ method: 'GET', path: namespace.core(`configmaps/${name}`) })
    const patch: ProofRequest = { ...one('granted'), method: 'PATCH', body: { data: { a: 'b' } }, contentType: mergePatch }
    await namespace.grant('fresh', [{ apiGroups: [''], resources: ['configmaps'], resourceNames: ['granted'], verbs: ['get'] }], signal)
    const granted = await request(account, one('granted'), signal)
    if (granted.status !== 200) found.push(`get of the granted ConfigMap: answered ${granted.status}, expected 200`)
    const beyond: ProofRequest[] = [
      one('other'),
      { method: 'GET', path: namespace.core('configmaps') },
      patch,
      { ...one('granted'), method: 'DELETE' },
      { method: 'GET', path: '/api/v1/namespaces/default/configmaps/granted' },
      { method: 'GET', path: namespace.core('secrets/granted') },
    ]
    found.push(...(await unrefused(account, beyond, 'account with one grant', {}, signal)))
    await namespace.withdraw('fresh', signal)
    found.push(...(await unrefused(account, [one('granted')], 'account after revocation', {}, signal)))
    const total = 2 * matrix.length + beyond.length + 2
    return outcomeOf(found, `${total} requests without a grant, all 403; the one granted request succeeds until the grant is revoked`)
  },
}

async function unrefused(
  transport: Transport,
  list: readonly ProofRequest[],
  who: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string[]> {
  const answers = await Promise.all(list.map(question => request(transport, { ...question, headers }, signal)))
  return answers.flatMap(({ status }, index) =>
    status === 403 ? [] : [`${who}: ${list[index]?.method} ${list[index]?.path} answered ${status}, expected 403`],
  )
}

/** Nothing is created even if the control is off: every write is a dry run. */
function questions(namespace: ProofNamespace): ProofRequest[] {
  const namespaced: readonly (readonly [string, object])[] = [
    [namespace.core('pods'), podObject('a5', harmlessSpec())],
    [namespace.core('secrets'), { metadata: { name: 'a5' } }],
    [namespace.core('configmaps'), { metadata: { name: 'a5' } }],
    [namespace.core('serviceaccounts'), { metadata: { name: 'a5' } }],
    [namespace.core('services'), { metadata: { name: 'a5' }, spec: { ports: [{ port: 80 }] } }],
    [namespace.group('rbac.authorization.k8s.io/v1', 'roles'), { metadata: { name: 'a5' } }],
  ]
  const cluster = [
    '/api/v1/nodes',
    '/api/v1/namespaces',
    '/api/v1/persistentvolumes',
    '/apis/rbac.authorization.k8s.io/v1/clusterroles',
    '/apis/certificates.k8s.io/v1/certificatesigningrequests',
  ]
  const dryRun = 'dryRun=All'
  return [
    ...namespaced.flatMap(([path, body]): ProofRequest[] => [
      { method: 'GET', path },
      { method: 'GET', path: `${path}/a5` },
      { method: 'GET', path: `${path}?watch=true&timeoutSeconds=1` },
      { method: 'POST', path: `${path}?${dryRun}`, body },
      { method: 'PUT', path: `${path}/a5?${dryRun}`, body },
      { method: 'PATCH', path: `${path}/a5?${dryRun}`, body: {}, contentType: mergePatch },
      { method: 'DELETE', path: `${path}/a5?${dryRun}` },
      { method: 'DELETE', path: `${path}?${dryRun}` },
    ]),
    ...cluster.flatMap((path): ProofRequest[] => [
      { method: 'GET', path },
      { method: 'GET', path: `${path}/a5` },
      { method: 'DELETE', path: `${path}/a5?${dryRun}` },
    ]),
    { method: 'GET', path: namespace.core('pods/a5/log') },
    { method: 'POST', path: namespace.core('pods/a5/exec?command=id') },
    { method: 'POST', path: namespace.core(`pods/a5/eviction?${dryRun}`), body: { metadata: { name: 'a5' } } },
    { method: 'POST', path: namespace.core(`pods/a5/binding?${dryRun}`), body: { target: { kind: 'Node', name: 'a5' } } },
    { method: 'POST', path: namespace.core('serviceaccounts/default/token'), body: { spec: {} } },
    { method: 'GET', path: '/metrics' },
  ]
}
