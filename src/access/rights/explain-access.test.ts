import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Attributes } from '../access.ts'
import { createRbacAuthorizer } from '../authorizers/rbac.ts'
import { type RbacObject, rbacGroup, type Subject } from '../rules/rbac-object.ts'
import { ruleAllows } from '../rules/rule-match.ts'
import { allowText, createExplainAccess, smallestRule } from './explain-access.ts'

const ann = { name: 'ann', groups: ['dev', 'system:authenticated'] }
const asked = (more: Partial<Attributes> = {}): Attributes => ({
  ...{
    user: ann,
    verb: 'get',
    isResource: true,
    group: '',
    version: 'v1',
    resource: 'pods',
    subresource: '',
    namespace: 'a',
    name: '',
    path: '',
  },
  ...more,
})

const rules: readonly { readonly name: string; readonly attributes: Attributes; readonly rule: object }[] = [
  { name: 'a collection', attributes: asked({ verb: 'list' }), rule: { apiGroups: [''], resources: ['pods'], verbs: ['list'] } },
  {
    name: 'one object',
    attributes: asked({ name: 'web', group: 'apps', resource: 'deployments' }),
    rule: { apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['web'], verbs: ['get'] },
  },
  {
    name: 'a subresource',
    attributes: asked({ name: 'web', subresource: 'exec', verb: 'create' }),
    rule: { apiGroups: [''], resources: ['pods/exec'], resourceNames: ['web'], verbs: ['create'] },
  },
  {
    name: 'a path',
    attributes: asked({ isResource: false, resource: '', path: '/metrics' }),
    rule: { nonResourceURLs: ['/metrics'], verbs: ['get'] },
  },
]
for (const { name, attributes, rule } of rules) {
  test(`smallestRule() for ${name} allows the request, and no other name, verb, resource or path`, () => {
    const smallest = smallestRule(attributes)
    assert.deepEqual(smallest, rule)
    assert.ok(ruleAllows(smallest, attributes))
    for (const other of [{ verb: 'delete' }, { resource: 'secrets', path: '/x' }, ...(attributes.name === '' ? [] : [{ name: 'other' }])])
      assert.ok(!ruleAllows(smallest, { ...attributes, ...other }), JSON.stringify(other))
  })
}

function bound(binding: string, role: string, subject: Subject, namespace?: string): RbacObject {
  const metadata = { name: binding, ...(namespace === undefined ? {} : { namespace }) }
  const object = { metadata, subjects: [subject], roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name: role } }
  return { kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding', object }
}
const user: Subject = { kind: 'User', apiGroup: rbacGroup, name: 'ann' }
const role = (name: string): RbacObject => ({ kind: 'ClusterRole', object: { metadata: { name }, rules: [] } })

test("explainAccess() lists the user's bindings for the request, without those of all users", () => {
  const explain = createExplainAccess(
    createRbacAuthorizer({
      list: () => [
        role('view'),
        bound('wide', 'view', { kind: 'Group', apiGroup: rbacGroup, name: 'dev' }),
        bound('here', 'view', user, 'a'),
        bound('broken', 'gone', user, 'a'),
        bound('elsewhere', 'view', user, 'b'),
        bound('system:basic-user', 'view', { kind: 'Group', apiGroup: rbacGroup, name: 'system:authenticated' }),
      ],
      onChange: () => undefined,
    }),
  )
  const { bindings, more, namespace } = explain(asked())
  assert.deepEqual(bindings, [
    'ClusterRoleBinding "wide" of ClusterRole "view" to Group "dev"',
    'RoleBinding "broken/a" of ClusterRole "gone" to User "ann", which does not exist',
    'RoleBinding "here/a" of ClusterRole "view" to User "ann"',
  ])
  assert.deepEqual([more, namespace], [0, 'a'])
  assert.deepEqual(explain(asked({ isResource: false, path: '/x' })).bindings, [bindings[0]])
})

test('explainAccess() lists ten bindings and counts the others', () => {
  const list = () => Array.from({ length: 30 }, (_, at) => bound(`b${at}`, 'view', user, 'a'))
  const { bindings, more } = createExplainAccess(createRbacAuthorizer({ list, onChange: () => undefined }))(asked())
  assert.deepEqual([bindings.length, more], [10, 20])
})

test('allowText() names the authorizers that allow without a word', () => {
  assert.match(allowText(['system:masters'], ''), /^SystemMasters: /)
  assert.match(allowText(['system:nodes'], ''), /^Node: /)
  assert.equal(allowText(['system:masters'], 'RBAC: allowed by x'), 'RBAC: allowed by x')
})
