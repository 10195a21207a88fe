// Authorization webhooks through the whole server with real TLS: every access check calls them.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { AuthorizationConfiguration, WebhookSettings } from '../../../access/webhook/authorization-configuration.ts'
import { readEndpoint } from '../../../admission/webhook/client-identity.ts'
import { admin, nodeUser, person, restrictedPod, SecuredApi } from '../secured-api.testing.ts'
import { type Review, TestWebhook } from '../webhook.testing.ts'

const webhook = await TestWebhook.open()
after(() => webhook[Symbol.asyncDispose]())

const ann = person('ann')
const rbacGroup = '/apis/rbac.authorization.k8s.io/v1'
const reviews = '/apis/authorization.k8s.io/v1'
type Say = (spec: Review) => object | undefined

/** The webhook has no opinion unless the test decides. */
function say(decide: Say): void {
  webhook.sent.length = 0
  webhook.respond = (review, _path, answer) => {
    answer.end(JSON.stringify({ ...review, status: decide(review.spec) ?? { allowed: false } }))
    return undefined
  }
}

function configuration(more: Partial<WebhookSettings> = {}, place: 'before' | 'behind' = 'behind'): AuthorizationConfiguration {
  const endpoint = readEndpoint(webhook.kubeconfig('/authorize', { token: 'of-the-server' }), 'kubeconfig')
  const settings = { endpoint, timeoutMs: 10_000, authorizedMs: 300_000, unauthorizedMs: 30_000, version: 'v1', failsClosed: true } as const
  const hook = { type: 'Webhook', name: 'opa', webhook: { ...settings, conditions: [], ...more } } as const
  const own = [
    { type: 'Node', name: 'node' },
    { type: 'RBAC', name: 'rbac' },
  ] as const
  return place === 'before' ? [hook, ...own] : [...own, hook]
}

const opened = (...given: Parameters<typeof configuration>) => SecuredApi.open({ authorization: configuration(...given) })
const isFor = ({ user, resourceAttributes: asked }: Review, verb: string, resource: string): boolean =>
  user === 'ann' && asked?.verb === verb && asked.resource === resource
const selfReview = (resourceAttributes: object) => ({ spec: { resourceAttributes } })
const why = (verb: string, resource: string) => `/bulkhead/v1/why?verb=${verb}&resource=${resource}&namespace=default`

test('a webhook after RBAC allows what no role does, and is named', async () => {
  await using api = await opened()
  say(spec => (isFor(spec, 'list', 'pods') ? { allowed: true, reason: 'ann looks after pods' } : undefined))
  const answer = await api.request(ann, 'GET', '/api/v1/namespaces/default/pods?labelSelector=a%3Db')
  assert.equal(answer.status, 200, answer.text)
  const [{ path, review, caller } = assert.fail('nobody was asked')] = webhook.sent
  assert.deepEqual([path, caller.authorization, review.apiVersion], ['/authorize', 'Bearer of-the-server', 'authorization.k8s.io/v1'])
  assert.deepEqual(review.spec.resourceAttributes, {
    ...{ namespace: 'default', verb: 'list', version: 'v1', resource: 'pods' },
    labelSelector: { requirements: [{ key: 'a', operator: 'In', values: ['b'] }] },
  })
  const annotations = api.events.at(-1)?.annotations ?? {}
  assert.equal(annotations['authorization.bulkhead.dev/webhook'], 'opa')
  assert.equal(annotations['authorization.k8s.io/reason'], 'ann looks after pods')
  const pods = { namespace: 'default', verb: 'list', version: 'v1', resource: 'pods' }
  const { json } = await api.request(ann, 'POST', `${reviews}/selfsubjectaccessreviews`, selfReview(pods))
  assert.deepEqual(json.status, { allowed: true, reason: 'ann looks after pods' })
  const explained = await api.request(ann, 'GET', why('list', 'pods'))
  assert.deepEqual(explained.json.authorization, { decision: 'allow', reason: 'ann looks after pods', webhook: 'opa' })
  const refused = await api.request(ann, 'GET', '/api/v1/namespaces/default/secrets')
  assert.equal(refused.status, 403)
  assert.match(refused.json.message, /^secrets is forbidden: User "ann" cannot list resource "secrets"/)
})

