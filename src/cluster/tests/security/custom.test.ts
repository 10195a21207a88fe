// Attacks on custom resources: rows of known faults of Kubernetes, each as a request to the API server as it ships.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { turn } from '../../../base/async/turns.ts'
import { crds, widget, widgetDefinition, widgets } from '../../../server/custom-resources/widgets.testing.ts'
import { grant } from '../granted-rights.testing.ts'
import { admin, person, SecuredApi } from '../secured-api.testing.ts'

const cluster = '/apis/example.com/v1/widgets'
const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/default'
const rbacGroup = 'rbac.authorization.k8s.io'
const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }

/** Widgets of the cluster, one of them there. */
async function withClusterWidgets(): Promise<SecuredApi> {
  const api = await SecuredApi.open()
  const definition = widgetDefinition({ version: { schema } })
  await api.create(crds, { ...definition, spec: { ...(definition['spec'] as object), scope: 'Cluster' } })
  while ((await api.request(admin, 'GET', cluster)).status === 404) await turn()
  await api.create(cluster, widget('secret', { value: 'top secret' }))
  return api
}

test('CVE-2019-11247: a right in a namespace reaches no resource of the cluster by a path through the namespace', async () => {
  await using api = await withClusterWidgets()
  await api.create(`${rbac}/roles`, { metadata: { name: 'w' }, rules: [{ verbs: ['*'], apiGroups: ['example.com'], resources: ['*'] }] })
  await api.create(`${rbac}/rolebindings`, {
    metadata: { name: 'w' },
    roleRef: { apiGroup: rbacGroup, kind: 'Role', name: 'w' },
    subjects: [{ apiGroup: rbacGroup, kind: 'User', name: 'eve' }],
  })
  const inNamespace = cluster.replace('/widgets', '/namespaces/default/widgets')
  for (const user of [person('eve'), admin])
    for (const [method, path, body] of [
      ['GET', inNamespace],
      ['GET', `${inNamespace}/secret`],
      ['GET', `${inNamespace}?watch=true`],
      ['GET', `${inNamespace}/secret/status`],
      ['POST', inNamespace, widget('b', {})],
      ['PUT', `${inNamespace}/secret`, widget('secret', {})],
      ['PATCH', `${inNamespace}/secret`, { spec: { value: 'x' } }],
      ['DELETE', `${inNamespace}/secret`],
      ['DELETE', inNamespace],
    ] as const) {
      const { status, text } = await api.request(user, method, path, body)
      assert.ok(status === 404 || (status === 403 && user !== admin), `${user.name} ${method} ${path}: ${status}`)
      assert.doesNotMatch(text, /top secret/)
    }
  for (const path of [cluster, `${cluster}/secret`]) assert.equal((await api.request(person('eve'), 'GET', path)).status, 403)
  assert.equal((await api.request(admin, 'GET', `${cluster}/secret`)).json.spec.value, 'top secret')
})

test('CVE-2022-3162: a right to one kind of a group shows no object of another, by whatever path, selector or page', async t => {
  await using api = await SecuredApi.open()
  await api.create(crds, widgetDefinition({ version: { schema } }))
  await api.create(crds, widgetDefinition({ plural: 'widgetsecrets', kind: 'WidgetSecret', version: { schema } }))
  const secrets = widgets.replace('/widgets', '/widgetsecrets')
  for (const path of [widgets, secrets]) while ((await api.request(admin, 'GET', path)).status === 404) await turn()
  for (const name of ['a', 'b']) {
    await api.create(widgets, widget(name, {}))
    await api.create(secrets, { ...widget(`s-${name}`, { value: 'top secret' }), kind: 'WidgetSecret' })
  }
  await grant(api, 'eve', [{ verbs: ['*'], apiGroups: ['example.com'], resources: ['widgets'] }])
  const eve = person('eve')
  const pageOf = async (path: string): Promise<string> => (await api.request(admin, 'GET', `${path}?limit=1`)).json.metadata.continue
  const all = '/apis/example.com/v1'
  for (const [what, path] of [
    ['its own list', widgets],
    ['its own page', `${widgets}?limit=1&continue=${await pageOf(widgets)}`],
    ['the page of the other kind', `${widgets}?limit=1&continue=${await pageOf(secrets)}`],
    ['its page for the other kind', `${secrets}?limit=1&continue=${await pageOf(widgets)}`],
    ['a namespace of dots', `${all}/namespaces/%2e%2e/widgetsecrets`],
    ['a namespace that climbs', `${all}/namespaces/..%2fwidgetsecrets/widgets`],
    ['a namespace that climbs twice', `${all}/namespaces/..%2f..%2fwidgetsecrets%2fdefault/widgets`],
    ['a kind that climbs', `${all}/widgets%2f..%2fwidgetsecrets`],
    ['a name that climbs', `${widgets}/..%2fwidgetsecrets%2fs-a`],
    ['a name of the other kind', `${widgets}/s-a`],
    ['a label that climbs', `${widgets}?labelSelector=a%3D..%2fwidgetsecrets`],
    ['a field that climbs', `${widgets}?fieldSelector=metadata.namespace%3D..%2fwidgetsecrets`],
  ] as const) {
    await t.test(what, async () => {
      const { status, text, json } = await api.request(eve, 'GET', path)
      assert.doesNotMatch(text, /top secret|WidgetSecret|s-b/)
      if (what.startsWith('its own')) assert.equal(json.items.length > 0, true)
      else if (status === 200) assert.deepEqual([json.kind, json.items], ['WidgetList', []])
      else assert.ok([400, 403, 404, 410].includes(status), `${status}`)
    })
  }
})

const costly = [
  ['nested loops', 'self.list.all(a, self.list.all(b, self.list.all(c, a + b + c >= 0)))'],
  ['loops over texts', 'self.text.split("").all(a, self.text.split("").all(b, a <= b || a >= b))'],
] as const
for (const [what, rule] of costly) {
  test(`a rule with ${what} that could exceed the cost limit of a request is rejected with its definition`, async () => {
    await using api = await SecuredApi.open()
    const spec = {
      type: 'object',
      properties: { list: { type: 'array', items: { type: 'integer' } }, text: { type: 'string' } },
      'x-kubernetes-validations': [{ rule }],
    }
    const version = { schema: { openAPIV3Schema: { type: 'object', properties: { spec } } } }
    const { status, json } = await api.request(admin, 'POST', crds, widgetDefinition({ version }))
    assert.equal(status, 422)
    assert.match(json.message, /estimated rule cost exceeds budget by factor of more than 100x/)
  })
}

test('rules that cost little each, and too much together for one object, are stopped and refuse it', async () => {
  await using api = await SecuredApi.open()
  const spec = {
    type: 'object',
    properties: { list: { type: 'array', maxItems: 350, items: { type: 'integer' } } },
    'x-kubernetes-validations': Array.from({ length: 20 }, (_, least) => ({
      rule: `self.list.all(a, self.list.all(b, a + b > -${least}))`,
    })),
  }
  await api.create(crds, widgetDefinition({ version: { schema: { openAPIV3Schema: { type: 'object', properties: { spec } } } } }))
  while ((await api.request(admin, 'GET', widgets)).status === 404) await turn()
  const list = (length: number) => Array.from({ length }, () => 1)
  await api.create(widgets, widget('small', { list: list(100) }))
  const { status, json } = await api.request(admin, 'POST', widgets, widget('large', { list: list(350) }))
  assert.equal(status, 422)
  assert.match(json.message, /validation failed due to running out of cost budget, no further validation rules will be run/)
})
