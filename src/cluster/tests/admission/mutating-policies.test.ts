// MutatingAdmissionPolicies through the whole server, and the objects that they change.
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Features } from '../../../api/features.ts'
import { admin, contentTypes, person, restrictedPod, SecuredApi } from '../secured-api.testing.ts'

const served: Features = { groupVersions: ['admissionregistration.k8s.io/v1alpha1'], mutatingAdmissionPolicy: false }
const on: Features = { ...served, mutatingAdmissionPolicy: true }
const group = '/apis/admissionregistration.k8s.io/v1alpha1'
const inDefault = '/api/v1/namespaces/default'
const configMaps = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] }
const apply = (expression: string): object => ({ patchType: 'ApplyConfiguration', applyConfiguration: { expression } })
const label = (name: string): object => apply(`Object{metadata: Object.metadata{labels: {"${name}": "true"}}}`)
const policy = (name: string, spec: object): object => ({
  metadata: { name },
  spec: { reinvocationPolicy: 'Never', matchConstraints: { resourceRules: [configMaps] }, mutations: [label(name)], ...spec },
})

suite('where the feature is off', () => {
  test('its kinds are not served', async () => {
    await using api = await SecuredApi.open()
    assert.equal((await api.request(admin, 'GET', group)).status, 404)
    assert.equal((await api.request(admin, 'GET', `${group}/mutatingadmissionpolicies`)).status, 404)
    const { json } = await api.request(admin, 'GET', '/apis/admissionregistration.k8s.io')
    assert.deepEqual(json.versions, [{ groupVersion: 'admissionregistration.k8s.io/v1', version: 'v1' }])
  })

  test('without the feature, policies are stored without effect, and their author is warned', async () => {
    await using api = await SecuredApi.open({ features: served })
    const { status, warnings } = await api.request(admin, 'POST', `${group}/mutatingadmissionpolicies`, policy('idle', {}))
    assert.equal(status, 201)
    assert.deepEqual(warnings, ['MutatingAdmissionPolicy is stored without effect: the feature gate MutatingAdmissionPolicy is off'])
    await api.create(`${group}/mutatingadmissionpolicybindings`, { metadata: { name: 'idle' }, spec: { policyName: 'idle' } })
    const created = await api.create(`${inDefault}/configmaps`, { metadata: { name: 'a' } })
    assert.equal(created.metadata.labels, undefined)
  })
})

