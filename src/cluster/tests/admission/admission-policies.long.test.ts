// ValidatingAdmissionPolicies through the whole server, for every way of writing.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { admin, contentTypes, person, SecuredApi } from '../secured-api.testing.ts'

const group = '/apis/admissionregistration.k8s.io/v1'
const inDefault = '/api/v1/namespaces/default'
const configMap = (name: string, data: object = {}, labels: object = {}) => ({ metadata: { name, labels }, data })
const configMaps = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] }

const api = await SecuredApi.open()
after(() => api[Symbol.asyncDispose]())

/** Creates a policy with a binding for objects with the label `test: name`, and removes both at the end. */
async function withPolicy(name: string, spec: object, binding: object, run: () => Promise<void>): Promise<void> {
  const only = { objectSelector: { matchLabels: { test: name } } }
  const matchConstraints = { resourceRules: [configMaps], ...only }
  await api.create(`${group}/validatingadmissionpolicies`, { metadata: { name }, spec: { matchConstraints, ...spec } })
  await api.create(`${group}/validatingadmissionpolicybindings`, {
    metadata: { name: `${name}-binding` },
    spec: { policyName: name, validationActions: ['Deny'], ...binding },
  })
  try {
    await run()
  } finally {
    for (const [plural, object] of [
      ['validatingadmissionpolicybindings', `${name}-binding`],
      ['validatingadmissionpolicies', name],
    ]) {
      assert.equal((await api.request(admin, 'DELETE', `${group}/${plural}/${object}`)).status, 200)
    }
  }
}

const write = (policy: string, name: string, data: object = {}, namespace = 'default') =>
  api.request(admin, 'POST', `/api/v1/namespaces/${namespace}/configmaps`, configMap(name, data, { test: policy }))

test('a validation that does not hold refuses with its message, reason and code, by every way of writing', async () => {
  const validations = [{ expression: "object.data.?size.orValue('1') == '1'", message: 'size must be 1', reason: 'Forbidden' }]
  await withPolicy('sizes', { validations }, {}, async () => {
    const text = "ValidatingAdmissionPolicy 'sizes' with binding 'sizes-binding' denied request: size must be 1"
    const refused = await write('sizes', 'a', { size: '2' })
    assert.equal(refused.status, 403)
    assert.equal(refused.json.message, `configmaps "a" is forbidden: ${text}`)
    assert.equal(refused.json.reason, 'Forbidden')
    assert.deepEqual(refused.json.details.causes, [{ message: text }])
    assert.equal((await write('sizes', 'a', { size: '1' })).status, 201)
    const path = `${inDefault}/configmaps/a`
    for (const [type, body] of [
      [contentTypes.merge, { data: { size: '3' } }],
      [contentTypes.strategic, { data: { size: '3' } }],
      [contentTypes.jsonPatch, [{ op: 'replace', path: '/data/size', value: '3' }]],
    ] as const) {
      assert.equal((await api.request(admin, 'PATCH', path, body, type)).status, 403)
    }
    assert.equal((await api.request(admin, 'PUT', path, configMap('a', { size: '3' }, { test: 'sizes' }))).status, 403)
    assert.equal((await api.request(admin, 'PATCH', path, { metadata: { labels: { test: 'none' } }, data: { size: '3' } })).status, 403)
    assert.equal((await api.request(admin, 'DELETE', path)).status, 200)
  })
})

test('without a message the expression is shown, and the answer is that of an invalid object', async () => {
  await withPolicy('plain', { validations: [{ expression: ' has(object.data) ' }] }, {}, async () => {
    const { status, json } = await api.request(admin, 'POST', `${inDefault}/configmaps`, {
      metadata: { name: 'a', labels: { test: 'plain' } },
    })
    assert.equal(status, 422)
    assert.equal(json.reason, 'Invalid')
    assert.match(json.message, /denied request: failed expression: has\(object\.data\)$/)
  })
})