test('a webhook before RBAC denies what a role allows, except for system:masters, nodes and controllers', async () => {
  await using api = await opened({}, 'before')
  say(() => ({ allowed: false, denied: true, reason: 'change freeze' }))
  const binding = {
    metadata: { name: 'ann' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'ann' }],
  }
  await api.create(`${rbacGroup}/clusterrolebindings`, binding)
  const refused = await api.request(ann, 'GET', '/api/v1/namespaces/default/pods')
  assert.equal(refused.status, 403)
  assert.match(refused.json.message, /: change freeze$/)
  assert.equal(api.events.at(-1)?.annotations?.['authorization.bulkhead.dev/webhook'], 'opa')
  const { json } = await api.request(admin, 'POST', `${reviews}/subjectaccessreviews`, {
    spec: { user: 'ann', resourceAttributes: { verb: 'get', resource: 'nodes' } },
  })
  assert.deepEqual(json.status, { allowed: false, denied: true, reason: 'change freeze' })
  const explained = await api.request(admin, 'GET', `${why('get', 'nodes')}&user=ann`)
  assert.deepEqual(explained.json.authorization, { decision: 'forbid', reason: 'change freeze', webhook: 'opa' })
  const asked = webhook.sent.length
  const controller = person('system:serviceaccount:kube-system:deployment-controller', 'system:serviceaccounts:kube-system')
  assert.equal((await api.request(controller, 'GET', '/apis/apps/v1/deployments')).status, 200)
  assert.equal((await api.request(nodeUser('n1'), 'GET', '/api/v1/nodes/n1')).status, 404)
  assert.equal(webhook.sent.length, asked)
})

const down: readonly (readonly [name: string, respond: TestWebhook['respond']])[] = [
  ['fails', (_review, _path, answer) => void answer.writeHead(503).end('top secret')],
  ['leads elsewhere', (_review, _path, answer) => void answer.writeHead(307, { location: '/elsewhere' }).end()],
  ['sends a page', (_review, _path, answer) => void answer.end('<html>top secret')],
  [
    'never stops',
    (_review, _path, answer) => {
      const more = () => {
        while (answer.write(Buffer.alloc(64 * 1024, 'x')));
      }
      answer.on('drain', more)
      more()
      return undefined
    },
  ],
]
for (const [name, respond] of down) {
  test(`a webhook that ${name} counts by its failure policy`, async () => {
    for (const failsClosed of [true, false]) {
      await using api = await opened({ failsClosed }, 'before')
      webhook.respond = respond
      webhook.sent.length = 0
      const granted = { ...ann, groups: [...ann.groups, 'readers'] }
      await api.create(`${rbacGroup}/clusterrolebindings`, {
        metadata: { name: 'readers' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
        subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'readers' }],
      })
      const allowed = await api.request(granted, 'GET', '/api/v1/namespaces/default/pods')
      assert.equal(allowed.status, failsClosed ? 500 : 200, allowed.text)
      const refused = await api.request(ann, 'GET', '/api/v1/namespaces/default/pods')
      assert.equal(refused.status, 500)
      assert.equal(refused.json.message, 'Internal error occurred: authorization webhook "opa" failed')
      assert.equal(webhook.sent.filter(({ path }) => path !== '/authorize').length, 0)
      const { json } = await api.request(ann, 'POST', `${reviews}/selfsubjectaccessreviews`, selfReview({ verb: 'get', resource: 'pods' }))
      assert.equal(json.message ?? json.status.evaluationError, json.message ?? 'authorization webhook "opa" failed')
      assert.doesNotMatch(`${refused.text}${api.logLines.join('')}`, /top secret|of-the-server/)
    }
  })
}

test('a webhook with a certificate of another CA is not asked', async () => {
  const { endpoint } = configuration().flatMap(found => (found.type === 'Webhook' ? [found.webhook] : []))[0] ?? assert.fail('no webhook')
  await using stranger = await TestWebhook.open()
  say(() => ({ allowed: true }))
  const authorities = Buffer.from(stranger.caBundle, 'base64').toString()
  await using api = await opened({ endpoint: { ...endpoint, authorities } })
  assert.equal((await api.request(ann, 'GET', '/api/v1/pods')).status, 500)
  assert.equal(webhook.sent.length, 0)
})

test('a webhook also decides about further rights that a write requires', async () => {
  await using api = await opened()
  const rights = new Set(['create clusterroles', 'create clusterrolebindings', 'patch configmaps'])
  say(({ user, resourceAttributes: asked }) =>
    user === 'ann' && rights.has(`${asked?.verb} ${asked?.resource}`) ? { allowed: true } : undefined,
  )
  const role = { metadata: { name: 'r' }, rules: [{ verbs: ['get'], apiGroups: [''], resources: ['secrets'] }] }
  const binding = {
    metadata: { name: 'b' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'ann' }],
  }
  const configMap = '/api/v1/namespaces/default/configmaps/c?fieldManager=t'
  const applied = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } }
  const attempts = async () => [
    (await api.request(ann, 'POST', `${rbacGroup}/clusterroles`, role)).status,
    (await api.request(ann, 'POST', `${rbacGroup}/clusterrolebindings`, binding)).status,
    (await api.request(ann, 'PATCH', configMap, applied, 'application/apply-patch+yaml')).status,
  ]
  assert.deepEqual(await attempts(), [403, 403, 403])
  // A refusal is cached for its time.
  await using later = await opened()
  for (const right of ['escalate clusterroles', 'bind clusterroles', 'create configmaps']) rights.add(right)
  const created = [
    (await later.request(ann, 'POST', `${rbacGroup}/clusterroles`, role)).status,
    (await later.request(ann, 'POST', `${rbacGroup}/clusterrolebindings`, binding)).status,
    (await later.request(ann, 'PATCH', configMap, applied, 'application/apply-patch+yaml')).status,
  ]
  assert.deepEqual(created, [201, 201, 201])
})

