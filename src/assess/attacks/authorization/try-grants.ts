// Tries each narrow grant: what it grants succeeds, and everything one step beyond is refused by the authorizer, in these words.
import { inParallel } from '../../in-parallel.ts'
import type { ProofContext } from '../../proof.ts'
import { type Answer, type ProofRequest, request } from '../../request.ts'
import { type Arena, accountSubject, bindClusterRole, grantClusterRole, grantRole, groupSubject, userSubject } from './arena.ts'
import { type Ask, askText, refusalOf, requestOf } from './ask.ts'
import { type GrantCase, grantCases } from './grants.ts'

type Headers = NonNullable<ProofRequest['headers']>

export async function tryGrants(arena: Arena, signal: AbortSignal): Promise<void> {
  const cases = grantCases({ first: arena.first.name, second: arena.second.name })
  await inParallel([...cases.entries()], ([index, grant]) => tryGrant(arena, grant, index, signal), 4)
}

async function tryGrant(arena: Arena, grant: GrantCase, index: number, signal: AbortSignal): Promise<void> {
  const { context, first, second, cluster } = arena
  const { bound = 'Role', subject, rules, granted, refused } = grant
  const user = userOf(arena, `case-${index}`, subject)
  const team = `${cluster.prefix}:case-${index}-team`
  const otherAccount = accountSubject(`case-${index}`, second.name)
  const bindTo = {
    'account of the second namespace': otherAccount,
    'account of the second namespace with the name of one of the first': otherAccount,
    group: groupSubject(team),
    'user with the name of a group': userSubject(team),
    'group with the name of the user': groupSubject(user),
    user: userSubject(user),
  }[subject ?? 'user']
  if (typeof rules === 'string') await bindClusterRole(arena, rules, `case-${index}`, bindTo, first, signal)
  else if (bound === 'Role') await grantRole(arena, first, `case-${index}`, rules, bindTo, signal)
  else await grantClusterRole(arena, `case-${index}`, rules, bindTo, bound === 'ClusterRole' ? undefined : first, signal)
  const headers: Headers = { 'impersonate-user': user, ...(subject === undefined ? {} : { 'impersonate-group': [team] }) }
  await inParallel(granted, ask => isGranted(context, `${grant.name}: ${askText(ask)}`, ask, headers, signal))
  await inParallel(refused, ask => isRefused(context, `beyond ${grant.name}: ${askText(ask)}`, ask, headers, signal))
}

function userOf({ cluster, first, second }: Arena, name: string, subject: GrantCase['subject']): string {
  if (subject === 'account of the second namespace') return `system:serviceaccount:${second.name}:${name}`
  if (subject === 'account of the second namespace with the name of one of the first') return `system:serviceaccount:${first.name}:${name}`
  return `${cluster.prefix}:${name}`
}

export async function isRefused(
  { attempts, transport }: ProofContext,
  name: string,
  ask: Ask,
  headers: Headers,
  signal: AbortSignal,
): Promise<void> {
  await attempts.refused(name, transport, { ...requestOf(ask), headers }, { names: refusalOf(ask) }, signal)
}

/** The authorizer let it pass: what comes after it may still refuse, or find nothing. */
async function isGranted(
  { attempts, transport }: ProofContext,
  name: string,
  ask: Ask,
  headers: Headers,
  signal: AbortSignal,
): Promise<void> {
  const question = requestOf(ask)
  const answer = await request(transport, { ...question, headers }, signal)
  const answered = `answered ${answer.status}${answer.message === '' ? '' : ` (${answer.message})`}`
  attempts.record({ name, sent: `${question.method} ${question.path}`, expected: 'authorized', answered, held: isAuthorized(answer) })
}

export const isAuthorized = ({ status, message }: Answer): boolean =>
  status !== 401 && !(status === 403 && / cannot [a-z]+ (resource|path) /.test(message))
