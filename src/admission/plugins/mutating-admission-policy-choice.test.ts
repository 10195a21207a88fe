import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { KubeObject } from '../../api/object.ts'
import type { MutatingAdmissionPolicySpec, Mutation } from '../../api/types/admissionregistration-v1alpha1.ts'
import type { AdmissionPlugin } from '../admission.ts'
import {
  type Asked,
  apply,
  at,
  containers,
  deployment,
  everything,
  type Given,
  mutate,
  one,
  patch,
  specOf,
} from '../mutating-policy.fixture.ts'
import { mutatedByAnnotations } from '../policy/mutate-by-policies.ts'

suite('what a policy cannot do is refused with its message, or passed over', () => {
  const rows: readonly [name: string, mutation: Mutation, problem: string | RegExp][] = [
    [
      'the type of another field',
      apply('Object{spec: Object.specx{replicas: 1}}'),
      'type mismatch: unexpected type name "Object.specx", expected "Object.spec", which matches field name path from root Object type',
    ],
    [
      'a field that the kind does not have',
      apply('Object{spec: Object.spec{replicasx: 1}}'),
      'error applying patch: failed to convert patch object to typed object: .spec.replicasx: field not declared in schema',
    ],
    [
      'a part of what changes as a whole',
      apply('Object{spec: Object.spec{selector: Object.spec.selector{matchLabels: {"l": "v"}}}}'),
      'error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.selector',
    ],
    [
      'an atomic list within a keyed one',
      apply(
        'Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{containers: [Object.spec.template.spec.containers{name: "c", command: ["x"]}]}}}}',
      ),
      'error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.template.spec.containers[0].command',
    ],
    ['an expression of another type', apply('"teapot"'), 'must evaluate to Object but got string'],
    [
      'an expression that fails',
      apply('Object{spec: Object.spec{replicas: object.spec.none}}'),
      "expression 'Object{spec: Object.spec{replicas: object.spec.none}}' resulted in error: no such key: none",
    ],
    [
      'an expression that costs too much',
      patch(
        '[1,2,3,4,5,6,7,8,9,0].all(a, [1,2,3,4,5,6,7,8,9,0].all(b, [1,2,3,4,5,6,7,8,9,0].all(c, [1,2,3,4,5,6,7,8,9,0].all(d, [1,2,3,4,5,6,7,8,9,0].all(e, [1,2,3,4,5,6,7,8,9,0].all(f, "0123456789" == "0123456789")))))) ? [JSONPatch{}] : []',
      ),
      /operation cancelled: actual cost limit exceeded$/,
    ],
    [
      'a path that leads nowhere',
      patch('[JSONPatch{op: "add", path: "/spec/none/x", value: 1}]'),
      /^JSONPath: add operation does not apply: doc is missing path: "\/spec\/none\/x": missing value$/,
    ],
    ['an item behind the last to be replaced', patch(`[JSONPatch{op: "replace", path: "${at}/-", value: {"name": "x"}}]`), /^JSONPath: /],
  ]
  for (const [name, mutation, problem] of rows) {
    test(name, async () => {
      const object = deployment(containers('c'))
      const { error, observed } = await mutate({ policies: one(mutation), object })
      const before = "policy 'p' with binding 'p-binding' denied request: "
      assert.ok(error?.message.startsWith(before), error?.message)
      const said = error?.message.slice(before.length) ?? ''
      if (typeof problem === 'string') assert.equal(said, problem)
      else assert.match(said, problem)
      assert.equal(error?.status.code, 403)
      assert.equal(error?.status.reason, 'Invalid')
      assert.deepEqual(error?.status.details?.causes, [{ message: error?.message }])
      assert.equal(observed.length, 1)
      assert.notEqual(observed[0]?.errorType, 'no_error')
      const ignored = await mutate({ policies: { p: { spec: { mutations: [mutation], failurePolicy: 'Ignore' } } }, object })
      assert.equal(ignored.error, undefined)
      assert.deepEqual(ignored.object, object)
    })
  }

  test('a condition that fails, and missing parameters', async () => {
    const mutations = [apply('Object{spec: Object.spec{replicas: 2}}')]
    const failing = { p: { spec: { mutations, matchConditions: [{ name: 'c', expression: 'object.none == 1' }] } } }
    assert.match((await mutate({ policies: failing, object: deployment() })).error?.message ?? '', /resulted in error: no such key: none$/)
    const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' }
    const missing = (parameterNotFoundAction: string) => ({
      p: { spec: { mutations, paramKind }, bindings: [{ paramRef: { name: 'x', parameterNotFoundAction } }] },
    })
    const { error } = await mutate({ policies: missing('Deny'), object: deployment() })
    assert.equal(
      error?.message,
      "policy 'p' with binding 'p-binding' denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction",
    )
    assert.equal(error?.status.reason, 'Forbidden')
    const allowed = await mutate({ policies: missing('Allow'), object: deployment() })
    assert.equal(allowed.error, undefined)
    assert.equal(specOf(allowed.object)['replicas'], 1)
  })

  test("no mutation changes an object's identity", async () => {
    for (const field of ['name', 'namespace']) {
      const { error } = await mutate({ policies: one(apply(`Object{metadata: Object.metadata{${field}: "other"}}`)), object: deployment() })
      assert.equal(error?.status.code, 500)
      assert.match(error?.message ?? '', new RegExp(`MutatingAdmissionPolicy "p" attempted to change metadata\\.${field}$`))
    }
    const { object } = await mutate({
      policies: one(apply('Object{metadata: Object.metadata{uid: "u", generation: 9, labels: {"a": "b"}}}')),
      object: deployment(),
    })
    assert.deepEqual(object.metadata, { ...deployment().metadata, labels: { a: 'b' } })
  })
})

