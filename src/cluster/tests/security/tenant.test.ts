// A tenant with ClusterRole `admin` in one namespace writes the worst roles and bindings through the API: the server's answers to others and
// to itself stay small.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attackedNamespace, attacker, worstRbac } from '../../../access/rights/tenant-attack.testing.ts'
import { admin, person, SecuredApi } from '../secured-api.testing.ts'

const rbacGroup = 'rbac.authorization.k8s.io'
const limit = { timeout: 60_000 }
const scale = { roles: 4, bindingsOfRole: 20, rulesOfRole: 1500, subjectsOfBinding: 200, missingRoles: 60 }
const boss = person('mallory')
const asRobot = { ...attacker, groups: [...attacker.groups, 'system:authenticated'] }

async function attacked(): Promise<SecuredApi> {
  const api = await SecuredApi.open()
  await api.create('/api/v1/namespaces', { metadata: { name: attackedNamespace } })
  const ofNamespace = (plural: string) => `/apis/${rbacGroup}/v1/namespaces/${attackedNamespace}/${plural}`
  await api.create(ofNamespace('rolebindings'), {
    metadata: { name: 'boss' },
    subjects: [{ kind: 'User', apiGroup: rbacGroup, name: boss.name }],
    roleRef: { kind: 'ClusterRole', apiGroup: rbacGroup, name: 'admin' },
  })
  let gone = 0
  for (const { kind, object } of worstRbac(scale)) {
    if (kind === 'Role') {
      // A tenant cannot grant what it lacks: here its own rights on ConfigMaps, by name.
      const { status, text } = await api.request(boss, 'POST', ofNamespace('roles'), { ...object, rules: object.rules?.map(grantable) })
      assert.equal(status, 201, text.slice(0, 500))
    } else if (kind === 'RoleBinding') {
      const { name } = object.roleRef
      // A role can be deleted once it is bound.
      if (name.startsWith('gone')) await api.request(boss, 'POST', ofNamespace('roles'), { metadata: { name }, rules: [] })
      const { status, text } = await api.request(boss, 'POST', ofNamespace('rolebindings'), object)
      assert.equal(status, 201, text.slice(0, 500))
      if (name.startsWith('gone')) gone += (await api.request(boss, 'DELETE', `${ofNamespace('roles')}/${name}`)).status === 200 ? 1 : 0
    }
  }
  assert.equal(gone, scale.missingRoles)
  return api
}

const grantable = (rule: object) => ({
  ...rule,
  verbs: ['get', 'list', 'watch', 'create', 'update'],
  apiGroups: [''],
  resources: ['configmaps'],
})

async function steps(api: SecuredApi): Promise<number> {
  const { text } = await api.request(admin, 'GET', '/metrics')
  return Number(/^bulkhead_rbac_steps_total (\d+)$/m.exec(text)?.[1])
}

test('the worst roles and bindings of a tenant make no answer large and no decision long', limit, async () => {
  await using api = await attacked()
  const secrets = `/api/v1/namespaces/${attackedNamespace}/secrets`
  const before = await steps(api)
  const refused = await api.request(asRobot, 'GET', secrets)
  assert.equal(refused.status, 403)
  assert.ok(refused.text.length < 8192, `${refused.text.length} bytes`)
  assert.match(refused.json.message, /more roles not found\]$/)
  const of403 = (await steps(api)) - before
  // Each binding by the account and its three groups, for the decision, for the missing roles and for the explanation; each role once.
  const most = 3 * 4 * (scale.roles * scale.bindingsOfRole + scale.missingRoles + 1) + 100
  assert.ok(of403 > 0 && of403 < most, `${of403} steps`)

  const review = await api.request(asRobot, 'POST', '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', {
    spec: { namespace: attackedNamespace },
  })
  assert.equal(review.status, 201)
  assert.ok(review.text.length < 3 * 2 ** 20, `${review.text.length} bytes`)

  const why = await api.request(asRobot, 'GET', '/bulkhead/v1/why/last')
  assert.equal(why.status, 200)
  assert.ok(why.text.length < 16_384, `${why.text.length} bytes`)

  const calm = await steps(api)
  assert.equal((await api.request(person('ann'), 'GET', '/api/v1/namespaces/default/configmaps')).status, 403)
  const ofOthers = (await steps(api)) - calm
  assert.ok(ofOthers < 100, `${ofOthers} steps`)
})