test('impersonation asks the webhook for each part', async () => {
  await using api = await opened()
  const asked: string[] = []
  say(({ user, resourceAttributes: right }) => {
    if (right?.verb === 'impersonate') asked.push(`${right.resource} ${right.name}`)
    return user === 'ann' || user === 'bob' ? { allowed: right?.name !== 'root' } : undefined
  })
  const as = (headers: Record<string, string | string[]>) =>
    api.send({ method: 'GET', url: '/api/v1/namespaces/default/pods', identity: ann, headers, impersonates: true })
  const allowed = await as({ 'impersonate-user': 'bob', 'impersonate-group': ['a', 'b'] })
  allowed.done({ bytes: 0, cut: false })
  assert.equal(allowed.status, 200)
  assert.deepEqual(asked, ['users bob', 'groups a', 'groups b'])
  const refused = await as({ 'impersonate-user': 'root' })
  refused.done({ bytes: 0, cut: false })
  assert.equal(refused.status, 403)
})

test("expressions of policies ask the webhook through their `authorizer`, once a policy's evaluation and with one count", async () => {
  await using api = await opened()
  say(({ user, resourceAttributes: right }) =>
    user === 'ann' && (right?.resource === 'configmaps' || right?.name === 'blue') ? { allowed: true } : undefined,
  )
  const policies = '/apis/admissionregistration.k8s.io/v1'
  const expression = "authorizer.group('').resource('colours').name(object.metadata.name).check('use').allowed() || variables.may"
  await api.create(`${policies}/validatingadmissionpolicies`, {
    metadata: { name: 'colours' },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }] },
      variables: [{ name: 'may', expression: "authorizer.group('').resource('colours').check('use-all').allowed()" }],
      matchConditions: [{ name: 'people', expression: "!authorizer.group('').resource('colours').check('skip').allowed()" }],
      validations: [{ expression, message: 'not your colour' }],
    },
  })
  await api.create(`${policies}/validatingadmissionpolicybindings`, {
    metadata: { name: 'colours' },
    spec: { policyName: 'colours', validationActions: ['Deny'] },
  })
  const create = (name: string) => api.request(ann, 'POST', '/api/v1/namespaces/default/configmaps', { metadata: { name } })
  assert.equal((await create('blue')).status, 201)
  const refused = await create('red')
  assert.equal(refused.status, 422)
  assert.match(refused.json.message, /not your colour/)
  const uses = webhook.sent.filter(({ review }) => review.spec.resourceAttributes?.verb === 'use')
  assert.deepEqual(
    uses.map(({ review }) => review.spec.resourceAttributes.name),
    ['blue', 'red'],
  )
})

test('a SelfSubjectRulesReview is incomplete if a webhook is asked about the user', async () => {
  await using api = await opened()
  say(() => ({ allowed: true }))
  const { json } = await api.request(ann, 'POST', `${reviews}/selfsubjectrulesreviews`, { spec: { namespace: 'default' } })
  assert.equal(json.status.incomplete, true)
  assert.equal(json.status.evaluationError, 'webhook authorizer does not support user rule resolution')
  await api.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
  assert.equal((await api.request(ann, 'POST', '/api/v1/namespaces/default/pods', restrictedPod('p'))).status, 201)
})

test('a server whose configuration is replaced asks the new webhooks, drops answers of changed ones, and ends their streams', async () => {
  await using api = await opened()
  const status = async () => (await api.request(ann, 'GET', '/api/v1/namespaces/default/pods')).status
  say(spec => (isFor(spec, 'list', 'pods') ? { allowed: true } : undefined))
  const closed = new Promise(resolve => {
    const { respond } = webhook
    webhook.respond = (review, path, answer) => {
      answer.socket?.once('close', resolve)
      return respond(review, path, answer)
    }
  })
  assert.equal(await status(), 200)
  // Only the order changes: the cached answer stays.
  api.replace.authorization?.(configuration({}, 'before'))
  assert.equal(await status(), 200)
  assert.equal(webhook.sent.length, 1)
  say(spec => (isFor(spec, 'list', 'pods') ? { allowed: false, denied: true } : undefined))
  api.replace.authorization?.(configuration({ authorizedMs: 200_000 }))
  await closed
  assert.equal(await status(), 403)
  assert.equal(webhook.sent.length, 1)
  api.replace.authorization?.(configuration().filter(({ type }) => type !== 'Webhook'))
  assert.equal(await status(), 403)
  assert.equal(webhook.sent.length, 1)
  assert.ok(!(await api.metrics.metrics()).includes('name="opa"'))
})
