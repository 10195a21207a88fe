// Tries each DenyRule as a member of its team, who may do everything, and as the member that it excepts; and every way to lift one from within a namespace.
import type { DenyRule } from '../../../api/types/bulkhead-v1alpha1.ts'
import type { PolicyRule, Subject } from '../../../api/types/rbac-v1.ts'
import { parseJson } from '../../../base/json.ts'
import { writeJson } from '../../../base/write-json.ts'
import { denyRules } from '../../../client/resources.ts'
import { inParallel } from '../../in-parallel.ts'
import { mergePatch, type ProofRequest, request } from '../../request.ts'
import { type Arena, accountSubject, bindClusterRole, grantClusterRole, groupSubject, userSubject } from './arena.ts'
import { askText, requestOf } from './ask.ts'
import { type DenialCase, denialCases, otherSpellings } from './deny-rules.ts'
import { isAuthorized, isGranted } from './try-grants.ts'

const everything: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
]
const secrets: readonly PolicyRule[] = [{ verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['secrets'] }]
const reason = 'proof A5'
const rules = '/apis/bulkhead.dev/v1alpha1/denyrules'
const as = (user: string, ...groups: string[]): NonNullable<ProofRequest['headers']> => ({
  'impersonate-user': user,
  ...(groups.length === 0 ? {} : { 'impersonate-group': groups }),
})

export async function tryDenyRules(arena: Arena, signal: AbortSignal): Promise<void> {
  const { first, second, cluster } = arena
  const team = `${cluster.prefix}:team`
  await grantClusterRole(arena, 'everything', everything, groupSubject(team), undefined, signal)
  const cases = denialCases({ first: first.name, second: second.name })
  await inParallel([...cases.entries()], ([index, denial]) => tryCase(arena, denial, `deny-${index}`, team, signal), 4)
  await trySubjects(arena, team, signal)
  await tryToLift(arena, signal)
}

async function create({ cluster }: Arena, name: string, spec: Omit<DenyRule['spec'], 'reason'>, signal: AbortSignal): Promise<string> {
  const metadata = { name: `${cluster.prefix}-${name}` }
  await cluster.create(denyRules, { metadata, spec: { reason, ...spec } }, signal)
  return metadata.name
}

const refusalBy = (rule: string) => ({ names: `denied by DenyRule "${rule}": ${reason}` })

async function tryCase(arena: Arena, denial: DenialCase, name: string, team: string, signal: AbortSignal): Promise<void> {
  const { context, cluster } = arena
  const { attempts, transport } = context
  const user = `${cluster.prefix}:${name}`
  const excepted = `${user}-excepted`
  const { refused, allowed, rules: denied, namespaces } = denial
  const own = `${user}-team`
  const spec = { subjects: [userSubject('nobody'), groupSubject(own)], exceptSubjects: [userSubject(excepted)], rules: denied }
  const rule = await create(arena, name, { ...spec, ...(namespaces === undefined ? {} : { namespaces }) }, signal)
  const headers = as(user, team, own)
  await inParallel(refused, async ask => {
    const what = `DenyRule of ${denial.name}: ${askText(ask)}`
    await attempts.refused(what, transport, { ...requestOf(ask), headers }, refusalBy(rule), signal)
    await isGranted(context, `${what}, as the excepted`, ask, as(excepted, team, own), signal)
  })
  await inParallel(allowed, ask => isGranted(context, `beyond DenyRule of ${denial.name}: ${askText(ask)}`, ask, headers, signal))
  if (denial.name !== 'one path') return
  for (const path of otherSpellings) {
    const { status } = await request(transport, { method: 'GET', path, headers }, signal)
    const held = status !== 200
    attempts.record({ name: `a denied path as ${path}`, sent: `GET ${path}`, expected: 'no page', answered: `answered ${status}`, held })
  }
}

