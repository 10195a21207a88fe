// Images of which nothing is known, where a policy limits what may be known to be wrong; and exceptions of who may not make them.
import { imagePolicies, roleBindings } from '../../../client/resources.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec, podObject } from '../../proof-pods.ts'
import { provedDigest } from './recorded-images.ts'

const group = 'rbac.authorization.k8s.io'

export async function tryUnknownFindings(
  { attempts, client, transport }: ProofContext,
  namespace: ProofNamespace,
  signal: AbortSignal,
): Promise<void> {
  const policy = async (name: string, spec: object) =>
    client.create(imagePolicies, namespace.name, { metadata: { name }, spec: { images: [`example.invalid/${name}/**`], ...spec } }, signal)
  await policy('limited', { maxSeverity: 'critical' })
  await policy('dated', { dueDates: {} })
  const path = `${namespace.core('pods')}?dryRun=All`
  const body = (name: string) =>
    podObject('s8', harmlessSpec({ serviceAccountName: 's8' }, { image: `example.invalid/${name}/app:1@${provedDigest('8a')}` }))
  const post = (name: string) => ({ method: 'POST', path, body: body(name) }) as const
  for (const name of ['limited', 'dated'])
    await attempts.refused(`an image of which nothing is known, ${name}`, transport, post(name), { names: `/${name}"` }, signal)
  await attempts.accepted('an image that no policy is for', transport, post('other'), signal)
}

export async function tryExceptions(
  { attempts, client, transport }: ProofContext,
  namespace: ProofNamespace,
  signal: AbortSignal,
): Promise<void> {
  const user = `${namespace.name}-admin`
  const subjects = [{ kind: 'User', name: user, apiGroup: group }]
  await client.create(
    roleBindings,
    namespace.name,
    { metadata: { name: 'admin' }, roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'admin' }, subjects },
    signal,
  )
  const path = `${namespace.group('supply.bulkhead.dev/v1', 'exceptions')}?dryRun=All`
  const spec = { advisories: ['SEED-1'], images: ['**'], owner: 'bulkhead prove', reason: 'proof S8', expires: '2030-01-01T00:00:00Z' }
  const body = (more: object = {}) => ({
    ...{ apiVersion: 'supply.bulkhead.dev/v1', kind: 'Exception', metadata: { name: 's8' } },
    spec: { ...spec, ...more },
  })
  const post = { method: 'POST', path } as const
  await attempts.accepted('an exception by an administrator', transport, { ...post, body: body() }, signal)
  const as = { headers: { 'impersonate-user': user } }
  await attempts.refused('an exception by the admin of the namespace', transport, { ...post, body: body(), ...as }, {}, signal)
  for (const [field, name] of [
    ['expires', 'an end'],
    ['owner', 'an owner'],
    ['reason', 'a reason'],
    ['advisories', 'advisories'],
    ['images', 'images'],
  ] as const) {
    const { [field]: _, ...rest } = spec
    const refusal = { status: 422, names: `spec.${field}` }
    await attempts.refused(`an exception without ${name}`, transport, { ...post, body: { ...body(), spec: rest } }, refusal, signal)
  }
}
