// What the server writes into a token that it issues: the requested life and audience, and what it is bound to.
import { parseJson } from '../../../base/json.ts'
import { writeJson } from '../../../base/write-json.ts'
import { pods, secrets } from '../../../client/resources.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec, podObject } from '../../proof-pods.ts'
import { connectWith, type ProofRequest, request } from '../../request.ts'
import { bearer } from '../authentication/identity-check.ts'

/** What `ProofNamespace.token()` requests. */
const requestedSeconds = 600

export async function tryIssued(context: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<void> {
  const { attempts, client, endpoint, transport } = context
  await namespace.account('issued', signal)
  const pod = await client.create(pods, namespace.name, podObject('issued', harmlessSpec({ serviceAccountName: 'issued' })), signal)
  const uid = pod.metadata.uid ?? ''
  const token = await namespace.token('issued', { audiences: ['vault'], pod: { name: 'issued', uid } }, signal)
  const { iat, exp, aud } = claimsOf(token)
  attempts.record({
    ...{ name: 'life of an issued token', sent: 'POST token', expected: `${requestedSeconds} s` },
    ...{ answered: `${Number(exp) - Number(iat)} s`, held: Number(exp) - Number(iat) === requestedSeconds },
  })
  const audiences = writeJson(aud ?? 'none')
  attempts.record({
    ...{
      name: 'audiences of an issued token',
      sent: 'POST token',
      expected: '["vault"]',
      answered: audiences,
      held: audiences === '["vault"]',
    },
  })
  const short: ProofRequest = {
    ...{ method: 'POST', path: namespace.core('serviceaccounts/issued/token') },
    body: { spec: { audiences: [], expirationSeconds: requestedSeconds - 1 } },
  }
  await attempts.refused('token for less than ten minutes', transport, short, { status: 422, names: 'less than 10 minutes' }, signal)
  await using stranger = connectWith(endpoint)
  const bound = await namespace.token('issued', { pod: { name: 'issued', uid } }, signal)
  const review: ProofRequest = {
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    body: {},
    headers: bearer(bound),
  }
  const { text } = await request(stranger, review, signal)
  attempts.record({
    ...{ name: 'the pod in the identity of its token', sent: `POST ${review.path}`, expected: uid },
    ...{ answered: text.includes(uid) ? uid : text, held: text.includes(uid) },
  })
  const secret = await client.create(secrets, namespace.name, { metadata: { name: 'issued' } }, signal)
  const ofSecret = await namespace.token('issued', { secret: { name: 'issued', uid: secret.metadata.uid ?? '' } }, signal)
  const ask: ProofRequest = { ...review, headers: bearer(ofSecret) }
  await attempts.accepted('token that is bound to a Secret', stranger, ask, signal)
  await client.delete(secrets, namespace.name, 'issued', {}, signal)
  await attempts.refused('token that is bound to a Secret, when that is deleted', stranger, ask, { status: 401 }, signal)
  const body = podObject('nobody', harmlessSpec({ serviceAccountName: 'bulkhead-prove-nobody' }))
  const names = 'serviceaccount "bulkhead-prove-nobody" not found'
  await attempts.refused(
    'pod of an account that does not exist',
    transport,
    { method: 'POST', path: namespace.core('pods?dryRun=All'), body },
    { names },
    signal,
  )
}

function claimsOf(token: string): Readonly<Record<string, unknown>> {
  const value: unknown = parseJson(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
