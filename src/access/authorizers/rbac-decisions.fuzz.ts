// Random roles and questions: the index decides each as an evaluation by Kubernetes' documentation does, which shares no code with it. An input is a seed
// for 100 decisions, so `npm run fuzz -- rbac-decisions --iterations 100000` makes ten million.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import type { DenyRule } from '../../api/types/bulkhead-v1alpha1.ts'
import { randomQuestion, randomRoles } from '../../assess/attacks/authorization/random-roles.ts'
import { type AccessObjects, isAllowed, type RbacQuestion } from '../../assess/oracles/rbac.ts'
import { randomOf } from '../../base/data/random.ts'
import type { FuzzTarget } from '../../base/testing/fuzz-target.testing.ts'
import type { Attributes } from '../access.ts'
import { aggregatedRules } from '../rules/cluster-role-aggregation.ts'
import type { RbacObject } from '../rules/rbac-object.ts'
import { createDenyRules } from './deny-rules.ts'
import { source } from './rbac.fixture.ts'
import { createRbacAuthorizer } from './rbac.ts'

const names = { prefix: 'random', namespaces: ['n1', 'n2'] } as const
const questionsPerInput = 100

export const rbacDecisions: FuzzTarget = {
  name: 'rbac-decisions',
  inputs: fc.uint8Array({ minLength: 8, maxLength: 8 }),
  maxBytes: 8,
  run: input => void decide(input),
}

/** Compares 100 decisions, and returns how many of them are allowed. */
export function decide(input: Buffer): number {
  const random = randomOf(createHash('sha256').update(input).digest().readInt32LE(0))
  const objects = randomRoles(random, names)
  const rbac = createRbacAuthorizer(sourceOf(objects, random))
  const denyRules = createDenyRules({
    isClusterScoped: () => false,
    follow: listener => followRandomly(objects.denyRules, random, listener),
  })
  let allowed = 0
  for (let left = questionsPerInput; left > 0; left--) {
    const question = randomQuestion(random, objects, names)
    const wanted = isAllowed(objects, question)
    const attributes = attributesOf(question)
    const decided = denyRules.authorize(attributes).decision !== 'deny' && rbac.authorize(attributes).decision === 'allow'
    assert.equal(decided, wanted, JSON.stringify({ question, objects }))
    if (wanted) allowed++
  }
  return allowed
}

/** Half of the objects come as changes, some after another version of them, so that the index is also compared where it follows. */
function sourceOf(objects: AccessObjects, random: () => number) {
  const all: RbacObject[] = [
    ...objects.roles.map(object => ({ kind: 'Role', object }) as const),
    ...objects.clusterRoles.map(
      object =>
        ({ kind: 'ClusterRole', object: { ...object, rules: aggregatedRules(object, objects.clusterRoles) ?? object.rules } }) as const,
    ),
    ...objects.roleBindings.map(object => ({ kind: 'RoleBinding', object }) as const),
    ...objects.clusterRoleBindings.map(object => ({ kind: 'ClusterRoleBinding', object }) as const),
  ]
  const late = all.filter(() => random() < 0.5)
  const stored = source(all.filter(object => !late.includes(object)))
  const { onChange } = stored
  return {
    ...stored,
    onChange(listener: Parameters<typeof onChange>[0]) {
      onChange(listener)
      for (const object of late) {
        if (random() < 0.3) stored.emit({ ...otherVersion(object, all), deleted: false })
        if (random() < 0.2) stored.emit({ ...object, deleted: true })
        stored.emit({ ...object, deleted: false })
      }
    },
  }
}

/** Each DenyRule, some after another version of it or after its deletion. */
function followRandomly(rules: readonly DenyRule[], random: () => number, listener: (name: string, rule: DenyRule | undefined) => void) {
  for (const rule of rules) {
    const name = rule.metadata.name ?? ''
    const other = rules[Math.floor(random() * rules.length)] ?? rule
    if (random() < 0.3) listener(name, { ...other, metadata: rule.metadata })
    if (random() < 0.2) listener(name, undefined)
    listener(name, rule)
  }
}

/** The same name with the content of another object of the kind. */
function otherVersion(object: RbacObject, all: readonly RbacObject[]): RbacObject {
  const other = all.find(({ kind, object: { metadata } }) => kind === object.kind && metadata.name !== object.object.metadata.name)
  return other === undefined ? object : ({ kind: object.kind, object: { ...other.object, metadata: object.object.metadata } } as RbacObject)
}

function attributesOf({ user, groups, verb, target }: RbacQuestion): Attributes {
  const none = { group: '', version: 'v1', resource: '', subresource: '', namespace: '', name: '', path: '' }
  const about = 'url' in target ? { isResource: false, path: target.url } : { isResource: true, ...target }
  return { user: { name: user, groups }, verb, ...none, ...about }
}
