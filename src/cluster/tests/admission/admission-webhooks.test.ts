// Admission webhooks through the whole server: their requests, and the effect of their answers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admin, restrictedPod } from '../secured-api.testing.ts'
import { patching, type Respond } from '../webhook.testing.ts'
import { group, hookedApi, inDefault, kinds, rule } from './hooked-api.testing.ts'

const hooked = await hookedApi()
const { base, withHooks, write, remove, auditOf } = hooked

test('a webhook is sent the whole review, and its refusal is the answer', async () => {
  const respond: Respond = () => ({ allowed: false, status: { code: 418, message: 'no tea', reason: 'Forbidden' } })
  await withHooks('validating', [base('check', { timeoutSeconds: 7 })], respond, async sent => {
    const { status, json } = await write('a', { k: 'v' }, '?fieldManager=me')
    assert.equal(status, 418)
    assert.equal(json.message, 'admission webhook "check.example.com" denied the request: no tea')
    assert.equal(json.reason, 'Forbidden')
    const [{ path, review } = assert.fail('nothing was sent')] = sent
    assert.equal(path, '/check?timeout=7s')
    const { uid, object, ...request } = review.request
    assert.match(uid, /^[0-9a-f-]{36}$/)
    assert.equal(object.data.k, 'v')
    const configMaps = { group: '', version: 'v1', resource: 'configmaps' }
    const kind = { group: '', version: 'v1', kind: 'ConfigMap' }
    assert.deepEqual(request, {
      ...{ kind, resource: configMaps, requestKind: kind, requestResource: configMaps },
      ...{ name: 'a', namespace: 'default', operation: 'CREATE', oldObject: null, dryRun: false },
      userInfo: { username: 'admin', groups: ['system:masters', 'system:authenticated'] },
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'me' },
    })
    assert.equal(review.apiVersion, 'admission.k8s.io/v1')
    assert.equal((await hooked.api.request(admin, 'GET', `${inDefault}/configmaps/a`)).status, 404)
  })
})

const refusals: readonly [string, object, number, string][] = [
  ['without a word', {}, 400, 'admission webhook "check.example.com" denied the request without explanation'],
  ['with a reason alone', { status: { reason: 'Busy' } }, 400, 'admission webhook "check.example.com" denied the request: Busy'],
  ['with a code of success', { status: { code: 200, message: 'x' } }, 400, 'admission webhook "check.example.com" denied the request: x'],
]
for (const [what, more, code, message] of refusals) {
  test(`a webhook that refuses ${what} refuses`, async () => {
    await withHooks(
      'validating',
      [base('check')],
      () => ({ allowed: false, ...more }),
      async () => {
        const { status, json } = await write('a')
        assert.deepEqual([status, json.message], [code, message])
      },
    )
  })
}

test('warnings reach the client, annotations the audit event, with the name of the webhook', async () => {
  const respond: Respond = () => ({ allowed: true, warnings: ['careful'], auditAnnotations: { seen: 'yes', 'not valid!': 'x' } })
  await withHooks('validating', [base('check')], respond, async () => {
    const { warnings } = await write('warned')
    assert.deepEqual(warnings, ['careful'])
    assert.equal(auditOf('warned')['check.example.com/seen'], 'yes')
    assert.equal(Object.keys(auditOf('warned')).filter(key => key.startsWith('check.')).length, 1)
  })
  await remove('warned')
})

test('a patch is applied, defaulted and validated, and its fields have no manager', async () => {
  const add = patching({ op: 'add', path: '/data', value: { added: 'yes' } }, { op: 'add', path: '/unknown', value: 1 })
  await withHooks(
    'mutating',
    [base('change')],
    () => add,
    async () => {
      const { status, json } = await write('patched', { own: '1' })
      assert.equal(status, 201)
      assert.deepEqual(json.data, { added: 'yes' })
      assert.equal('unknown' in json, false)
      assert.doesNotMatch(JSON.stringify(json.metadata.managedFields), /added/)
      assert.deepEqual(JSON.parse(auditOf('patched')['mutation.webhook.admission.k8s.io/round_0_index_0'] ?? ''), {
        ...{ configuration: 'hooks', webhook: 'change.example.com', mutated: true },
      })
    },
  )
  await remove('patched')
  const bad = patching({ op: 'add', path: '/data', value: { 'not a key!': 'x' } })
  await withHooks(
    'mutating',
    [base('change')],
    () => bad,
    async () => {
      assert.equal((await write('patched')).status, 422)
    },
  )
})

/** As text, because the engine cannot write such deep values. */
function nestedPatch(levels: number): string {
  return `[{"op":"add","path":"/data","value":${'['.repeat(levels)}${']'.repeat(levels)}}]`
}

