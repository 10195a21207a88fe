// Tries to act as others with one right to do so at a time: as accounts with tokens, because nobody acts through two others.
import { inParallel } from '../../in-parallel.ts'
import { connectWith, type ProofRequest } from '../../request.ts'
import { type Arena, accountSubject, grantClusterRole, grantRole } from './arena.ts'
import { type Identity, type ImpersonationCase, identityText, impersonationCases, impersonationHeaders } from './impersonation.ts'

const selfReview = { method: 'POST', path: '/apis/authentication.k8s.io/v1/selfsubjectreviews', body: {} } as const

export async function tryImpersonation(arena: Arena, signal: AbortSignal): Promise<void> {
  const cases = impersonationCases(arena.first.name, arena.second.name)
  await inParallel([...cases.entries()], ([index, one]) => tryCase(arena, one, `actor-${index}`, signal), 4)
}

async function tryCase(
  arena: Arena,
  { name, rules, namespaced = false, granted, refused }: ImpersonationCase,
  account: string,
  signal: AbortSignal,
) {
  const { context, first } = arena
  const { attempts, endpoint } = context
  await first.account(account, signal)
  const subject = accountSubject(account, first.name)
  if (namespaced) await grantRole(arena, first, account, rules, subject, signal)
  else if (rules.length > 0) await grantClusterRole(arena, account, rules, subject, undefined, signal)
  await using transport = connectWith(endpoint, { token: await first.token(account, {}, signal) })
  const question = (identity: Identity): ProofRequest => ({ ...selfReview, headers: impersonationHeaders(identity) })
  for (const identity of granted) {
    const title = `act as ${identityText(identity)}, with a right for ${name}`
    const answer = await attempts.accepted(title, transport, question(identity), signal)
    const strange = strangeIdentity(answer.text, identity)
    if (strange !== undefined)
      attempts.record({ name: `${title}: the identity`, sent: 'the same', expected: 'only this identity', answered: strange, held: false })
  }
  await inParallel(refused, ([identity, resource]) => {
    const refusal =
      resource === '' ? { status: 400, names: 'without impersonating a user' } : { names: `cannot impersonate resource "${resource}"` }
    return attempts.refused(`act as ${identityText(identity)}, with a right for ${name}`, transport, question(identity), refusal, signal)
  })
}

/** What the review says beyond the requested identity. Groups that every user or account has are expected. */
function strangeIdentity(text: string, { user = '', groups = [], uid }: Identity): string | undefined {
  const expected = new Set([...groups, 'system:authenticated', 'system:serviceaccounts', `system:serviceaccounts:${user.split(':')[2]}`])
  const found = /"username":"([^"]*)"/.exec(text)?.[1]
  if (found !== user) return `the user is "${found}"`
  const listed =
    /"groups":\[([^\]]*)\]/
      .exec(text)?.[1]
      ?.split(',')
      .map(group => group.slice(1, -1)) ?? []
  const more = listed.find(group => !expected.has(group))
  if (more !== undefined) return `it is in group "${more}"`
  if (groups.some(group => !listed.includes(group))) return 'a requested group is missing'
  return uid === undefined && text.includes('"uid"') ? 'it has a uid' : undefined
}
