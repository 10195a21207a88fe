// Compares decisions of the cluster about random roles with an evaluation by Kubernetes' documentation: access reviews, and real requests.

import { randomOf } from '../../../base/data/random.ts'
import { parseJson } from '../../../base/json.ts'
import { writeJson } from '../../../base/write-json.ts'
import { clusterRoleBindings, clusterRoles, denyRules, roleBindings, roles } from '../../../client/resources.ts'
import { inParallel } from '../../in-parallel.ts'
import { type AccessObjects, isAllowed, type RbacQuestion } from '../../oracles/rbac.ts'
import { request } from '../../request.ts'
import { within } from '../../until.ts'
import type { Arena } from './arena.ts'
import { type Ask, askText, requestOf } from './ask.ts'
import { randomQuestion, randomRoles } from './random-roles.ts'
import { isAuthorized } from './try-grants.ts'

const reviews = 300
const requests = 100
const collectMs = 10_000

/** Returns how many decisions were compared. `seed` is in the name of each attempt, so that a difference can be found again. */
export async function tryRandom(arena: Arena, seed: number, signal: AbortSignal): Promise<number> {
  const { context, first, second, cluster } = arena
  const { attempts, transport } = context
  const random = randomOf(seed)
  const names = { prefix: cluster.prefix, namespaces: [first.name, second.name] } as const
  const objects = randomRoles(random, names)
  await store(arena, objects, signal)
  const questions = Array.from({ length: reviews + requests }, () => randomQuestion(random, objects, names))
  let compared = 0
  await inParallel([...questions.entries()], async ([index, drawn]) => {
    // Which requests exist is not for RBAC to decide, so that only a review can be about any of them.
    const real = index < reviews ? undefined : realQuestion(drawn)
    const question = real ?? drawn
    const wanted = isAllowed(objects, question)
    const sent = real === undefined ? reviewOf(question) : { ...requestOf(askOf(question)), headers: headersOf(question) }
    const answer = await request(transport, sent, signal)
    const allowed = real === undefined ? allowedBy(answer.text) : isAuthorized(answer)
    compared++
    const name = `random decision ${index} of seed ${seed}: ${question.user} [${question.groups.join(' ')}] ${askText(askOf(question))}`
    const expected = wanted ? 'allowed' : 'refused'
    const answered = `answered ${answer.status}, ${allowed === undefined ? answer.text.slice(0, 200) : allowed ? 'allowed' : 'refused'}`
    attempts.record({ name, sent: `${sent.method} ${sent.path}`, expected, answered, held: allowed === wanted })
  })
  return compared
}

async function store({ context: { client, clock, attempts }, cluster }: Arena, objects: AccessObjects, signal: AbortSignal): Promise<void> {
  for (const role of objects.clusterRoles) await cluster.create(clusterRoles, role, signal)
  await inParallel(objects.roles, role => client.create(roles, role.metadata.namespace ?? '', role, signal))
  for (const binding of objects.clusterRoleBindings) await cluster.create(clusterRoleBindings, binding, signal)
  for (const rule of objects.denyRules) await cluster.create(denyRules, rule, signal)
  await inParallel(objects.roleBindings, binding => client.create(roleBindings, binding.metadata.namespace ?? '', binding, signal))
  // A controller collects the rules of the one that aggregates.
  const collecting = objects.clusterRoles.find(({ aggregationRule }) => aggregationRule !== undefined)?.metadata.name ?? ''
  const expected = objects.clusterRoles.filter(({ metadata }) => metadata.labels !== undefined).flatMap(({ rules }) => rules ?? [])
  const wanted = new Set(expected.map(rule => writeJson(rule))).size
  let found = 0
  const isCollected = async () => {
    found = (await client.get(clusterRoles, '', collecting, signal)).rules?.length ?? 0
    return found >= wanted ? true : undefined
  }
  if (await within(collectMs, clock, isCollected, signal)) return
  attempts.record({
    name: 'rules of an aggregated ClusterRole',
    sent: `GET ${collecting}`,
    expected: `${wanted} rules`,
    answered: `${found} rules after ${collectMs / 1000} s`,
    held: false,
  })
}

/** The question as a request can ask it; undefined if none can, or if its answer would be a stream. */
function realQuestion(question: RbacQuestion): RbacQuestion | undefined {
  const { verb, target } = question
  if ('url' in target) return verb === 'get' || verb === 'post' ? question : undefined
  const { group, resource, subresource, namespace, name } = target
  const isServed =
    group === 'apps'
      ? resource === 'deployments' && (subresource === '' || subresource === 'scale')
      : group === '' && resource !== 'deployments' && subresource === ''
  if (namespace === '' || !isServed || verb === 'watch') return undefined
  const isOfMany = subresource === '' && (verb === 'create' || verb === 'deletecollection' || verb === 'list')
  if (isOfMany) return { ...question, target: { ...target, name: '' } }
  return name === '' || verb === 'list' || verb === 'deletecollection' ? undefined : question
}

const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'] as const

function askOf({ verb, target }: RbacQuestion): Ask {
  if ('url' in target) return { verb: verb === 'post' ? 'post' : 'get', url: target.url }
  return { ...target, version: 'v1', verb: verbs.find(one => one === verb) ?? 'get' }
}

const headersOf = ({ user, groups }: RbacQuestion): Record<string, string | string[]> => ({
  'impersonate-user': user,
  // Without any group an account would be in those of all accounts.
  'impersonate-group': groups.length === 0 ? ['bulkhead-prove-none'] : [...groups],
})

function reviewOf({ user, groups, verb, target }: RbacQuestion) {
  const attributes = 'url' in target ? { nonResourceAttributes: { verb, path: target.url } } : { resourceAttributes: { verb, ...target } }
  return {
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    body: { spec: { user, groups, ...attributes } },
  } as const
}

function allowedBy(text: string): boolean | undefined {
  const answer: unknown = parseJson(text)
  const status = typeof answer === 'object' && answer !== null && 'status' in answer ? answer.status : undefined
  const allowed = typeof status === 'object' && status !== null && 'allowed' in status ? status.allowed : undefined
  return typeof allowed === 'boolean' ? allowed : undefined
}