const nestedMaps = (levels: number): object => (levels === 0 ? {} : { a: nestedMaps(levels - 1) })

const brokenPatches: readonly [string, object, RegExp][] = [
  ['that cannot be applied', patching({ op: 'remove', path: '/data/missing' }), /^Internal error occurred: /],
  ['of another type', { ...patching({ op: 'add', path: '/data', value: {} }), patchType: 'Merge' }, /unsupported patch type "Merge"/],
  ['without a type', { allowed: true, patch: 'W10=' }, /webhook returned response.patch but not response.patchType/],
  ['that is not JSON', { allowed: true, patchType: 'JSONPatch', patch: Buffer.from('{').toString('base64') }, /is not JSON/],
  [
    'that is nested very deep',
    { allowed: true, patchType: 'JSONPatch', patch: Buffer.from(nestedPatch(200_000)).toString('base64') },
    /^Internal error occurred: the patch of an admission webhook is nested deeper than 500 levels$/,
  ],
  [
    'whose operations nest the object very deep',
    patching(
      ...Array.from({ length: 20 }, (_, index) => ({ op: 'add', path: `/data${'/a'.repeat(index * 100)}`, value: nestedMaps(101) })),
    ),
    /^Internal error occurred: the patched object is nested deeper than 500 levels$/,
  ],
  ['of the name', patching({ op: 'replace', path: '/metadata/name', value: 'other' }), /attempted to change metadata.name/],
  [
    'of the namespace',
    patching({ op: 'replace', path: '/metadata/namespace', value: 'kube-system' }),
    /attempted to change metadata.namespace/,
  ],
]
for (const [what, answer, message] of brokenPatches) {
  test(`a patch ${what} refuses the request`, async () => {
    await withHooks(
      'mutating',
      [base('change')],
      () => answer,
      async () => {
        const { status, json } = await write('a')
        assert.equal(status, 500)
        assert.match(json.message, message)
      },
    )
  })
}

test('a patch cannot make an object larger than a client may send it', async () => {
  const value = Object.fromEntries(Array.from({ length: 2 }, (_, index) => [`k${index}`, 'x'.repeat(1024 * 1024)]))
  const grown = patching(
    { op: 'add', path: '/data', value },
    { op: 'copy', from: '/data/k0', path: '/data/k3' },
    { op: 'copy', from: '/data/k0', path: '/data/k4' },
  )
  await withHooks(
    'mutating',
    [base('change')],
    () => grown,
    async () => {
      const { status, json } = await write('large')
      assert.equal(status, 413)
      assert.match(json.message, /admission webhook "change\.example\.com" made the object larger than 3145728/)
    },
  )
})

test('a webhook cannot change what only the server decides', async () => {
  const forged = patching(
    { op: 'replace', path: '/metadata/uid', value: '00000000-0000-0000-0000-000000000000' },
    { op: 'replace', path: '/metadata/creationTimestamp', value: '2001-01-01T00:00:00Z' },
    { op: 'remove', path: '/metadata/managedFields' },
    { op: 'add', path: '/data', value: { a: 'b' } },
  )
  await withHooks(
    'mutating',
    [base('change')],
    () => forged,
    async () => {
      const { json } = await write('forged', { x: 'y' })
      assert.deepEqual(json.data, { a: 'b' })
      assert.notEqual(json.metadata.uid, '00000000-0000-0000-0000-000000000000')
      assert.doesNotMatch(json.metadata.creationTimestamp, /^2001/)
      assert.ok(json.metadata.managedFields.length > 0)
    },
  )
  await remove('forged')
})

