import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AdmissionRequest } from '../../admission/admission.ts'
import { allowAll, allowWhere, TestServer } from '../testing.ts'

const path = '/api/v1/namespaces/default/configmaps'
const deployments = '/apis/apps/v1/namespaces/default/deployments'
const type = { 'content-type': 'application/apply-patch+yaml' }
const merge = { 'content-type': 'application/merge-patch+json' }
const map = (data: Record<string, string>) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data })
const apply = (api: TestServer, manager: string, body: unknown, query = '') =>
  api.request('PATCH', `${path}/a?fieldManager=${manager}${query}`, body, type)
const managers = (object: { metadata: { managedFields?: { manager: string; operation: string; subresource?: string }[] } }) =>
  (object.metadata.managedFields ?? []).map(({ manager, operation, subresource }) =>
    [manager, operation, subresource].filter(Boolean).join(' '),
  )

test('apply() makes its manager the manager of all of a ServiceCIDR, on either path', async () => {
  await using api = new TestServer()
  const conditions = [{ type: 'Ready', status: 'True', reason: 'R', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }]
  const config = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'ServiceCIDR',
    metadata: { name: 'c' },
    spec: { cidrs: ['10.9.0.0/24'] },
    status: { conditions },
  }
  for (const part of ['', '/status']) {
    const { json } = await api.request(
      'PATCH',
      `/apis/networking.k8s.io/v1/servicecidrs/c${part}?fieldManager=m${part.length}`,
      config,
      type,
    )
    assert.deepEqual(Object.keys(json.metadata.managedFields.at(-1).fieldsV1), ['f:spec', 'f:status'])
  }
})

test('apply() creates a missing object, then changes it, and drops fields that are no longer set', async () => {
  await using api = new TestServer()
  assert.equal((await apply(api, 'one', map({ x: '1', y: '1' }))).status, 201)
  const { status, json } = await apply(api, 'one', map({ x: '2' }))
  assert.equal(status, 200)
  assert.deepEqual(json.data, { x: '2' })
  assert.deepEqual(managers(json), ['one Apply'])
})

test('apply() takes YAML', async () => {
  await using api = new TestServer()
  const { json } = await apply(api, 'one', Buffer.from('apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  x: "1"\n'))
  assert.deepEqual(json.data, { x: '1' })
})

test('apply() answers 409 with a cause for each field of another manager, unless forced', async () => {
  await using api = new TestServer()
  await api.request('POST', `${path}?fieldManager=other`, map({ x: '1' }))
  const refused = await apply(api, 'one', map({ x: '2' }))
  assert.equal(refused.status, 409)
  assert.equal(refused.json.message, 'Apply failed with 1 conflict: conflict with "other" using v1: .data.x')
  assert.deepEqual(refused.json.details.causes, [
    { reason: 'FieldManagerConflict', message: 'conflict with "other" using v1', field: '.data.x' },
  ])
  const forced = await apply(api, 'one', map({ x: '2' }), '&force=true')
  assert.deepEqual(forced.json.data, { x: '2' })
})

test('apply() that changes nothing writes nothing', async () => {
  await using api = new TestServer()
  const { json } = await apply(api, 'one', map({ x: '1' }))
  api.clock.advance(60_000)
  const before = api.store.revision
  assert.deepEqual((await apply(api, 'one', map({ x: '1' }))).json, json)
  assert.equal(api.store.revision, before)
})

test('apply() requires the right to create a missing object', async () => {
  await using api = new TestServer({ authorize: allowWhere(({ verb }) => verb === 'patch') })
  assert.equal((await apply(api, 'one', map({}))).status, 403)
  await using open = new TestServer({ authorize: allowAll })
  assert.equal((await apply(open, 'one', map({}))).status, 201)
})

test('apply() needs a manager, and only it may force', async () => {
  await using api = new TestServer()
  const nameless = await api.request('PATCH', `${path}/a`, map({}), type)
  assert.equal(nameless.status, 422)
  assert.match(nameless.json.message, /fieldManager: Required value: is required for apply patch/)
  const forced = await api.request('PATCH', `${path}/a?force=true`, {})
  assert.match(forced.json.message, /force: Forbidden: may not be specified for non-apply patch/)
})

test('apply() refuses fields that the kind does not have', async () => {
  await using api = new TestServer()
  const { status, json } = await apply(api, 'one', { ...map({}), foo: 1 })
  assert.equal(status, 500)
  assert.equal(json.message, 'failed to create typed patch object (/a; /v1, Kind=ConfigMap): .foo: field not declared in schema')
})

