// The endpoint of `bulkhead why`: which users get explanations of which requests.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applyJsonPatch } from '../../../api/patch/json-patch.ts'
import type { UserInfo } from '../../../api/user.ts'
import { admin, person, restrictedPod, SecuredApi } from '../secured-api.testing.ts'

const ann = person('ann', 'dev')
const eve = person('eve')

async function refused(api: SecuredApi, user: UserInfo, method: string, path: string, body?: unknown): Promise<string> {
  const { status } = await api.request(user, method, path, body)
  assert.ok(status >= 400, `${method} ${path} was not refused`)
  return api.events.at(-1)?.auditID ?? ''
}
const why = (api: SecuredApi, user: UserInfo, rest: string) => api.request(user, 'GET', `/bulkhead/v1/why${rest}`)

async function grant(api: SecuredApi, user: string, rules: object[], namespace = 'default') {
  const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`
  await api.create(`${rbac}/roles`, { metadata: { name: `of-${user}` }, rules })
  await api.create(`${rbac}/rolebindings`, {
    metadata: { name: `to-${user}` },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: user }],
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: `of-${user}` },
  })
}

test('why explains a missing right to the refused user: existing bindings, and a sufficient rule', async () => {
  await using api = await SecuredApi.open()
  await grant(api, 'ann', [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }])
  const id = await refused(api, ann, 'DELETE', '/api/v1/namespaces/default/pods/web')
  const { status, json } = await why(api, ann, `/${id}`)
  assert.equal(status, 200)
  assert.equal(json.refusedBy, 'authorization')
  assert.deepEqual(json.authorization.missing, {
    bindings: ['RoleBinding "to-ann/default" of Role "of-ann" to User "ann"'],
    more: 0,
    rule: { apiGroups: [''], resources: ['pods'], resourceNames: ['web'], verbs: ['delete'] },
    namespace: 'default',
  })
  assert.equal((await why(api, ann, '/last')).json.auditID, id)
})

test('the rule that why names is enough', async () => {
  await using api = await SecuredApi.open()
  const path = '/api/v1/namespaces/default/configmaps/kube-root-ca.crt'
  const { rule } = (await why(api, ann, `/${await refused(api, ann, 'GET', path)}`)).json.authorization.missing
  await grant(api, 'ann', [rule])
  assert.notEqual((await api.request(ann, 'GET', path)).status, 403)
})

test("why reveals as little of another user's request as of one that never existed", async () => {
  await using api = await SecuredApi.open()
  const id = await refused(api, ann, 'GET', '/api/v1/namespaces/default/secrets/s')
  const unknown = '00000000-0000-4000-8000-000000000000'
  const [known, absent] = [await why(api, eve, `/${id}`), await why(api, eve, `/${unknown}`)]
  assert.deepEqual([known.status, absent.status], [404, 404])
  assert.equal(known.text.replace(id, unknown), absent.text)
  const [last, never] = [await why(api, eve, '/last?user=ann'), await why(api, eve, '/last?user=bob')]
  assert.equal(last.text.replace('ann', 'bob'), never.text)
  assert.equal((await why(api, admin, `/${id}`)).status, 200)
})

test('the right to explain counts in the namespace that the request was about', async () => {
  await using api = await SecuredApi.open()
  await grant(api, 'eve', [{ apiGroups: ['audit.bulkhead.dev'], resources: ['requests'], verbs: ['explain'] }])
  const here = await refused(api, ann, 'GET', '/api/v1/namespaces/default/secrets/s')
  const there = await refused(api, ann, 'GET', '/api/v1/namespaces/kube-system/secrets/s')
  const wide = await refused(api, ann, 'GET', '/api/v1/nodes')
  const answers = await Promise.all([here, there, wide].map(async id => (await why(api, eve, `/${id}`)).status))
  assert.deepEqual(answers, [200, 404, 404])
})

test("a recreated account of the same name does not see the old one's refusals", async () => {
  await using api = await SecuredApi.open()
  const id = await refused(api, { ...ann, uid: '1' }, 'GET', '/api/v1/nodes')
  assert.equal((await why(api, { ...ann, uid: '2' }, `/${id}`)).status, 404)
  assert.equal((await why(api, { ...ann, uid: '1' }, `/${id}`)).status, 200)
})

test('why --as finds refusals of the impersonator, and a failed question is never the last request', async () => {
  await using api = await SecuredApi.open()
  const url = '/api/v1/namespaces/default/secrets/s'
  assert.equal((await api.send({ method: 'DELETE', url, identity: admin, headers: { 'impersonate-user': 'ann' } })).status, 403)
  const id = api.events.at(-1)?.auditID
  assert.equal((await why(api, admin, '/last?user=ann')).json.auditID, id)
  assert.equal((await why(api, admin, '/last?user=nobody')).status, 404)
  assert.equal((await why(api, admin, '/last')).json.auditID, id)
  // None of ann's own requests was refused: she must not see what another user tried as her.
  assert.equal((await why(api, ann, '/last')).status, 404)
  assert.equal((await why(api, ann, '/last?user=ann')).status, 404)
})

test('why points users with the right to all explanations to a newer request without valid credentials, which has no name', async () => {
  await using api = await SecuredApi.open()
  assert.equal((await why(api, admin, '/last')).status, 404)
  const withoutCredentials = async () => {
    assert.equal((await api.present({}, '/api/v1/pods?token=x')).status, 401)
    return api.events.at(-1)?.auditID
  }
  const first = await withoutCredentials()
  assert.equal((await why(api, admin, '/last')).json.auditID, first)
  const own = await refused(api, admin, 'GET', '/api/v1/namespaces/default/pods/none')
  assert.deepEqual((await why(api, admin, '/last')).json.newer, undefined)
  const second = await withoutCredentials()
  const { auditID, newer } = (await why(api, admin, '/last')).json
  assert.deepEqual([auditID, newer.auditID, newer.path, newer.sourceIP], [own, second, '/api/v1/pods', '192.0.2.1'])
  assert.equal((await why(api, eve, '/last')).status, 404)
})

test('why advises where the answer only names the problem: quota, conflicts, existing objects', async () => {
  await using api = await SecuredApi.open()
  const maps = '/api/v1/namespaces/default/configmaps'
  await api.create(maps, { metadata: { name: 'a' } })
  const again = await refused(api, admin, 'POST', maps, { metadata: { name: 'a' } })
  assert.match((await why(api, admin, `/${again}`)).json.advice, /^change the object that is there/)
  const stale = await refused(api, admin, 'PUT', `${maps}/a`, { metadata: { name: 'a', resourceVersion: '1' } })
  assert.match((await why(api, admin, `/${stale}`)).json.advice, /^read the object again/)
  await api.create('/api/v1/namespaces/default/resourcequotas', { metadata: { name: 'few' }, spec: { hard: { 'count/configmaps': '0' } } })
  const over = await refused(api, admin, 'POST', maps, { metadata: { name: 'b' } })
  assert.match((await why(api, admin, `/${over}`)).json.advice, /kubectl describe quota few -n default$/)
})

test('why requires an identity', async () => {
  await using api = await SecuredApi.open()
  for (const path of ['', '/last', '/00000000-0000-4000-8000-000000000000'])
    assert.equal((await api.present({}, `/bulkhead/v1/why${path}`)).status, 401, path)
})

test('a decision about oneself is free, and one about another user needs the right to explain there', async () => {
  await using api = await SecuredApi.open()
  const question = '?verb=create&apiGroup=apps&resource=deployments&namespace=default'
  const own = await why(api, ann, question)
  assert.deepEqual([own.status, own.json.allowed, own.json.refusedBy], [200, false, 'authorization'])
  const other = await why(api, eve, `${question}&user=ann`)
  assert.equal(other.status, 403)
  assert.match(other.json.message, /cannot explain resource "requests" in API group "audit\.bulkhead\.dev" in the namespace "default"/)
  assert.equal((await why(api, eve, `${question}&user=eve`)).status, 200)
  assert.equal((await why(api, eve, `${question}&user=eve&group=system:masters`)).status, 403)
  assert.equal((await why(api, admin, `${question}&user=ann`)).json.allowed, false)
})

test("a decision equals the request's actual result", async () => {
  await using api = await SecuredApi.open()
  await grant(api, 'ann', [{ apiGroups: [''], resources: ['pods'], resourceNames: ['web'], verbs: ['get', 'create'] }])
  const cases: [string, string, string, boolean][] = [
    ['GET', '/api/v1/namespaces/default/pods/web', '?verb=get&resource=pods&namespace=default&name=web', true],
    ['GET', '/api/v1/namespaces/default/pods/other', '?verb=get&resource=pods&namespace=default&name=other', false],
    // The name is in the body, where authorizers do not see it.
    ['POST', '/api/v1/namespaces/default/pods', '?verb=create&resource=pods&namespace=default&name=web', false],
    ['GET', '/metrics', '?verb=get&path=/metrics', false],
    ['GET', '/version', '?verb=get&path=/version', true],
  ]
  for (const [method, path, question, allowed] of cases) {
    assert.equal((await why(api, ann, question)).json.allowed, allowed, question)
    const { status } = await api.request(ann, method, path, method === 'POST' ? restrictedPod('web') : undefined)
    assert.equal(status !== 403, allowed, path)
  }
})

for (const question of ['?resource=pods', '?verb=get', '?verb=get&resource=pods&path=/x']) {
  test(`why${question} is not a question`, async () => {
    await using api = await SecuredApi.open()
    assert.equal((await why(api, admin, question)).status, 400)
  })
}

test('why names the plug-in, the fields and a patch that passes', async () => {
  await using api = await SecuredApi.open()
  const pods = '/api/v1/namespaces/default/pods'
  await api.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'x' }] } }
  const { json } = await why(api, admin, `/${await refused(api, admin, 'POST', pods, pod)}`)
  assert.equal(json.refusedBy, 'admission')
  assert.equal(json.admission.plugin, 'PodSecurity')
  assert.ok(json.fields.some(({ field }: { field: string }) => field === 'spec.containers[0].securityContext.runAsNonRoot'))
  const passing = applyJsonPatch(pod, json.admission.patch)
  assert.equal((await api.request(admin, 'POST', pods, passing)).status, 201)
})

test('why names each field that is not valid', async () => {
  await using api = await SecuredApi.open()
  const id = await refused(api, admin, 'POST', '/api/v1/namespaces/default/services', {
    metadata: { name: 'S_' },
    spec: { type: 'Nothing' },
  })
  const { json } = await why(api, admin, `/${id}`)
  assert.equal(json.refusedBy, 'validation')
  assert.deepEqual(json.fields.map(({ field }: { field: string }) => field).sort(), ['metadata.name', 'spec.ports', 'spec.type'])
})

test('why explains a refused impersonation by the right to impersonate', async () => {
  await using api = await SecuredApi.open()
  const reply = await api.send({ url: '/api/v1/pods', identity: ann, headers: { 'impersonate-user': 'bob' } })
  reply.done({ bytes: 0, cut: false })
  const { json } = await why(api, ann, `/${reply.auditId}`)
  assert.deepEqual(json.authorization.missing.rule, {
    apiGroups: [''],
    resources: ['users'],
    resourceNames: ['bob'],
    verbs: ['impersonate'],
  })
})

test("the audit event of a 401 contains each authenticator's reason, and no credential", async () => {
  await using api = await SecuredApi.open()
  const token = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"sub":"x"}').toString('base64url')}.c2VjcmV0`
  assert.equal((await api.present({ authorization: `Bearer ${token}` }, '/api/v1/pods')).status, 401)
  const event = api.events.at(-1)
  const refusals: { authenticator: string; reason: string }[] = JSON.parse(
    event?.annotations?.['authentication.bulkhead.dev/refusals'] ?? '',
  )
  assert.ok(refusals.length > 1)
  assert.ok(refusals.every(({ reason }) => reason !== '' && !reason.includes('c2VjcmV0')))
  const { json } = await why(api, admin, `/${event?.auditID}`)
  assert.equal(json.refusedBy, 'authentication')
  assert.deepEqual(json.authentication.refusals, refusals)
})

test('an allowed request has no annotation about refusals', async () => {
  await using api = await SecuredApi.open()
  await api.request(admin, 'GET', '/api/v1/namespaces/default')
  assert.deepEqual(Object.keys(api.events.at(-1)?.annotations ?? {}).sort(), [
    'authentication.bulkhead.dev/authenticator',
    'authentication.bulkhead.dev/credential-id',
    'authorization.k8s.io/decision',
    'authorization.k8s.io/reason',
  ])
})
