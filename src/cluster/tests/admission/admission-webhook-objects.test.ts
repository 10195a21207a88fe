// Admission webhooks through the whole server: the version and state in which they see objects of every kind, and their changes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { turn } from '../../../base/async/turns.ts'
import { crds, widgetDefinition, widgets } from '../../../server/custom-resources/widgets.testing.ts'
import { admin, restrictedPod } from '../secured-api.testing.ts'
import { patching, type Respond } from '../webhook.testing.ts'
import { configMap, group, hookedApi, inDefault, rule } from './hooked-api.testing.ts'

const hooked = await hookedApi()
const { base, withHooks, write, remove } = hooked

test('a webhook that knows only v1beta1 is sent that, and its answer need not name the request', async () => {
  const respond: Respond = () => ({ uid: 'other', allowed: true, patch: patching({ op: 'add', path: '/data', value: { a: 'b' } }).patch })
  await withHooks('mutating', [base('old', { admissionReviewVersions: ['v9', 'v1beta1', 'v1'] })], respond, async sent => {
    assert.deepEqual((await write('beta')).json.data, { a: 'b' })
    assert.equal(sent[0]?.review.apiVersion, 'admission.k8s.io/v1beta1')
  })
  await remove('beta')
})

test('the object is shown in the version that the webhook registered, and its patch is of that version', async () => {
  const scalers = { apiGroups: ['autoscaling'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['horizontalpodautoscalers'] }
  const respond: Respond = () => patching({ op: 'replace', path: '/spec/targetCPUUtilizationPercentage', value: 55 })
  const scaler = {
    metadata: { name: 'x' },
    spec: {
      maxReplicas: 3,
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
      metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } }],
    },
  }
  // Conditions see the kind that the webhook registered, and the requested resource.
  const expression = "request.kind.version == 'v1' && request.resource.version == 'v2' && request.requestResource.version == 'v2'"
  const hook = base('scale', { rules: [scalers], matchConditions: [{ name: 'versions', expression }] })
  await withHooks('mutating', [hook], respond, async sent => {
    const path = '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers?dryRun=All'
    const { json } = await hooked.api.request(admin, 'POST', path, scaler)
    assert.equal(json.spec.metrics[0].resource.target.averageUtilization, 55)
    const [{ review } = assert.fail('nothing was sent')] = sent
    assert.equal(review.request.object.apiVersion, 'autoscaling/v1')
    assert.equal(review.request.kind.version, 'v1')
    assert.equal(review.request.requestKind.version, 'v2')
    assert.equal(review.request.dryRun, true)
  })
})

test('CVE-2021-25735: an update shows the stored object as the old one, byte for byte', async () => {
  await write('stored', { a: '1' })
  const stored = (await hooked.api.request(admin, 'GET', `${inDefault}/configmaps/stored`)).json
  await withHooks(
    'validating',
    [base('check')],
    () => ({ allowed: true }),
    async sent => {
      const forged = { ...configMap('stored', { a: '2' }), oldObject: { data: {} } }
      assert.equal((await hooked.api.request(admin, 'PUT', `${inDefault}/configmaps/stored`, forged)).status, 200)
      assert.equal((await hooked.api.request(admin, 'PATCH', `${inDefault}/configmaps/stored`, { data: { a: '3' } })).status, 200)
      assert.equal((await remove('stored')).status, 200)
      const [update, patch, deletion] = sent.map(({ review }) => review.request)
      assert.deepEqual(update.oldObject, stored)
      assert.equal(update.options.kind, 'UpdateOptions')
      assert.equal(patch.oldObject.data.a, '2')
      assert.equal(patch.options.kind, 'PatchOptions')
      assert.deepEqual([deletion.object, deletion.oldObject.data.a, deletion.options.kind], [null, '3', 'DeleteOptions'])
    },
  )
})