suite('which policies change a request', () => {
  const label = (name: string, more: MutatingAdmissionPolicySpec = {}): MutatingAdmissionPolicySpec => ({
    mutations: [apply(`Object{metadata: Object.metadata{labels: {"${name}": "true"}}}`)],
    ...more,
  })

  test('does not apply without a binding, or if the binding, a rule or a condition excludes it', async () => {
    const policies: Asked['policies'] = {
      unbound: { spec: label('unbound'), bindings: [] },
      elsewhere: {
        spec: label('elsewhere', {
          matchConstraints: { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['pods'] }] },
        }),
      },
      narrowed: { spec: label('narrowed'), bindings: [{ matchResources: { objectSelector: { matchLabels: { a: 'b' } } } }] },
      conditional: { spec: label('conditional', { matchConditions: [{ name: 'c', expression: 'object.spec.replicas > 5' }] }) },
    }
    assert.equal((await mutate({ policies, object: deployment() })).object.metadata.labels, undefined)
  })

  test('matches another version by equivalence, with the requested resource in its conditions', async () => {
    const scalers = { apiGroups: ['autoscaling'], apiVersions: ['v1'], operations: ['*'], resources: ['horizontalpodautoscalers'] }
    const conditionsOf = (resource: string) => [
      { name: 'c', expression: `request.kind.version == 'v1' && request.resource.version == '${resource}'` },
    ]
    const matchConstraints = { resourceRules: [scalers], matchPolicy: 'Equivalent' }
    const policies: Asked['policies'] = {
      asked: { spec: label('asked', { matchConstraints, matchConditions: conditionsOf('v2') }) },
      named: { spec: label('named', { matchConstraints, matchConditions: conditionsOf('v1') }) },
    }
    const scaleTargetRef = { kind: 'Deployment', name: 'd' }
    const object: KubeObject & { spec: object } = {
      ...{ kind: 'HorizontalPodAutoscaler', apiVersion: 'autoscaling/v2', metadata: { name: 'h', namespace: 'default' } },
      spec: { maxReplicas: 2, scaleTargetRef },
    }
    const changed = await mutate({ policies, object, kind: ['autoscaling/v2', 'HorizontalPodAutoscaler'] })
    assert.equal(changed.error, undefined)
    assert.deepEqual(changed.object.metadata.labels, { asked: 'true' })
  })

  test('a later mutation sees the result of an earlier one, never the reverse', async () => {
    const condition = { name: 'production', expression: 'object.metadata.?labels["env"].orValue("") == "production"' }
    const sets = { spec: { mutations: [apply('Object{metadata: Object.metadata{labels: {"env": "production"}}}')] } }
    const asks = { spec: label('seen', { matchConditions: [condition], reinvocationPolicy: 'IfNeeded' }) }
    assert.deepEqual((await mutate({ policies: { a: sets, b: asks }, object: deployment() })).object.metadata.labels, {
      env: 'production',
      seen: 'true',
    })
    assert.deepEqual((await mutate({ policies: { a: asks, b: sets }, object: deployment() })).object.metadata.labels, { env: 'production' })
  })

  test('selectors match the original object', async () => {
    const sets = { spec: label('first') }
    const narrow = { spec: label('second', { matchConstraints: { ...everything, objectSelector: { matchLabels: { first: 'true' } } } }) }
    assert.deepEqual((await mutate({ policies: { a: sets, b: narrow }, object: deployment() })).object.metadata.labels, { first: 'true' })
  })

  test('once for each binding and each set of parameters', async () => {
    const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' }
    const spec = { paramKind, mutations: [apply('Object{metadata: Object.metadata{annotations: params.data}}')] }
    const configMaps = ['1', '2', '3'].map(n => ({
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { name: n, namespace: 'default', labels: { some: n < '3' ? 'yes' : 'no' } },
      data: { [`k${n}`]: n },
    }))
    const bindings = [
      { paramRef: { selector: { matchLabels: { some: 'yes' } }, parameterNotFoundAction: 'Deny' } },
      { paramRef: { name: '3', parameterNotFoundAction: 'Deny' } },
    ]
    const { object, annotations } = await mutate({ policies: { p: { spec, bindings } }, object: deployment(), configMaps })
    assert.deepEqual(object.metadata.annotations, { k1: '1', k2: '2', k3: '3' })
    const by = (binding: string) => ({ policy: 'p', binding })
    assert.deepEqual(JSON.parse(annotations.get(mutatedByAnnotations[0]) ?? ''), [by('p-binding'), by('p-binding'), by('p-binding-2')])
  })

  test('variables are computed anew for each mutation', async () => {
    const variables = [{ name: 'next', expression: 'object.spec.replicas + 1' }]
    const mutations = [1, 2].map(() => apply('Object{spec: Object.spec{replicas: variables.next * 10}}'))
    assert.equal(
      specOf((await mutate({ policies: { p: { spec: { variables, mutations } } }, object: deployment() })).object)['replicas'],
      210,
    )
  })

  test('a failing mutation neither undoes earlier ones nor stops later ones', async () => {
    const mutations = [
      apply('Object{spec: Object.spec{replicas: 2}}'),
      apply('Object{spec: Object.spec{none: 1}}'),
      apply('Object{metadata: Object.metadata{labels: {"l": "v"}}}'),
    ]
    const { object, error } = await mutate({ policies: { p: { spec: { mutations, failurePolicy: 'Ignore' } } }, object: deployment() })
    assert.equal(error, undefined)
    assert.equal(specOf(object)['replicas'], 2)
    assert.deepEqual(object.metadata.labels, { l: 'v' })
  })

  test('all failures are reported, the first one first', async () => {
    const failing = { spec: { mutations: [apply('Object{spec: Object.spec{none: 1}}')] } }
    const { error } = await mutate({ policies: { a: failing, b: failing }, object: deployment() })
    assert.match(error?.message ?? '', /^policy 'a' with/)
    assert.deepEqual(
      error?.status.details?.causes?.map(({ message = '' }) => message.slice(0, 10)),
      ["policy 'a'", "policy 'b'"],
    )
  })
})