test('apply() shows no name that is not a string', async () => {
  await using api = new TestServer()
  const { json } = await apply(api, 'one', { ...map({}), metadata: { name: ['a'] } })
  assert.match(json.message, /^failed to create typed patch object \(\/; \/v1, Kind=ConfigMap\): \.metadata\.name: expected string, got /)
})

test('apply() leaves an item without its key to validation, as the empty key is its default', async () => {
  await using api = new TestServer()
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ image: 'i' }] } }
  const spec = { selector: { matchLabels: { a: 'b' } }, template }
  const config = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' }, spec }
  const { status, json } = await api.request('PATCH', `${deployments}/d?fieldManager=m`, config, type)
  assert.equal(status, 422)
  assert.match(json.message, /spec\.template\.spec\.containers\[0\]\.name: Required value/)
})

test('an empty list of managers forgets them all', async () => {
  await using api = new TestServer()
  const { json } = await apply(api, 'one', map({ x: '1' }))
  const reset = await api.request('PUT', `${path}/a`, { ...json, metadata: { ...json.metadata, managedFields: [] } })
  assert.equal(reset.json.metadata.managedFields, undefined)
})

test('every path of a write names its manager', async () => {
  await using api = new TestServer()
  const spec = {
    selector: { matchLabels: { a: 'b' } },
    template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  }
  await api.request('POST', `${deployments}`, { metadata: { name: 'd' }, spec }, { 'user-agent': 'kubectl-create/v1 (linux)' })
  await api.request('PATCH', `${deployments}/d/scale?fieldManager=scaler`, { spec: { replicas: 3 } })
  const { json } = await api.request('PATCH', `${deployments}/d/status?fieldManager=controller`, { status: { replicas: 3 } })
  assert.deepEqual(managers(json), ['scaler Update scale', 'controller Update status', 'kubectl-create Update'])
  const reset = await api.request('PATCH', `${deployments}/d`, [{ op: 'replace', path: '/metadata/managedFields', value: [{}] }], {
    'content-type': 'application/json-patch+json',
  })
  assert.deepEqual(managers(reset.json), [])
})

test('fields that admission adds have no manager, at creation and at an update', async () => {
  const admission = {
    mutate({ object }: AdmissionRequest) {
      if (object !== undefined) object.metadata.annotations = { ...object.metadata.annotations, added: 'yes' }
    },
    validate: () => undefined,
  }
  await using api = new TestServer({ admission })
  const created = await api.request('POST', `${path}?fieldManager=one`, map({ x: '1' }))
  assert.equal(created.json.metadata.annotations.added, 'yes')
  assert.deepEqual(created.json.metadata.managedFields[0].fieldsV1, { 'f:data': { '.': {}, 'f:x': {} } })
  const updated = await api.request('PATCH', `${path}/a?fieldManager=one`, { metadata: { annotations: null } }, merge)
  assert.equal(updated.json.metadata.annotations.added, 'yes')
  assert.deepEqual(updated.json.metadata.managedFields[0].fieldsV1, { 'f:data': { '.': {}, 'f:x': {} } })
})

test('apply() reports why a body is no configuration', async () => {
  await using api = new TestServer()
  const rows: [body: string, code: number, message: RegExp][] = [
    [
      '"x"',
      400,
      /^error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go value of type map/,
    ],
    ['a: [', 400, /^error decoding YAML: error converting YAML to JSON: yaml: /],
    ['', 400, /^invalid object type: \/, Kind=$/],
    ['{"apiVersion":"v1","kind":"Secret"}', 400, /^invalid object type: \/v1, Kind=Secret$/],
  ]
  for (const [body, code, message] of rows) {
    const { status, json } = await apply(api, 'one', Buffer.from(body))
    assert.equal(status, code, body)
    assert.match(json.message, message)
  }
})

test('apply() takes the last of two equal keys, and warns of it or refuses it', async () => {
  await using api = new TestServer()
  const body = Buffer.from('apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  x: "1"\n  x: "2"\n')
  const duplicate = 'error converting YAML to JSON: yaml: unmarshal errors:\n  line 7: key "x" already set in map'
  const strict = await apply(api, 'one', body, '&fieldValidation=Strict')
  assert.deepEqual([strict.status, strict.json.message], [400, `error strict decoding YAML: ${duplicate}`])
  const { status, json, headers } = await apply(api, 'one', body)
  assert.deepEqual([status, json.data], [201, { x: '2' }])
  assert.match(String(headers['warning']), /key \\"x\\" already set in map/)
})