suite('where the feature is on', () => {
  let api: SecuredApi
  before(async () => {
    api = await SecuredApi.open({ features: on })
  })
  after(() => api[Symbol.asyncDispose]())

  /** With a binding; both are removed at the end. */
  async function withPolicy(name: string, spec: object, run: () => Promise<void>, binding: object = {}): Promise<void> {
    const created = await api.request(admin, 'POST', `${group}/mutatingadmissionpolicies`, policy(name, spec))
    assert.equal(created.status, 201, created.text)
    assert.deepEqual(created.warnings, [])
    await api.create(`${group}/mutatingadmissionpolicybindings`, { metadata: { name }, spec: { policyName: name, ...binding } })
    try {
      await run()
    } finally {
      for (const plural of ['mutatingadmissionpolicybindings', 'mutatingadmissionpolicies']) {
        assert.equal((await api.request(admin, 'DELETE', `${group}/${plural}/${name}`)).status, 200)
      }
    }
  }

  test('discovery, OpenAPI and tables show its kinds', async () => {
    const { json } = await api.request(admin, 'GET', group)
    assert.deepEqual(
      json.resources.map(({ name, kind, verbs }: { name: string; kind: string; verbs: string[] }) => `${name} ${kind} ${verbs.length}`),
      ['mutatingadmissionpolicies MutatingAdmissionPolicy 8', 'mutatingadmissionpolicybindings MutatingAdmissionPolicyBinding 8'],
    )
    const groups = await api.request(admin, 'GET', '/apis/admissionregistration.k8s.io')
    assert.equal(groups.json.preferredVersion.version, 'v1')
    const document = await api.request(admin, 'GET', `/openapi/v3${group}`)
    const schemas = document.json.components.schemas
    assert.ok(schemas['io.k8s.api.admissionregistration.v1alpha1.MutatingAdmissionPolicySpec'].properties.mutations)
  })

  test('an object is changed by every kind of write, also in a dry run, and its sent fields keep their manager', async () => {
    await withPolicy('marks', {}, async () => {
      const dry = await api.create(`${inDefault}/configmaps?dryRun=All`, { metadata: { name: 'm' } })
      assert.deepEqual(dry.metadata.labels, { marks: 'true' })
      const created = await api.create(`${inDefault}/configmaps?fieldManager=me`, { metadata: { name: 'm' }, data: { a: '0' } })
      assert.deepEqual(created.metadata.labels, { marks: 'true' })
      // What a policy sets has no field manager.
      assert.deepEqual(created.metadata.managedFields[0].fieldsV1, { 'f:data': { '.': {}, 'f:a': {} } })
      const path = `${inDefault}/configmaps/m`
      for (const [method, body, type] of [
        ['PUT', { metadata: { name: 'm' }, data: { a: '1' } }, contentTypes.json],
        ['PATCH', { metadata: { labels: null } }, contentTypes.merge],
        ['PATCH', [{ op: 'remove', path: '/metadata/labels' }], contentTypes.jsonPatch],
        ['PATCH', { metadata: { labels: null } }, contentTypes.strategic],
        ['PATCH', { apiVersion: 'v1', kind: 'ConfigMap', data: { b: '2' } }, 'application/apply-patch+yaml'],
      ] as const) {
        const { status, json } = await api.request(
          admin,
          method,
          `${path}?fieldManager=me&force=true`.replace(type.includes('apply') ? '' : '&force=true', ''),
          body,
          type,
        )
        assert.equal(status, 200, JSON.stringify(json))
        assert.deepEqual(json.metadata.labels, { marks: 'true' }, `${method} ${type}`)
      }
      assert.equal((await api.request(admin, 'DELETE', path)).status, 200)
    })
  })

  test("a policy's result is validated like a client's object", async () => {
    const pods = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }
    await api.create(`${inDefault}/serviceaccounts`, { metadata: { name: 'default' } })
    const open = 'Object{spec: Object.spec{hostNetwork: true}}'
    await withPolicy('opens', { matchConstraints: { resourceRules: [pods] }, mutations: [apply(open)] }, async () => {
      const { status, json } = await api.request(admin, 'POST', `${inDefault}/pods?dryRun=All`, restrictedPod('p'))
      assert.equal(status, 403, json.message)
      assert.match(json.message, /violates PodSecurity "restricted:latest": host namespaces/)
      const why = await api.request(admin, 'GET', '/bulkhead/v1/why/last')
      assert.deepEqual(why.json.mutatedBy, [{ policy: 'opens', binding: 'opens' }])
    })
    const invalid = apply('Object{metadata: Object.metadata{labels: {"not a label": "x"}}}')
    await withPolicy('breaks', { mutations: [invalid] }, async () => {
      const { status, json } = await api.request(admin, 'POST', `${inDefault}/configmaps`, { metadata: { name: 'b' } })
      assert.equal(status, 422)
      assert.match(json.message, /metadata\.labels: Invalid value: "not a label"/)
    })
  })

  test('validating policies see the result of mutating ones, and the audit event names the policy', async () => {
    await api.create('/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies', {
      metadata: { name: 'wants' },
      spec: {
        matchConstraints: { resourceRules: [configMaps], objectSelector: { matchLabels: { gives: 'true' } } },
        validations: [{ expression: 'false', message: 'seen' }],
      },
    })
    await api.create('/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings', {
      metadata: { name: 'wants' },
      spec: { policyName: 'wants', validationActions: ['Deny'] },
    })
    await withPolicy('gives', {}, async () => {
      assert.match(
        (await api.request(admin, 'POST', `${inDefault}/configmaps`, { metadata: { name: 's' } })).json.message,
        /denied request: seen$/,
      )
      const event = api.events.findLast(({ stage, requestURI }) => stage === 'ResponseComplete' && requestURI === `${inDefault}/configmaps`)
      assert.equal(event?.annotations?.['admission.bulkhead.dev/mutated-by.round_0'], '[{"policy":"gives","binding":"gives"}]')
    })
    assert.equal((await api.request(admin, 'POST', `${inDefault}/configmaps`, { metadata: { name: 's' } })).status, 201)
  })

  test('mutations that exceed the cost limit are stopped and refuse, and so do results larger than a request', async () => {
    const data = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`key${index}`, 'value']))
    const object = { metadata: { name: 'costly' }, data }
    const nested = "object.data.all(a, object.data.all(b, object.data.all(c, object.data.all(d, a != 'x' + b + c + d))))"
    await withPolicy('costly', { mutations: [apply(`${nested} ? Object{} : Object{}`)] }, async () => {
      assert.match(
        (await api.request(admin, 'POST', `${inDefault}/configmaps`, object)).json.message,
        /operation cancelled: actual cost limit exceeded$/,
      )
    })
    // A backtracking engine would never end.
    const catastrophic = `Object{data: {"matches": string(object.data["text"].matches("^(a+)+$"))}}`
    await withPolicy('matches', { mutations: [apply(catastrophic)] }, async () => {
      const text = { metadata: { name: 'matched' }, data: { text: `${'a'.repeat(10_000)}!` } }
      assert.equal((await api.create(`${inDefault}/configmaps`, text)).data.matches, 'false')
    })
    const variables = Array.from({ length: 24 }, (_, index) => ({
      name: `v${index}`,
      expression: index === 0 ? 'object.data' : `[variables.v${index - 1}, variables.v${index - 1}]`,
    }))
    await withPolicy('grown', { variables, mutations: [apply('Object{data: variables.v23}')] }, async () => {
      assert.match(
        (await api.request(admin, 'POST', `${inDefault}/configmaps`, object)).json.message,
        /denied request: the patch is larger than 3145728$/,
      )
    })
  })

  test('CVE-2021-25735: a policy sees the old object as it is stored', async () => {
    await api.create(`${inDefault}/configmaps`, { metadata: { name: 'old', labels: { trusted: 'no' } } })
    const copy = apply('Object{metadata: Object.metadata{annotations: {"was": oldObject.metadata.labels["trusted"]}}}')
    const updates = { resourceRules: [{ ...configMaps, operations: ['UPDATE'] }] }
    await withPolicy('keeps', { matchConstraints: updates, mutations: [copy] }, async () => {
      const sent = { metadata: { name: 'old', labels: { trusted: 'yes' }, annotations: { was: 'yes' } } }
      assert.equal((await api.request(admin, 'PUT', `${inDefault}/configmaps/old`, sent)).json.metadata.annotations.was, 'no')
    })
  })

  test('a custom resource is changed in the version that the rules name', async () => {
    const schema = (field: string) => ({
      openAPIV3Schema: {
        type: 'object',
        properties: {
          spec: { type: 'object', properties: { [field]: { type: 'integer' }, list: { type: 'array', items: { type: 'string' } } } },
        },
      },
    })
    await api.create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      metadata: { name: 'pandas.bears.example' },
      spec: {
        group: 'bears.example',
        scope: 'Namespaced',
        names: { plural: 'pandas', kind: 'Panda' },
        versions: [
          { name: 'v1', served: true, storage: true, schema: schema('size') },
          { name: 'v2', served: true, storage: false, schema: schema('size') },
        ],
      },
    })
    const pandas = { apiGroups: ['bears.example'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pandas'] }
    const constraints = { matchConstraints: { resourceRules: [pandas] } }
    const create = (version: string, spec: object = {}) =>
      api.request(admin, 'POST', `/apis/bears.example/${version}/namespaces/default/pandas?dryRun=All`, {
        ...{ apiVersion: `bears.example/${version}`, kind: 'Panda', metadata: { name: version }, spec },
      })
    await withPolicy('pandas', { ...constraints, mutations: [apply('Object{spec: Object.spec{size: 3}}'), label('panda')] }, async () => {
      for (const version of ['v1', 'v2']) {
        const { json } = await create(version)
        assert.equal(json.apiVersion, `bears.example/${version}`)
        assert.deepEqual([json.spec, json.metadata.labels], [{ size: 3 }, { panda: 'true' }])
      }
    })
    for (const [expression, problem] of [
      ['Object{spec: Object.spec{sizes: 3}}', /\.spec\.sizes: field not declared in schema$/],
      ['Object{spec: Object.spec{size: "3"}}', /\.spec\.size: expected numeric \(int or float\), got string$/],
      ['Object{spec: Object.spec{list: ["a"]}}', /may not mutate atomic arrays, maps or structs: \.spec\.list$/],
    ] as const) {
      await withPolicy('pandas', { ...constraints, mutations: [apply(expression)] }, async () => {
        assert.match((await create('v1')).json.message, problem)
      })
    }
  })

  test('no user has a policy read parameters that the user may not read, nor changes policies without the right', async () => {
    const bob = person('bob')
    const path = `${group}/mutatingadmissionpolicies`
    assert.equal((await api.request(bob, 'POST', path, policy('b', {}))).status, 403)
    await api.create('/apis/rbac.authorization.k8s.io/v1/clusterroles', {
      metadata: { name: 'policies' },
      rules: [{ apiGroups: ['admissionregistration.k8s.io'], resources: ['mutatingadmissionpolicies'], verbs: ['*'] }],
    })
    await api.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: 'policies' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'policies' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'bob' }],
    })
    const { status, json } = await api.request(bob, 'POST', path, policy('b', { paramKind: { apiVersion: 'v1', kind: 'Secret' } }))
    assert.equal(status, 422)
    assert.match(json.message, /spec\.paramKind: Forbidden: user .* must have "get" permission on all objects/)
    assert.equal((await api.request(bob, 'POST', path, policy('b', {}))).status, 201)
  })

  test('policies change neither policies nor review requests', async () => {
    const everything = { apiGroups: ['*'], apiVersions: ['*'], operations: ['CREATE', 'UPDATE'], resources: ['*/*'] }
    const failing = { matchConstraints: { resourceRules: [everything] }, mutations: [apply('Object{none: 1}')] }
    await withPolicy('everything', failing, async () => {
      assert.equal((await api.request(admin, 'POST', `${inDefault}/configmaps`, { metadata: { name: 'n' } })).status, 403)
      const created = await api.request(admin, 'POST', `${group}/mutatingadmissionpolicies?dryRun=All`, policy('other', {}))
      assert.equal(created.status, 201)
      const review = { spec: { resourceAttributes: { verb: 'get', resource: 'pods' } } }
      assert.equal((await api.request(admin, 'POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', review)).status, 201)
    })
  })

  test('a policy is applied by the server, and validated as upstream does', async () => {
    const path = `${group}/mutatingadmissionpolicies/applied?fieldManager=t`
    const body = { apiVersion: 'admissionregistration.k8s.io/v1alpha1', kind: 'MutatingAdmissionPolicy', ...policy('applied', {}) }
    const { status, json } = await api.request(admin, 'PATCH', path, body, 'application/apply-patch+yaml')
    assert.equal(status, 201)
    assert.equal(json.metadata.generation, 1)
    assert.equal(json.spec.failurePolicy, 'Fail')
    const wrong = await api.request(admin, 'PATCH', path, { spec: { reinvocationPolicy: 'Often' } })
    assert.equal(wrong.status, 422)
    assert.match(wrong.json.message, /spec\.reinvocationPolicy: Unsupported value: "Often": supported values: "Never", "IfNeeded"$/)
  })
})