test('messageExpression, variables, namespaceObject, request and authorizer', async () => {
  const spec = {
    variables: [
      { name: 'team', expression: "namespaceObject.metadata.name + '/' + request.userInfo.username" },
      { name: 'wrong', expression: "variables.team != 'default/admin'" },
    ],
    validations: [
      { expression: '!variables.wrong', messageExpression: "variables.team + ' may not ' + string(request.operation)" },
      {
        expression: "authorizer.group('').resource('secrets').namespace('default').check('get').allowed()",
        message: 'wants a right to secrets',
      },
      { expression: "authorizer.requestResource.check('create').allowed() && request.resource.resource == 'configmaps'" },
    ],
  }
  await api.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: 'ann' },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'ann' }],
    roleRef: { kind: 'ClusterRole', apiGroup: 'rbac.authorization.k8s.io', name: 'edit' },
  })
  await withPolicy('who', spec, {}, async () => {
    const { json } = await api.request(person('ann'), 'POST', `${inDefault}/configmaps`, configMap('a', {}, { test: 'who' }))
    assert.match(json.message, /denied request: default\/ann may not CREATE$/)
    assert.equal((await write('who', 'b')).status, 201)
  })
})

test('Warn and Audit admit the request, and report violations', async () => {
  const spec = {
    validations: [{ expression: 'false', message: 'no' }],
    auditAnnotations: [{ key: 'seen', valueExpression: "'by ' + object.metadata.name" }],
  }
  await withPolicy('softly', spec, { validationActions: ['Warn', 'Audit'] }, async () => {
    const { status, warnings } = await write('softly', 'warned')
    assert.equal(status, 201)
    assert.deepEqual(warnings, ["Validation failed for ValidatingAdmissionPolicy 'softly' with binding 'softly-binding': no"])
    const event = api.events.find(({ objectRef }) => objectRef?.name === 'warned')
    assert.equal(event?.annotations?.['softly/seen'], 'by warned')
    assert.deepEqual(JSON.parse(event?.annotations?.['validation.policy.admission.k8s.io/validation_failure'] ?? ''), [
      { message: 'no', policy: 'softly', binding: 'softly-binding', expressionIndex: 0, validationActions: ['Warn', 'Audit'] },
    ])
  })
})

test('a failing expression refuses if the policy fails closed, and is skipped otherwise', async () => {
  const validations = [{ expression: 'object.data.missing == 1' }]
  await withPolicy('closed', { validations }, {}, async () => {
    const { status, json } = await write('closed', 'a', { a: 'b' })
    assert.equal(status, 422)
    assert.match(json.message, /denied request: expression 'object.data.missing == 1' resulted in error: no such key: missing$/)
  })
  await withPolicy('open', { validations, failurePolicy: 'Ignore' }, {}, async () => {
    assert.equal((await write('open', 'open', { a: 'b' })).status, 201)
  })
})

test('match conditions leave out, and fail by the failure policy', async () => {
  const spec = {
    validations: [{ expression: 'false' }],
    matchConditions: [{ name: 'not-spared', expression: "object.metadata.name != 'spared'" }],
  }
  await withPolicy('conditions', spec, {}, async () => {
    assert.equal((await write('conditions', 'spared')).status, 201)
    assert.equal((await write('conditions', 'other')).status, 422)
  })
  const failing = { ...spec, matchConditions: [{ name: 'x', expression: 'object.data.a.b == 1' }] }
  await withPolicy('failing', failing, {}, async () => {
    assert.match(
      (await write('failing', 'x', { a: 'b' })).json.message,
      /denied request: expression 'object.data.a.b == 1' resulted in error/,
    )
  })
})

test("parameters by name and by selector, in a fixed namespace or the request's, and missing ones", async () => {
  await api.create('/api/v1/namespaces', { metadata: { name: 'rules' } })
  await api.create('/api/v1/namespaces/rules/configmaps', configMap('limits', { max: '3' }, { kind: 'limits' }))
  await api.create('/api/v1/namespaces/rules/configmaps', configMap('tighter', { max: '2' }, { kind: 'limits' }))
  await api.create(`${inDefault}/configmaps`, configMap('limits', { max: '1' }))
  const spec = {
    paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
    validations: [
      { expression: 'params == null || int(object.data.n) <= int(params.data.max)', messageExpression: "'at most ' + params.data.max" },
    ],
  }
  const messageOf = async (n: string) => (await write('params', 'n', { n })).json.message ?? 'created'
  const refused = (why: string) =>
    `configmaps "n" is forbidden: ValidatingAdmissionPolicy 'params' with binding 'params-binding' denied request: ${why}`
  const remove = () => api.request(admin, 'DELETE', `${inDefault}/configmaps/n`)
  await withPolicy('params', spec, { paramRef: { name: 'limits', namespace: 'rules', parameterNotFoundAction: 'Deny' } }, async () => {
    assert.equal(await messageOf('4'), refused('at most 3'))
    assert.equal(await messageOf('3'), 'created')
    await remove()
  })
  await withPolicy('params', spec, { paramRef: { name: 'limits', parameterNotFoundAction: 'Deny' } }, async () => {
    assert.equal(await messageOf('2'), refused('at most 1'))
  })
  const selector = { matchLabels: { kind: 'limits' } }
  await withPolicy('params', spec, { paramRef: { selector, namespace: 'rules', parameterNotFoundAction: 'Deny' } }, async () => {
    assert.equal(await messageOf('3'), refused('at most 2'))
  })
  await withPolicy('params', spec, { paramRef: { name: 'gone', parameterNotFoundAction: 'Deny' } }, async () => {
    assert.equal(
      await messageOf('1'),
      refused('failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction'),
    )
  })
  await withPolicy('params', spec, { paramRef: { name: 'gone', parameterNotFoundAction: 'Allow' } }, async () => {
    assert.equal(await messageOf('9'), 'created')
    await remove()
  })
  await withPolicy(
    'params',
    { ...spec, paramKind: { apiVersion: 'rules.example.com/v1', kind: 'Limit' } },
    { paramRef: { name: 'x', parameterNotFoundAction: 'Deny' } },
    async () => {
      assert.match(
        await messageOf('1'),
        /ValidatingAdmissionPolicy 'params' denied request: failed to configure policy: failed to find resource referenced by paramKind: 'rules\.example\.com\/v1, Kind=Limit'$/,
      )
    },
  )
})