test('apply() with a uid needs that very object', async () => {
  await using api = new TestServer()
  const config = { ...map({}), metadata: { name: 'a', uid: 'u' } }
  const missing = await apply(api, 'one', config)
  assert.equal(missing.status, 409)
  assert.match(missing.json.message, /: uid mismatch: the provided object specified uid u, and no existing object was found$/)
  await apply(api, 'one', map({}))
  const other = await apply(api, 'one', config)
  assert.equal(other.status, 422)
  assert.match(other.json.message, /metadata\.uid: Invalid value: "u": field is immutable/)
})

test('apply() with a version is a precondition if the object exists', async () => {
  await using api = new TestServer()
  const versioned = (resourceVersion: string) => ({ ...map({}), metadata: { name: 'a', resourceVersion } })
  const created = await apply(api, 'one', versioned('5'))
  assert.equal(created.status, 201)
  assert.equal((await apply(api, 'one', versioned('1000'))).status, 409)
  assert.equal((await apply(api, 'one', versioned(created.json.metadata.resourceVersion))).status, 200)
})

test('managers of versions that are not served are dropped, at an update and at an apply', async () => {
  await using api = new TestServer()
  const entry = (manager: string, apiVersion: string) => ({
    manager,
    operation: 'Update',
    apiVersion,
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:data': { 'f:x': {} } },
  })
  await api.request('POST', path, map({ x: '1' }))
  const managedFields = [entry('gone', 'v1beta1'), entry('here', 'v1')]
  const { json } = await api.request('PATCH', `${path}/a?fieldManager=m`, { metadata: { managedFields } }, merge)
  assert.deepEqual(managers(json), ['here Update'])
})

test('a manager keeps its fields in the version that it wrote through', async () => {
  await using api = new TestServer()
  const scalers = '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers'
  const spec = { maxReplicas: 5, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' } }
  const scaler = (version: string, more: object) => ({
    apiVersion: `autoscaling/${version}`,
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'a' },
    spec: { ...spec, ...more },
  })
  const put = (version: string, manager: string, more: object, force = false) =>
    api.request('PATCH', `${scalers.replace('v1', version)}/a?fieldManager=${manager}&force=${force}`, scaler(version, more), type)
  assert.equal((await put('v1', 'one', { targetCPUUtilizationPercentage: 50 })).status, 201)
  const metrics = [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } }]
  const refused = await put('v2', 'two', { metrics })
  assert.equal(refused.json.message, 'Apply failed with 1 conflict: conflict with "one": .spec.targetCPUUtilizationPercentage')
  const forced = await put('v2', 'two', { metrics }, true)
  assert.equal(forced.status, 200)
  const [one] = forced.json.metadata.managedFields
  assert.equal(one.apiVersion, 'autoscaling/v1')
  assert.equal('f:targetCPUUtilizationPercentage' in one.fieldsV1['f:spec'], false)
})

test('writers of a path manage only fields that it can change', async () => {
  await using api = new TestServer()
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  await api.request('POST', deployments, { metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template } })
  const config = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd', labels: { x: 'y' }, annotations: { x: 'y' } },
    spec: { replicas: 9 },
    status: { observedGeneration: 1 },
  }
  const { json } = await api.request('PATCH', `${deployments}/d/status?fieldManager=s`, config, type)
  const entry = json.metadata.managedFields.find(({ manager }: { manager: string }) => manager === 's')
  assert.deepEqual(entry.fieldsV1, { 'f:metadata': { 'f:annotations': { 'f:x': {} } }, 'f:status': { 'f:observedGeneration': {} } })
})

