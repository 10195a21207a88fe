import { randomInt } from 'node:crypto'
import type { Arena } from '../attacks/authorization/arena.ts'
import { refusalOf, requestOf } from '../attacks/authorization/ask.ts'
import { tryAggregation } from '../attacks/authorization/try-aggregation.ts'
import { tryDenyRules } from '../attacks/authorization/try-deny-rules.ts'
import { tryEscalation } from '../attacks/authorization/try-escalation.ts'
import { tryGrants } from '../attacks/authorization/try-grants.ts'
import { tryImpersonation } from '../attacks/authorization/try-impersonation.ts'
import { tryOtherPaths } from '../attacks/authorization/try-other-paths.ts'
import { tryRandom } from '../attacks/authorization/try-random.ts'
import { tryRevocation } from '../attacks/authorization/try-revocation.ts'
import { ungrantedAsks } from '../attacks/authorization/ungranted.ts'
import { ClusterObjects } from '../cluster-objects.ts'
import { inParallel } from '../in-parallel.ts'
import { outcomeOf, type Proof } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'
import { connectWith } from '../request.ts'

const maxSeed = 2 ** 31

export const authorization: Proof = {
  id: 'A5',
  title: 'authorization',
  why: 'Rights must come only from grants, not from being authenticated or from a namespace',
  attack:
    'Request everything without a grant; then with one narrow grant at a time what is one step beyond it: another verb, subresource, name, group, namespace or URL; act as others, grant more than one holds, go on after revocation; request what one DenyRule at a time refuses, and lift it from within a namespace; compare random roles and DenyRules with an independent evaluation',
  expected:
    'Exactly the granted requests succeed, all others are 403 for the missing right or by the DenyRule, and a revoked right ends running requests',
  whenRed: 'Look for the binding by which the refused request was allowed: `bulkhead why --as USER VERB RESOURCE -n NAMESPACE` names it',
  async prove(context, signal) {
    await using first = await ProofNamespace.create(context, 'A5', signal)
    await using second = await ProofNamespace.create(context, 'A5', signal)
    await using cluster = new ClusterObjects(context, first)
    const arena = { context, first, second, cluster }
    const seed = randomInt(maxSeed)
    // Alone: each change of a DenyRule authorizes all long requests again, those too whose right was revoked without notice.
    await tryRevocation(arena, signal)
    const attacks = [tryAggregation, tryUngranted, tryGrants, tryImpersonation, tryEscalation, tryDenyRules, tryOtherPaths]
    const [compared] = await Promise.all([tryRandom(arena, seed, signal), ...attacks.map(attack => attack(arena, signal))])
    const { all } = context.attempts
    const refused = all.filter(({ expected }) => expected.startsWith('403')).length
    return outcomeOf([], `${refused} requests beyond a grant refused; ${compared} random decisions as the oracle's (seed ${seed})`)
  },
}

/** As an account and as a user that nobody has granted anything. */
async function tryUngranted({ context, first, cluster }: Arena, signal: AbortSignal): Promise<void> {
  const { attempts, endpoint } = context
  await first.account('fresh', signal)
  await using account = connectWith(endpoint, { token: await first.token('fresh', {}, signal) })
  const asks = ungrantedAsks(first.name)
  const user = { 'impersonate-user': `${cluster.prefix}:stranger` }
  await inParallel(asks, async ask => {
    const question = requestOf(ask)
    const refusal = { names: refusalOf(ask) }
    const what = `${question.method} ${question.path}`
    await attempts.refused(`new ServiceAccount: ${what}`, account, question, refusal, signal)
    await attempts.refused(`new user: ${what}`, context.transport, { ...question, headers: user }, refusal, signal)
  })
}