test('namespace selectors of policy and binding both narrow, and exclusions win', async () => {
  await api.create('/api/v1/namespaces', { metadata: { name: 'strict', labels: { strict: 'yes' } } })
  const spec = { validations: [{ expression: 'false' }] }
  const namespaceSelector = { matchLabels: { strict: 'yes' } }
  await withPolicy('spaces', spec, { matchResources: { namespaceSelector } }, async () => {
    assert.equal((await write('spaces', 'a', {}, 'strict')).status, 422)
    assert.equal((await write('spaces', 'space')).status, 201)
  })
  const excludeResourceRules = [{ ...configMaps, operations: ['*'], resourceNames: ['fine'] }]
  const matchConstraints = { resourceRules: [configMaps], excludeResourceRules, objectSelector: { matchLabels: { test: 'excluded' } } }
  await withPolicy('excluded', { ...spec, matchConstraints }, {}, async () => {
    assert.equal((await write('excluded', 'fine')).status, 201)
    assert.equal((await write('excluded', 'bad')).status, 422)
  })
})

test('a rule for one version holds for requests in another, which expressions see in the version of the rule', async () => {
  const rule = { apiGroups: ['autoscaling'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['horizontalpodautoscalers'] }
  const validations = [
    {
      expression: 'object.spec.targetCPUUtilizationPercentage < 60',
      messageExpression: 'request.kind.version + request.requestKind.version + request.resource.version + request.requestResource.version',
    },
  ]
  const expression = "request.kind.version == 'v1' && request.resource.version == 'v2'"
  const matchConditions = [{ name: 'sees-the-requested-version', expression }]
  const scaler = {
    metadata: { name: 'x' },
    spec: {
      maxReplicas: 3,
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
      metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } }],
    },
  }
  const path = '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers?dryRun=All'
  await withPolicy('versions', { validations, matchConditions, matchConstraints: { resourceRules: [rule] } }, {}, async () => {
    assert.match((await api.request(admin, 'POST', path, scaler)).json.message, /denied request: v1v2v1v2$/)
  })
  await withPolicy('versions', { validations, matchConstraints: { resourceRules: [rule], matchPolicy: 'Exact' } }, {}, async () => {
    assert.equal((await api.request(admin, 'POST', path, scaler)).status, 201)
  })
})

test('deletions are validated by the old object, and policies do not apply to policies', async () => {
  const everything = { apiGroups: ['*'], apiVersions: ['*'], operations: ['DELETE'], resources: ['*'] }
  const validations = [{ expression: "object == null && oldObject.metadata.name != 'kept'" }]
  await api.create(`${inDefault}/configmaps`, configMap('kept'))
  await withPolicy('deletions', { validations, matchConstraints: { resourceRules: [everything] } }, {}, async () => {
    assert.equal((await api.request(admin, 'DELETE', `${inDefault}/configmaps/kept`)).status, 422)
    await api.create(`${inDefault}/configmaps`, configMap('lost'))
    assert.equal((await api.request(admin, 'DELETE', `${inDefault}/configmaps/lost`)).status, 200)
  })
  const unnamed = [{ expression: "has(request.name) ? request.name != 'kept' : oldObject.metadata.name == 'kept'", message: 'has a name' }]
  await withPolicy('collections', { validations: unnamed, matchConstraints: { resourceRules: [everything] } }, {}, async () => {
    assert.match((await api.request(admin, 'DELETE', `${inDefault}/configmaps/kept`)).json.message, /has a name$/)
    const one = await api.request(admin, 'DELETE', `${inDefault}/configmaps?fieldSelector=metadata.name%3Dkept`)
    assert.equal(one.status, 200, one.text)
  })
  // withPolicy() itself deletes a policy while this one forbids all deletions.
  const no = { validations: [{ expression: 'false' }], matchConstraints: { resourceRules: [everything] } }
  await withPolicy('locked', no, {}, async () => undefined)
})

