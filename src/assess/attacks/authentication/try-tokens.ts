// Tries tokens: forged from a genuine one, signed by the cluster's key with one rule broken, and genuine ones whose account, pod or Secret has gone.
import { createPublicKey } from 'node:crypto'
import { pods, secrets, serviceAccounts } from '../../../client/resources.ts'
import { inParallel } from '../../in-parallel.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec, podObject } from '../../proof-pods.ts'
import { connectWith } from '../../request.ts'
import { forgedTokens, nearTokens } from './forged-tokens.ts'
import { bearer, isNobody, isReviewed, isUser } from './identity-check.ts'

export async function tryTokens(context: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<void> {
  await namespace.account('genuine', signal)
  await using transport = connectWith(context.endpoint)
  const user = `system:serviceaccount:${namespace.name}:genuine`
  const genuine = await namespace.token('genuine', {}, signal)
  await isUser(context, 'genuine token', transport, user, signal, bearer(genuine))
  const foreign = await namespace.token('genuine', { audiences: ['https://bulkhead-prove.invalid'] }, signal)
  const refused = [
    ...forgedTokens(genuine, await publicKeys(context, signal)),
    { name: 'of another audience, issued by the cluster', token: foreign },
    { name: 'in the form of a join ticket', token: `bulkhead-join.aaaaaaaaaa.${'A'.repeat(32)}` },
    { name: 'in the form of a bootstrap token', token: 'aaaaaa.aaaaaaaaaaaaaaaa' },
    { name: 'of no form', token: 'bulkhead-prove' },
  ]
  await inParallel(refused, ({ name, token }) => isNobody(context, `token ${name}`, transport, signal, bearer(token)))
  for (const [name, authorization] of headers(genuine)) await isNobody(context, name, transport, signal, { authorization })
  const keys = await context.machine.keys?.(signal)
  if (keys === undefined) return
  const [twin, ...near] = nearTokens(genuine, keys.token, context.clock.now())
  await isUser(context, `token ${twin.name}`, transport, user, signal, bearer(twin.token))
  await inParallel(near, ({ name, token }) =>
    isNobody(context, `token ${name}, signed by the cluster's key`, transport, signal, bearer(token)),
  )
  // Others ask the server about tokens: its answer must be the same.
  const review = (name: string) => `review of a token ${name}, signed by the cluster's key`
  await isReviewed(context, review(twin.name), twin.token, true, signal)
  await inParallel(near, ({ name, token }) => isReviewed(context, review(name), token, false, signal))
}

const headers = (token: string): readonly (readonly [string, string])[] => [
  ['basic authentication', `Basic ${Buffer.from('bulkhead-admin:admin').toString('base64')}`],
  ['basic authentication with a token as password', `Basic ${Buffer.from(`token:${token}`).toString('base64')}`],
  ['a token without its scheme', token],
  ['a token of another scheme', `Negotiate ${token}`],
  ['an empty token', 'Bearer'],
  ['two tokens', `Bearer ${token} ${token}`],
]

/** For algorithm confusion, an attacker uses any public key that the verifier may have. */
async function publicKeys({ machine, endpoint }: ProofContext, signal: AbortSignal): Promise<readonly string[]> {
  const authority = createPublicKey(endpoint.ca).export({ type: 'spki', format: 'pem' }).toString()
  return [...((await machine.tokenKeys?.(signal)) ?? []), authority]
}

/** Each is accepted before, and refused once what it is bound to is gone, also when another object has the name. */
export async function tryBoundTokens(context: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<void> {
  const { client } = context
  await using transport = connectWith(context.endpoint)
  const { name } = namespace
  await namespace.account('bound', signal)
  const makePod = () => client.create(pods, name, podObject('bound', harmlessSpec({ serviceAccountName: 'bound' })), signal)
  const makeSecret = () => client.create(secrets, name, { metadata: { name: 'bound' } }, signal)
  const now = { gracePeriodSeconds: 0 }
  const uidOf = ({ metadata }: { readonly metadata: { readonly uid?: string } }) => ({ name: 'bound', uid: metadata.uid ?? '' })
  const bonds = [
    {
      what: 'pod',
      token: await namespace.token('bound', { pod: uidOf(await makePod()) }, signal),
      end: () => client.delete(pods, name, 'bound', now, signal),
      again: makePod,
    },
    {
      what: 'Secret',
      token: await namespace.token('bound', { secret: uidOf(await makeSecret()) }, signal),
      end: () => client.delete(secrets, name, 'bound', {}, signal),
      again: makeSecret,
    },
    {
      what: 'account',
      token: await namespace.token('bound', {}, signal),
      end: () => client.delete(serviceAccounts, name, 'bound', {}, signal),
      again: () => namespace.account('bound', signal),
    },
  ]
  // The account is the last, because all of them need it.
  for (const { what, token, end, again } of bonds) {
    await isUser(context, `token of its ${what}`, transport, `system:serviceaccount:${name}:bound`, signal, bearer(token))
    await end()
    await isNobody(context, `token whose ${what} was deleted`, transport, signal, bearer(token))
    await again()
    await isNobody(context, `token whose ${what} was deleted and made again with the same name`, transport, signal, bearer(token))
  }
}
