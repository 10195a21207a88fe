import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Attributes } from '../access.ts'
import type { PolicyRule, Subject } from '../rules/rbac-object.ts'
import { binding, type Change, get, role, source } from './rbac.fixture.ts'
import { createRbacAuthorizer, maxDecisionSteps } from './rbac.ts'

const robot: Subject = { kind: 'ServiceAccount', name: 'robot' }
const asRobot = (rest: Partial<Attributes> = {}) => get('system:serviceaccount:default:robot', [], rest)
const numbered = <T>(count: number, make: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at))

test('a refusal lists ten roles that do not exist and counts the others', () => {
  const bindings = numbered(400, at => binding('RoleBinding', 'default', `b${at}`, ['Role', `${'gone'.repeat(100)}-${at}`], [robot]))
  const { reason } = createRbacAuthorizer(source(bindings)).authorize(asRobot())
  assert.match(reason, /, 390 more roles not found\]$/)
  assert.ok(reason.length < 4096, `${reason.length} characters`)
})

test('a role is tried once a decision, however many bindings and subjects name it', () => {
  const rules = numbered(4500, at => ({ verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: [`n${at}`] }))
  const subjects = numbered(8000, () => robot)
  const bindings = numbered(10, at => binding('RoleBinding', 'default', `b${at}`, ['Role', 'r'], subjects))
  const rbac = createRbacAuthorizer(source([role('r', rules), ...bindings]))
  assert.equal(rbac.authorize(asRobot()).decision, 'no-opinion')
  // Each binding is visited once to try its role and once to look for missing ones, and each role once.
  assert.ok(rbac.work().steps <= 21, `${rbac.work().steps} steps`)
  assert.equal(rbac.authorize(asRobot({ name: 'n4499' })).decision, 'allow')
})

test('a decision ends without a right if its roles have more rules than it may compare', () => {
  const words = (letter: string, count: number) => numbered(count, at => `${letter}${at}`)
  // Each stands for so many rights that it is compared instead of looked up.
  const wide = (at: number): PolicyRule => ({
    verbs: ['get', ...words(`v${at}-`, 4)],
    apiGroups: words(`g${at}-`, 4),
    resources: ['pods'],
    resourceNames: words('n', 4),
  })
  const roles = numbered(10, at =>
    role(
      `r${at}`,
      numbered(4500, rule => wide(at * 4500 + rule)),
    ),
  )
  const last = role('z', [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }])
  const bindings = [...numbered(10, at => `r${at}`), 'z'].map(name => binding('RoleBinding', 'default', name, ['Role', name], [robot]))
  const few = createRbacAuthorizer(source([last, ...bindings]))
  assert.equal(few.authorize(asRobot()).decision, 'allow')
  const rbac = createRbacAuthorizer(source([...roles, last, ...bindings]))
  const { decision, reason } = rbac.authorize(asRobot())
  assert.deepEqual(
    [decision, reason],
    [
      'no-opinion',
      'RBAC: user "system:serviceaccount:default:robot" is bound to more roles and rules in namespace "default" than a decision compares (5000)',
    ],
  )
  // The last step of a rule, of a role and of a binding each find none left, and then the missing roles are not looked for.
  const { steps } = rbac.work()
  assert.ok(steps >= maxDecisionSteps && steps <= maxDecisionSteps + 3, `${steps} steps`)
})

test('the groups that a review names cost one look each, and none for each binding', () => {
  const groups = numbered(50_000, at => `group-${at}`)
  const subjects = groups.slice(0, 8000).map((name): Subject => ({ kind: 'Group', name }))
  const rbac = createRbacAuthorizer(source([binding('RoleBinding', 'default', 'b', ['Role', 'gone'], subjects)]))
  rbac.authorize(get('ann', [...groups, ...groups], {}))
  assert.ok(rbac.work().steps <= 16_000, `${rbac.work().steps} steps`)
})

test('a changed role or binding notifies only the users that it allowed', () => {
  const stored = source([])
  const rbac = createRbacAuthorizer(stored)
  const rules = [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }]
  const bound = binding('RoleBinding', 'default', 'b', ['Role', 'r'], [robot])
  const other = binding('RoleBinding', 'default', 'c', ['Role', 's'], [robot])
  for (const object of [role('r', rules), bound, role('s', []), other]) stored.emit({ ...object, deleted: false })
  let notified = 0
  const listen = () => {
    const decision = rbac.authorize(asRobot())
    assert.equal(decision.decision, 'allow')
    return 'basis' in decision ? decision.basis?.onChange(() => notified++) : undefined
  }
  const stop = listen()
  const changes: readonly { readonly name: string; readonly change: Change; readonly notified: number }[] = [
    { name: 'the same rules', change: { ...role('r', structuredClone(rules)), deleted: false }, notified: 0 },
    { name: 'another role', change: { ...role('s', rules), deleted: false }, notified: 0 },
    { name: 'another binding', change: { ...other, deleted: true }, notified: 0 },
    { name: 'the same binding', change: { ...structuredClone(bound), deleted: false }, notified: 0 },
    { name: 'other rules', change: { ...role('r', [...rules, ...rules]), deleted: false }, notified: 1 },
    { name: 'other subjects', change: { ...binding('RoleBinding', 'default', 'b', ['Role', 'r'], []), deleted: false }, notified: 1 },
  ]
  for (const { name, change, notified: expected } of changes) {
    notified = 0
    stored.emit(change)
    assert.equal(notified, expected, name)
  }
  stored.emit({ ...bound, deleted: false })
  const again = listen()
  stop?.()
  again?.()
  notified = 0
  stored.emit({ ...bound, deleted: true })
  assert.equal(notified, 0)
})