test('an expression that costs too much is stopped and refuses', async () => {
  const validations = [
    { expression: "object.data.all(a, object.data.all(b, object.data.all(c, object.data.all(d, a != 'x' + b + c + d))))" },
  ]
  await withPolicy('costly', { validations }, {}, async () => {
    const data = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`key${index}`, 'value']))
    const { status, json } = await write('costly', 'a', data)
    assert.equal(status, 422)
    assert.match(json.message, /resulted in error: operation cancelled: actual cost limit exceeded$/)
  })
  const many = Array.from({ length: 12 }, () => ({
    expression: "object.data.all(a, object.data.all(b, object.data.all(c, a != 'x' + b + c)))",
  }))
  await withPolicy('budget', { validations: many }, {}, async () => {
    const data = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`key${index}`, 'value']))
    const { status, json } = await write('budget', 'a', data)
    assert.equal(status, 422)
    assert.match(
      json.message,
      /denied request: validation failed due to running out of cost budget, no further validation rules will be run$/,
    )
  })
})

test('policies that cost much let other requests have their turn', async () => {
  const validations = Array.from({ length: 4 }, () => ({
    expression: "object.data.all(a, object.data.all(b, object.data.all(c, a != 'x' + b + c)))",
  }))
  const bind = async (name: string) => {
    const matchConstraints = { resourceRules: [configMaps], objectSelector: { matchLabels: { test: 'turns' } } }
    await api.create(`${group}/validatingadmissionpolicies`, { metadata: { name }, spec: { matchConstraints, validations } })
    const binding = { metadata: { name }, spec: { policyName: name, validationActions: ['Deny'] } }
    await api.create(`${group}/validatingadmissionpolicybindings`, binding)
  }
  const names = Array.from({ length: 6 }, (_, index) => `turns-${index}`)
  for (const name of names) await bind(name)
  const data = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`key${index}`, 'value']))
  let rounds = 0
  let evaluated = false
  const count = () => {
    rounds++
    if (!evaluated) setImmediate(count)
  }
  setImmediate(count)
  const { status, text } = await write('turns', 'turns', data)
  evaluated = true
  assert.equal(status, 201, text)
  assert.ok(rounds >= names.length - 1, `${rounds} rounds of the event loop`)
  for (const name of names) await api.request(admin, 'DELETE', `${group}/validatingadmissionpolicies/${name}`)
})

test('CVE-2016-1905: an unbound policy, and one whose binding is deleted, have no effect from the next request on', async () => {
  await api.create(`${group}/validatingadmissionpolicies`, {
    metadata: { name: 'unbound' },
    spec: { matchConstraints: { resourceRules: [configMaps] }, validations: [{ expression: 'false' }] },
  })
  assert.equal((await write('unbound', 'unbound-1')).status, 201)
  const binding = { metadata: { name: 'late' }, spec: { policyName: 'unbound', validationActions: ['Deny'] } }
  await api.create(`${group}/validatingadmissionpolicybindings`, binding)
  assert.equal((await write('unbound', 'unbound-2')).status, 422)
  await api.request(admin, 'PATCH', `${group}/validatingadmissionpolicies/unbound`, { spec: { validations: [{ expression: 'true' }] } })
  assert.equal((await write('unbound', 'unbound-3')).status, 201)
  await api.request(admin, 'PATCH', `${group}/validatingadmissionpolicies/unbound`, { spec: { validations: [{ expression: 'false' }] } })
  assert.equal((await write('unbound', 'unbound-4')).status, 422)
  assert.equal((await api.request(admin, 'DELETE', `${group}/validatingadmissionpolicybindings/late`)).status, 200)
  assert.equal((await write('unbound', 'unbound-5')).status, 201)
})