test('apply() of a null time, as kubectl writes it into templates, conflicts with no other manager of it', async () => {
  await using api = new TestServer()
  const metadata = { creationTimestamp: null, labels: { a: 'b' } }
  const template = { metadata, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const config = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd', creationTimestamp: null } }
  for (const manager of ['one', 'two', 'one']) {
    const body = { ...config, spec: { selector: { matchLabels: { a: 'b' } }, template } }
    const { status, json } = await api.request('PATCH', `${deployments}/d?fieldManager=${manager}`, body, type)
    assert.ok(status < 300, json.message)
    const entry = json.metadata.managedFields.find((one: { manager: string }) => one.manager === manager)
    assert.deepEqual(entry.fieldsV1['f:spec']['f:template']['f:metadata'], { 'f:creationTimestamp': {}, 'f:labels': { 'f:a': {} } })
  }
})

test('of several entries of one manager that a client sends the last one counts', async () => {
  await using api = new TestServer()
  await apply(api, 'one', map({ x: '1' }))
  const { json } = await apply(api, 'two', map({ y: '2' }))
  const managedFields = json.metadata.managedFields.map((entry: object) => ({ ...entry, manager: 'both' }))
  const renamed = await api.request('PUT', `${path}/a`, { ...json, metadata: { ...json.metadata, managedFields } })
  assert.deepEqual(
    renamed.json.metadata.managedFields.map(({ manager, fieldsV1 }: { manager: string; fieldsV1: object }) => [manager, fieldsV1]),
    [['both', { 'f:data': { 'f:y': {} } }]],
  )
})

const workloads: readonly [kind: string, path: string, apiVersion: string, selector: object][] = [
  ['Deployment', deployments, 'apps/v1', { matchLabels: { a: 'b' } }],
  ['StatefulSet', deployments.replace('deployments', 'statefulsets'), 'apps/v1', { matchLabels: { a: 'b' } }],
  ['ReplicaSet', deployments.replace('deployments', 'replicasets'), 'apps/v1', { matchLabels: { a: 'b' } }],
  ['ReplicationController', '/api/v1/namespaces/default/replicationcontrollers', 'v1', { a: 'b' }],
]
for (const [kind, base, apiVersion, selector] of workloads) {
  test(`apply() on the scale of a ${kind} takes the replicas, and them alone`, async () => {
    await using api = new TestServer()
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
    const whole = { apiVersion, kind, metadata: { name: 'd' }, spec: { replicas: 1, selector, template } }
    await api.request('PATCH', `${base}/d?fieldManager=owner`, whole, type)
    const scaleTo = (replicas: number, query: string, more: object = {}) => {
      const body = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'd', ...more }, spec: { replicas } }
      return api.request('PATCH', `${base}/d/scale?${query}`, body, type)
    }
    const owners = async (): Promise<unknown[]> => {
      const { json } = await api.get(`${base}/d`)
      const held = json.metadata.managedFields.filter(
        ({ fieldsV1 }: { fieldsV1: { 'f:spec'?: object } }) => 'f:replicas' in (fieldsV1['f:spec'] ?? {}),
      )
      return [
        json.spec.replicas,
        ...held.map(({ manager, apiVersion }: { manager: string; apiVersion: string }) => `${manager} ${apiVersion}`),
      ]
    }
    const refused = await scaleTo(17, 'fieldManager=scaler')
    assert.equal(refused.status, 409)
    assert.equal(refused.json.message, 'Apply failed with 1 conflict: conflict with "owner": .spec.replicas')
    assert.deepEqual(await owners(), [1, `owner ${apiVersion}`])
    assert.equal((await scaleTo(17, 'fieldManager=scaler&force=true&dryRun=All')).json.spec.replicas, 17)
    assert.deepEqual(await owners(), [1, `owner ${apiVersion}`])
    const forced = await scaleTo(17, 'fieldManager=scaler&force=true')
    assert.equal(forced.json.kind, 'Scale')
    assert.deepEqual(await owners(), [17, `scaler ${apiVersion}`])
    const { json } = await api.get(`${base}/d`)
    assert.deepEqual(managers(json), ['scaler Apply scale', 'owner Apply'])
    assert.ok('f:template' in json.metadata.managedFields[1].fieldsV1['f:spec'])
    await scaleTo(17, 'fieldManager=other')
    assert.deepEqual(await owners(), [17, `other ${apiVersion}`, `scaler ${apiVersion}`])
    assert.equal((await scaleTo(3, 'fieldManager=other&force=true', { resourceVersion: '1' })).status, 409)
    assert.equal((await scaleTo(3, '')).status, 422)
    assert.equal((await scaleTo(-1, 'fieldManager=other&force=true')).status, 422)
    assert.equal((await scaleTo(3, 'fieldManager=other&force=true', { name: 'e' })).status, 400)
    assert.deepEqual(await owners(), [17, `other ${apiVersion}`, `scaler ${apiVersion}`])
  })
}

test('apply() on a scale is of a Scale, and creates nothing', async () => {
  await using api = new TestServer()
  const scale = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'd' }, spec: { replicas: 1 } }
  const send = (body: object) => api.request('PATCH', `${deployments}/d/scale?fieldManager=m`, body, type)
  assert.equal((await send(scale)).status, 404)
  assert.equal((await send({})).status, 404)
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  await api.create(deployments, { metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template } })
  const other = await send({ ...scale, apiVersion: 'apps/v1', kind: 'Deployment' })
  assert.equal(other.json.message, 'invalid object type: apps/v1, Kind=Deployment')
  const odd = await send({ ...scale, spec: { replicas: 'many' } })
  assert.match(
    odd.json.message,
    /^failed to create typed patch object \(\/d; autoscaling\/v1, Kind=Scale\): \.spec\.replicas: expected numeric/,
  )
})