test('CVE-2016-1905: scales, bindings, evictions, tokens and commands are sent as their own kinds, and can be changed', async () => {
  const template = { metadata: { labels: { a: 'b' } }, spec: restrictedPod('t').spec }
  const apps = '/apis/apps/v1/namespaces/default/deployments'
  await hooked.api.create(apps, { metadata: { name: 'd' }, spec: { replicas: 1, selector: { matchLabels: { a: 'b' } }, template } })
  await hooked.api.create(`${inDefault}/pods`, restrictedPod('asked'))
  const resources = [
    'pods/binding',
    'pods/eviction',
    'pods/exec',
    'serviceaccounts/token',
    'deployments/scale',
    'deployments',
    'pods/status',
  ]
  const rules = [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['CREATE', 'UPDATE', 'CONNECT'], resources }]
  const respond: Respond = ({ request }) => {
    if (request.kind.kind === 'Scale') return patching({ op: 'replace', path: '/spec/replicas', value: 2 })
    return request.kind.kind === 'Binding' ? patching({ op: 'replace', path: '/target/name', value: 'n7' }) : { allowed: true }
  }
  await withHooks('mutating', [base('change', { rules })], respond, async sent => {
    const shown = () => {
      const { request } = sent.at(-1)?.review ?? assert.fail('nothing was sent')
      const { kind, resource, subResource, operation, object } = request
      return [kind.kind, object.kind, resource.resource, subResource, operation]
    }
    const scaled = await hooked.api.request(admin, 'PATCH', `${apps}/d/scale`, { spec: { replicas: 5 } })
    assert.equal(scaled.json.spec?.replicas, 2, scaled.text)
    assert.deepEqual(shown(), ['Scale', 'Scale', 'deployments', 'scale', 'UPDATE'])
    assert.equal(sent.at(-1)?.review.request.oldObject.spec.replicas, 1)
    const bound = await hooked.api.request(admin, 'POST', `${inDefault}/pods/asked/binding`, {
      metadata: { name: 'asked' },
      target: { kind: 'Node', name: 'n1' },
    })
    assert.equal(bound.status, 201, bound.text)
    assert.deepEqual(shown(), ['Binding', 'Binding', 'pods', 'binding', 'CREATE'])
    assert.equal((await hooked.api.request(admin, 'GET', `${inDefault}/pods/asked`)).json.spec.nodeName, 'n7')
    await hooked.api.request(admin, 'POST', `${inDefault}/serviceaccounts/default/token`, { spec: {} })
    assert.deepEqual(shown(), ['TokenRequest', 'TokenRequest', 'serviceaccounts', 'token', 'CREATE'])
    await hooked.api.request(admin, 'POST', `${inDefault}/pods/asked/exec?command=ls&stdout=true&tty=false`)
    assert.deepEqual(shown(), ['PodExecOptions', 'PodExecOptions', 'pods', 'exec', 'CONNECT'])
    const options = { kind: 'PodExecOptions', apiVersion: 'v1', stdout: true, command: ['ls'] }
    assert.deepEqual(sent.at(-1)?.review.request.object, options)
    sent.length = 0
    await hooked.api.request(admin, 'POST', `${inDefault}/pods/asked/eviction`, { metadata: { name: 'asked' } })
    const [{ review } = assert.fail('nothing was sent')] = sent
    assert.deepEqual(
      [review.request.kind.kind, review.request.object.kind, review.request.subResource],
      ['Eviction', 'Eviction', 'eviction'],
    )
  })
})

test('custom resources are sent to webhooks and policies, pruned and validated after a patch, and may be parameters', async () => {
  await hooked.api.create(crds, widgetDefinition())
  const create = (name: string, size: number) =>
    hooked.api.request(admin, 'POST', widgets, { ...widget, metadata: { name }, spec: { size } })
  const widget = { apiVersion: 'example.com/v1', kind: 'Widget' }
  while ((await create('established', 1)).status !== 201) await turn()
  const custom = { apiGroups: ['example.com'], apiVersions: ['*'], operations: ['CREATE'], resources: ['widgets'] }
  const respond: Respond = ({ request }) =>
    patching({ op: 'add', path: '/spec/size', value: request.object.spec.size + 1 }, { op: 'add', path: '/spec/unknown', value: 1 })
  await withHooks('mutating', [base('change', { rules: [custom] })], respond, async () => {
    assert.deepEqual((await create('changed', 3)).json.spec, { size: 4, color: 'red' })
    assert.match((await create('large', 10)).json.message, /spec\.size: Invalid value: 11/)
  })
  const matchConstraints = { resourceRules: [rule] }
  const spec = { matchConstraints, paramKind: widget, validations: [{ expression: 'params.spec.size > 3' }] }
  await hooked.api.create(`${group}/validatingadmissionpolicies`, { metadata: { name: 'sized' }, spec })
  const bind = async (name: string) => {
    const paramRef = { name, parameterNotFoundAction: 'Deny' }
    await hooked.api.create(`${group}/validatingadmissionpolicybindings`, {
      metadata: { name },
      spec: { policyName: 'sized', validationActions: ['Deny'], paramRef },
    })
  }
  await bind('changed')
  assert.equal((await write('sized', {}, '?dryRun=All')).status, 201)
  await bind('established')
  assert.match((await write('sized', {}, '?dryRun=All')).json.message, /failed expression: params\.spec\.size > 3/)
  assert.equal((await hooked.api.request(admin, 'DELETE', `${group}/validatingadmissionpolicies/sized`)).status, 200)
})