/** Each kind of subject, and who only looks like one (none is also in a random DenyRule); what reviews and explanations say; a rule that changes or ends. */
async function trySubjects(arena: Arena, team: string, signal: AbortSignal): Promise<void> {
  const { context, first, cluster } = arena
  const { attempts, transport, client } = context
  const read = { verbs: ['get'], apiGroups: [''], resources: ['configmaps'] }
  const question: ProofRequest = { method: 'GET', path: first.core('configmaps/a') }
  const people: readonly (readonly [what: string, subject: Subject, denied: string, free: string])[] = [
    ['a user', userSubject(`${cluster.prefix}:denied`), `${cluster.prefix}:denied`, `${cluster.prefix}:denied-not`],
    [
      'an account',
      accountSubject('denied', first.name),
      `system:serviceaccount:${first.name}:denied`,
      `system:serviceaccount:${arena.second.name}:denied`,
    ],
  ]
  await inParallel(people, async ([what, subject, denied, free]) => {
    const rule = await create(arena, `of-${subject.kind.toLowerCase()}`, { subjects: [subject], rules: [read] }, signal)
    await attempts.refused(`DenyRule of ${what}`, transport, { ...question, headers: as(denied, team) }, refusalBy(rule), signal)
    await passes(arena, `DenyRule of ${what}: another`, { ...question, headers: as(free, team) }, signal)
    // A group with the name of the user is not the user.
    await passes(arena, `DenyRule of ${what}: a group of its name`, { ...question, headers: as(free, team, denied) }, signal)
  })
  const user = `${cluster.prefix}:reviewed`
  const headers = as(user, team)
  const name = await create(arena, 'reviewed', { subjects: [userSubject(user)], namespaces: [first.name], rules: secrets.slice() }, signal)
  await tryReviews(arena, name, headers, signal)
  await attempts.refused('DenyRule as created', transport, { method: 'GET', path: first.core('secrets'), headers }, refusalBy(name), signal)
  const others = { spec: { subjects: [userSubject(`${user}-other`)] } }
  await client.patch(denyRules, '', name, others, { type: 'merge' }, signal)
  await passes(arena, 'DenyRule that names others now', { method: 'GET', path: first.core('secrets'), headers }, signal)
  await client.patch(denyRules, '', name, { spec: { subjects: [userSubject(user)] } }, { type: 'merge' }, signal)
  await attempts.refused(
    'DenyRule that names it again',
    transport,
    { method: 'GET', path: first.core('secrets'), headers },
    refusalBy(name),
    signal,
  )
  await client.delete(denyRules, '', name, {}, signal)
  await passes(arena, 'DenyRule that was deleted', { method: 'GET', path: first.core('secrets'), headers }, signal)
}

async function passes(
  { context: { attempts, transport } }: Arena,
  name: string,
  question: ProofRequest,
  signal: AbortSignal,
): Promise<void> {
  const answer = await request(transport, question, signal)
  const answered = `answered ${answer.status}${answer.message === '' ? '' : ` (${answer.message})`}`
  attempts.record({ name, sent: `${question.method} ${question.path}`, expected: 'authorized', answered, held: isAuthorized(answer) })
}

