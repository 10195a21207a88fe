// The cost of a tenant's worst roles and bindings for others and the tenant itself, in steps, entries and characters.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Attributes } from '../access.ts'
import { createAuthorization } from '../authorize.ts'
import { createRbacAuthorizer, maxDecisionSteps } from '../authorizers/rbac.ts'
import { bootstrapPolicy } from '../bootstrap-policy/index.ts'
import { type RbacObject, rbacGroup } from '../rules/rbac-object.ts'
import { createExplainAccess } from './explain-access.ts'
import { checkRbacEscalation } from './rbac-escalation.ts'
import { maxReviewed, reviewedRules } from './reviewed-rules.ts'
import { attackedNamespace, attacker, differentSubjects, wordsOf, worstRbac } from './tenant-attack.testing.ts'

const scale = { roles: 10, bindingsOfRole: 30, rulesOfRole: 3000, subjectsOfBinding: 400, missingRoles: 300 }
const attack = worstRbac(scale)
const victim = { name: 'ann', groups: ['system:authenticated'] }
const peace: RbacObject[] = [
  ...bootstrapPolicy,
  {
    kind: 'RoleBinding',
    object: {
      metadata: { name: 'ann', namespace: 'good' },
      roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name: 'edit' },
      subjects: [{ kind: 'User', name: 'ann' }],
    },
  },
]
const authorizerOf = (objects: readonly RbacObject[]) => createRbacAuthorizer({ list: () => objects, onChange: () => undefined })
const asked = (user: Attributes['user'], namespace: string, verb: string, resource = 'configmaps'): Attributes => ({
  ...{ user, namespace, verb, isResource: true, group: '', version: 'v1', resource },
  ...{ subresource: '', name: 'x', path: '' },
})

test('the attack costs the requests of others nothing', () => {
  const [calm, attacked] = [authorizerOf(peace), authorizerOf([...peace, ...attack])]
  for (const attributes of [asked(victim, 'good', 'update'), asked(victim, 'good', 'get', 'nodes'), asked(victim, '', 'list')]) {
    const verdicts = [calm, attacked].map(rbac => rbac.authorize(attributes).decision)
    assert.equal(verdicts[0], verdicts[1])
  }
  assert.ok(calm.work().steps > 0)
  assert.equal(attacked.work().steps, calm.work().steps)
})

test('a refused request of the attacker stays within the limits of cost and message', () => {
  const rbac = authorizerOf([...peace, ...attack])
  const attributes = asked(attacker, attackedNamespace, 'get')
  const { decision, reason } = rbac.authorize(attributes)
  assert.equal(decision, 'no-opinion')
  assert.ok(reason.length < 4096, `${reason.length} characters`)
  const { bindings, more } = createExplainAccess(rbac)(attributes)
  assert.ok(JSON.stringify(bindings).length < 4096)
  assert.equal(bindings.length + more, scale.roles * scale.bindingsOfRole + scale.missingRoles)
  // The decision, the missing roles, and the bindings that explain it.
  assert.ok(rbac.work().steps <= 3 * (maxDecisionSteps + 3), `${rbac.work().steps} steps`)
})

test('the index grows linearly with the written objects, not with their products', () => {
  const { grants, entries } = authorizerOf(attack).work()
  assert.equal(grants, (scale.roles * scale.bindingsOfRole + scale.missingRoles) * differentSubjects(scale.subjectsOfBinding))
  assert.ok(entries > 0 && entries <= 2 * wordsOf(attack), `${entries} entries for ${wordsOf(attack)} words`)
})

test('a change of a role that is bound many times reads its rules alone', () => {
  const listeners: ((change: { deleted: boolean } & RbacObject) => void)[] = []
  const objects = worstRbac({ ...scale, roles: 1, bindingsOfRole: 300, missingRoles: 0 })
  const rbac = createRbacAuthorizer({ list: () => objects, onChange: listener => void listeners.push(listener) })
  let reads = 0
  const rules = Array.from({ length: 100 }, (_, at) => ({
    get verbs() {
      reads += 1
      return ['update']
    },
    apiGroups: [''],
    resources: ['configmaps'],
    resourceNames: [`n${at}`],
  }))
  const changed: RbacObject = { kind: 'Role', object: { metadata: { name: 'r0', namespace: attackedNamespace }, rules } }
  for (const listener of listeners) listener({ deleted: false, ...changed })
  assert.ok(reads <= 3 * rules.length, `${reads} reads`)
  assert.equal(rbac.authorize({ ...asked(attacker, attackedNamespace, 'update'), name: 'n99' }).decision, 'allow')
})

test('a review of the rules of the attacker lists no more than its bounds', () => {
  const rbac = authorizerOf([...peace, ...attack])
  const status = reviewedRules([rbac], rbac, { concerning: () => [] }, attacker, attackedNamespace)
  assert.equal(status.incomplete, true)
  assert.ok(status.resourceRules.length <= maxReviewed.rules)
  assert.ok(JSON.stringify(status).length < 3 * maxReviewed.characters)
})

test('a role that the attacker may not write is refused in a bounded text', async () => {
  const rbac = authorizerOf([...peace, ...attack])
  const rules = Array.from({ length: 4000 }, (_, at) => ({ verbs: ['get'], apiGroups: [''], resources: [`secrets${at}`] }))
  const error = await checkRbacEscalation(
    {
      ...{ operation: 'CREATE', resource: { group: rbacGroup, plural: 'roles' }, subresource: '', namespace: attackedNamespace, name: 'x' },
      ...{ object: { metadata: { name: 'x' }, rules } as RbacObject['object'], oldObject: undefined, user: attacker },
    },
    { authorization: createAuthorization([rbac]), rbac, denyRules: { concerning: () => [] } },
  )
  assert.equal(error?.status.code, 403)
  assert.ok((error?.message.length ?? 0) < 32_768, `${error?.message.length} characters`)
})