test("CVE-2016-1905: a webhook's additions are validated by Pod Security, and by validating policies and webhooks", async () => {
  const pods = { ...rule, operations: ['CREATE'], resources: ['pods'] }
  const privileged = patching({ op: 'add', path: '/spec/hostPID', value: true })
  await withHooks(
    'mutating',
    [base('change', { rules: [pods] })],
    () => privileged,
    async () => {
      const { status, json } = await hooked.api.request(admin, 'POST', `${inDefault}/pods`, restrictedPod('p'))
      assert.equal(status, 403)
      assert.match(json.message, /violates PodSecurity "restricted/)
    },
  )
})

test('hooks run in the order of configuration names, and again if a later one changed what they saw', async () => {
  const order: string[] = []
  const respond: Respond = (review, path) => {
    const name = path.slice(1, path.indexOf('?'))
    order.push(name)
    const { data = {} } = review.request.object
    return name in data ? { allowed: true } : patching({ op: 'add', path: '/data', value: { ...data, [name]: 'x' } })
  }
  const hooks = [base('first', { reinvocationPolicy: 'IfNeeded' }), base('second'), base('third', { reinvocationPolicy: 'IfNeeded' })]
  await withHooks('mutating', hooks, respond, async () => {
    await hooked.api.create(`${group}/${kinds.mutating}`, { metadata: { name: 'earlier' }, webhooks: [base('zero')] })
    const { json } = await write('ordered')
    // Only the first ran before something else changed the object.
    assert.deepEqual(order, ['zero', 'first', 'second', 'third', 'first'])
    assert.deepEqual(Object.keys(json.data).sort(), ['first', 'second', 'third', 'zero'])
    assert.equal((await hooked.api.request(admin, 'DELETE', `${group}/${kinds.mutating}/earlier`)).status, 200)
  })
  await remove('ordered')
})

test("built-in plug-ins see the webhooks' additions, and run once more", async () => {
  const pods = { ...rule, operations: ['CREATE'], resources: ['pods'] }
  const respond: Respond = review =>
    review.request.object.spec.priorityClassName === undefined
      ? patching({ op: 'add', path: '/spec/priorityClassName', value: 'high' }, { op: 'remove', path: '/spec/priority' })
      : { allowed: true }
  await hooked.api.create('/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name: 'high' }, value: 77 })
  await withHooks('mutating', [base('change', { rules: [pods] })], respond, async () => {
    const { json } = await hooked.api.request(admin, 'POST', `${inDefault}/pods`, restrictedPod('ranked'))
    assert.equal(json.spec?.priority, 77, JSON.stringify(json))
  })
})

test('match conditions, selectors and operations decide which webhooks run', async () => {
  const conditions = [{ name: 'mine', expression: "request.operation == 'CREATE' && object.metadata.name.startsWith('mine')" }]
  const hooks = [
    base('conditional', { matchConditions: conditions }),
    base('elsewhere', { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'other' } } }),
    base('labelled', { objectSelector: { matchLabels: { a: 'b' } } }),
    base('deletions', { rules: [{ ...rule, operations: ['DELETE'] }] }),
  ]
  await withHooks(
    'validating',
    hooks,
    () => ({ allowed: false }),
    async sent => {
      assert.equal((await write('yours')).status, 201)
      assert.equal((await write('mine')).status, 400)
      assert.deepEqual(
        sent.map(({ path }) => path.split('?')[0]),
        ['/conditional'],
      )
      const labelled = { metadata: { name: 'l', labels: { a: 'b' } } }
      assert.match((await hooked.api.request(admin, 'POST', `${inDefault}/configmaps`, labelled)).json.message, /"labelled\.example\.com"/)
      assert.match((await remove('yours')).json.message, /"deletions\.example\.com"/)
    },
  )
  await remove('yours')
})

test('webhooks get the deleted objects of a collection without a name in the request', async () => {
  await write('one')
  await withHooks(
    'validating',
    [base('deletions', { rules: [{ ...rule, operations: ['DELETE'] }] })],
    () => ({ allowed: true }),
    async sent => {
      const { status } = await hooked.api.request(admin, 'DELETE', `${inDefault}/configmaps?fieldSelector=metadata.name%3Done`)
      assert.equal(status, 200)
      const { name, namespace, oldObject } = sent[0]?.review.request ?? {}
      assert.deepEqual([name, namespace, oldObject.metadata.name], [undefined, 'default', 'one'])
      await write('one')
      await remove('one')
      assert.equal(sent[1]?.review.request.name, 'one')
    },
  )
})

test('a dry run asks only webhooks without side effects', async () => {
  const { url: _, ...none } = { url: '', sideEffects: 'NoneOnDryRun' }
  await withHooks(
    'validating',
    [base('check', none)],
    () => ({ allowed: true }),
    async sent => {
      assert.equal((await write('dry', {}, '?dryRun=All')).status, 201)
      assert.equal(sent[0]?.review.request.dryRun, true)
    },
  )
})

test('webhooks never apply to webhooks and policies', async () => {
  const all = { apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*/*'] }
  const respond: Respond = () => ({ allowed: false })
  // withHooks() itself deletes the configuration that refuses everything.
  await withHooks('validating', [base('all', { rules: [all], namespaceSelector: {} })], respond, async () => {
    assert.equal((await write('a')).status, 400)
    assert.equal((await hooked.api.request(admin, 'POST', '/api/v1/namespaces', { metadata: { name: 'n' } })).status, 400)
    const binding = { metadata: { name: 'b' }, spec: { policyName: 'p', validationActions: ['Deny'] } }
    assert.equal((await hooked.api.request(admin, 'POST', `${group}/validatingadmissionpolicybindings`, binding)).status, 201)
  })
})