/** What answers questions about rights must not promise what is refused. */
async function tryReviews(
  { context, first }: Arena,
  rule: string,
  headers: NonNullable<ProofRequest['headers']>,
  signal: AbortSignal,
): Promise<void> {
  const { attempts, transport } = context
  const review = async (name: string, question: ProofRequest, holds: (answer: unknown) => boolean): Promise<void> => {
    const { status, text } = await request(transport, { ...question, headers }, signal)
    const held = status < 300 && holds(parseJson(text))
    attempts.record({
      name,
      sent: `${question.method} ${question.path}`,
      expected: `the denial by "${rule}"`,
      answered: `answered ${status} ${text}`,
      held,
    })
  }
  const path = (kind: string): string => `/apis/authorization.k8s.io/v1/${kind}`
  for (const verb of ['get', '*']) {
    const resourceAttributes = { verb, resource: 'secrets', namespace: first.name }
    await review(
      `access review of ${verb}`,
      { method: 'POST', path: path('selfsubjectaccessreviews'), body: { spec: { resourceAttributes } } },
      answer => {
        const { allowed, denied, reason: why } = statusOf(answer)
        return allowed === false && denied === true && String(why).includes(rule)
      },
    )
  }
  await review(
    'review of rules',
    { method: 'POST', path: path('selfsubjectrulesreviews'), body: { spec: { namespace: first.name } } },
    answer => statusOf(answer)['incomplete'] === true && String(statusOf(answer)['evaluationError']).includes(rule),
  )
  await review(
    'explanation',
    { method: 'GET', path: `/bulkhead/v1/why?verb=get&resource=secrets&namespace=${first.name}` },
    answer =>
      typeof answer === 'object' && answer !== null && 'allowed' in answer && answer.allowed === false && writeJson(answer).includes(rule),
  )
}

function statusOf(answer: unknown): Record<string, unknown> {
  const status = typeof answer === 'object' && answer !== null && 'status' in answer ? answer.status : undefined
  return typeof status === 'object' && status !== null ? { ...status } : {}
}

/** As one who has all rights of an administrator of the namespace: neither the rule nor what it refuses is his to give. */
async function tryToLift(arena: Arena, signal: AbortSignal): Promise<void> {
  const { context, first, cluster } = arena
  const { attempts, transport } = context
  const user = `${cluster.prefix}:owner`
  const headers = as(user)
  await bindClusterRole(arena, 'admin', 'owner', userSubject(user), first, signal)
  const rule = await create(arena, 'owner', { subjects: [userSubject(user)], namespaces: [first.name], rules: secrets.slice() }, signal)
  const apiGroup = 'rbac.authorization.k8s.io'
  const written = { apiVersion: 'bulkhead.dev/v1alpha1', kind: 'DenyRule', metadata: { name: 'x' } }
  const writes: readonly (readonly [verb: string, question: ProofRequest])[] = [
    ['create', { method: 'POST', path: rules, body: written }],
    ['update', { method: 'PUT', path: `${rules}/${rule}`, body: { ...written, metadata: { name: rule } } }],
    ['patch', { method: 'PATCH', path: `${rules}/${rule}`, body: { spec: { subjects: [] } }, contentType: mergePatch }],
    ['delete', { method: 'DELETE', path: `${rules}/${rule}` }],
    ['deletecollection', { method: 'DELETE', path: rules }],
  ]
  await inParallel(writes, async ([verb, question]) => {
    const refusal = { names: `cannot ${verb} resource "denyrules"` }
    await attempts.refused(`DenyRule: ${verb} by an administrator of the namespace`, transport, { ...question, headers }, refusal, signal)
  })
  const group = (plural: string): string => first.group(`${apiGroup}/v1`, `${plural}?dryRun=All`)
  const role = (name: string, granted: readonly PolicyRule[]): ProofRequest => ({
    ...{ method: 'POST', path: group('roles'), headers, body: { metadata: { name }, rules: granted } },
  })
  const binding = (name: string): ProofRequest => ({
    ...{ method: 'POST', path: group('rolebindings'), headers },
    body: { metadata: { name }, roleRef: { apiGroup, kind: 'ClusterRole', name }, subjects: [accountSubject('default', first.name)] },
  })
  const podReader = { verbs: ['get'], apiGroups: [''], resources: ['pods'] }
  await attempts.refused('a role with what a DenyRule refuses', transport, role('lifts', [podReader, ...secrets]), refusalBy(rule), signal)
  await attempts.refused('a binding of a role with what a DenyRule refuses', transport, binding('edit'), refusalBy(rule), signal)
  await attempts.accepted('a role without what a DenyRule refuses', transport, role('harmless', [podReader]), signal)
  await attempts.accepted('a binding of a role without what a DenyRule refuses', transport, binding('view'), signal)
}