suite('reinvocation', () => {
  const count = (name: string, reinvocationPolicy: string): Given => ({
    spec: {
      reinvocationPolicy,
      mutations: [
        apply(
          `Object{metadata: Object.metadata{annotations: {"n": string(int(object.metadata.annotations["n"]) + 1), "${name}": "true"}}}`,
        ),
      ],
    },
  })
  const start = deployment({}, { annotations: { n: '0' } })

  test('those with reinvocation run again if the object changed after them', async () => {
    const policies = { a: count('a', 'IfNeeded'), b: count('b', 'IfNeeded'), c: count('c', 'Never') }
    const { object } = await mutate({ policies, object: start })
    assert.deepEqual(object.metadata.annotations, { n: '5', a: 'true', b: 'true', c: 'true' })
  })

  test('nothing runs again if nothing changed after it', async () => {
    const { object } = await mutate({ policies: { a: count('a', 'Never'), b: count('b', 'IfNeeded') }, object: start })
    assert.equal(object.metadata.annotations?.['n'], '2')
  })

  test('changes of another plug-in count too', async () => {
    const webhook: AdmissionPlugin = {
      name: 'other',
      handles: () => true,
      async mutate(request) {
        const labels = request.object?.metadata.labels
        if (request.object === undefined || labels?.['w'] === 'x') return
        request.object.metadata.labels = { ...labels, w: 'x' }
      },
    }
    const { object } = await mutate({ policies: { a: count('a', 'IfNeeded'), b: count('b', 'Never') }, object: start, behind: [webhook] })
    assert.equal(object.metadata.annotations?.['n'], '3')
  })
})

suite('work that takes long', () => {
  const count = 'Object{metadata: Object.metadata{annotations: {"n": string(int(object.metadata.annotations["n"]) + 1)}}}'
  const policies = one(...Array.from({ length: 40 }, () => apply(count)))
  const large = deployment({ template: { metadata: { annotations: { text: 'x'.repeat(200_000) } } } }, { annotations: { n: '0' } })

  test('others have their turn between the mutations of a policy, by the size of the object', async () => {
    let rounds = 0
    let counting = true
    const next = (): void => {
      rounds++
      if (counting) setImmediate(next)
    }
    setImmediate(next)
    const { object } = await mutate({ policies, object: large })
    counting = false
    assert.equal(object.metadata.annotations?.['n'], '40')
    assert.ok(rounds >= 10, `${rounds} rounds of the event loop`)
  })

  test('nothing continues once the request is over', async () => {
    const stop = new AbortController()
    const pending = mutate({ policies, object: large, signal: stop.signal })
    stop.abort(new Error('the client is gone'))
    const { error, observed } = await pending
    assert.match(error?.message ?? '', /admission plugin "MutatingAdmissionPolicy" failed to complete/)
    assert.ok(observed.length < 40)
  })
})
