import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { KubeObject } from '../../api/object.ts'
import { resources } from '../../api/resources/index.ts'
import { ApiError } from '../../api/status.ts'
import type {
  MutatingAdmissionPolicyBindingSpec,
  MutatingAdmissionPolicySpec,
  Mutation,
} from '../../api/types/admissionregistration-v1alpha1.ts'
import { readerOf } from '../admission.fixture.ts'
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts'
import { type MutationObservation, noAdmissionMetrics } from '../admission-metrics.ts'
import { createAdmission } from '../chain.ts'
import { mutatedByAnnotations } from '../policy/mutate-by-policies.ts'
import { servedKinds } from '../served-kinds.ts'
import { mutatingAdmissionPolicy } from './mutating-admission-policy.ts'

const kinds = servedKinds(resources)
const apply = (expression: string): Mutation => ({ patchType: 'ApplyConfiguration', applyConfiguration: { expression } })
const patch = (expression: string): Mutation => ({ patchType: 'JSONPatch', jsonPatch: { expression } })
const everything = {
  resourceRules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*', '*/*'] }],
  matchPolicy: 'Equivalent',
}

interface Given {
  readonly spec: MutatingAdmissionPolicySpec
  /** Default: one without anything. */
  readonly bindings?: readonly MutatingAdmissionPolicyBindingSpec[]
}

interface Asked {
  /** By their names. */
  readonly policies: Readonly<Record<string, Given>>
  readonly object: KubeObject
  readonly oldObject?: KubeObject
  readonly kind?: readonly [apiVersion: string, kind: string]
  readonly subresource?: string
  readonly configMaps?: readonly KubeObject[]
  /** Plug-ins that run behind it. */
  readonly behind?: readonly AdmissionPlugin[]
  readonly signal?: AbortSignal
}

interface Mutated {
  readonly object: KubeObject
  readonly error: ApiError | undefined
  readonly annotations: ReadonlyMap<string, string>
  readonly observed: readonly MutationObservation[]
}

const deployment = (spec: object = {}, metadata: object = {}): KubeObject => ({
  ...{ kind: 'Deployment', apiVersion: 'apps/v1', metadata: { name: 'd', namespace: 'default', ...metadata } },
  ...{ spec: { replicas: 1, ...spec } },
})

async function mutate({
  policies,
  object,
  oldObject,
  kind = ['apps/v1', 'Deployment'],
  subresource = '',
  configMaps = [],
  behind = [],
  signal = new AbortController().signal,
}: Asked): Promise<Mutated> {
  const namespaces = [{ kind: 'Namespace', apiVersion: 'v1', metadata: { name: 'default', labels: { team: 'a' } } }]
  const reader = readerOf({ namespaces, configmaps: configMaps })
  const observed: MutationObservation[] = []
  const source = {
    policies: () =>
      Object.entries(policies).map(([name, { spec }]) => ({ metadata: { name }, spec: { matchConstraints: everything, ...spec } })),
    bindings: () =>
      Object.entries(policies).flatMap(([name, { bindings = [{}] }]) =>
        bindings.map((spec, index) => ({
          metadata: { name: index === 0 ? `${name}-binding` : `${name}-binding-${index + 1}` },
          spec: { policyName: name, ...spec },
        })),
      ),
    onChange: () => undefined,
  }
  const plugin = mutatingAdmissionPolicy({
    ...{ reader, kinds, mutatingSources: [source] },
    decide:
      () =>
      ({ verb, resource }) => ({ allowed: verb === 'create' && resource === 'endpoints', reason: '' }),
    metrics: { ...noAdmissionMetrics, mutation: seen => void observed.push(seen) },
  })
  const annotations = new Map<string, string>()
  const request: AdmissionRequest = {
    operation: oldObject === undefined ? 'CREATE' : 'UPDATE',
    resource: kinds.byKind(...kind) ?? assert.fail(kind.join(' ')),
    ...{ subresource, namespace: object.metadata.namespace ?? '', name: object.metadata.name ?? '' },
    ...{ object: structuredClone(object), oldObject, user: { name: 'ann', groups: [] }, dryRun: false },
    warn: () => undefined,
    annotate: (key, value) => void annotations.set(key, value),
  }
  let error: ApiError | undefined
  try {
    await createAdmission([plugin, ...behind]).mutate(request, signal)
  } catch (err) {
    if (!(err instanceof ApiError)) throw err
    error = err
  }
  return { object: request.object ?? assert.fail('no object'), error, annotations, observed }
}

const one = (...mutations: Mutation[]): Asked['policies'] => ({ p: { spec: { mutations } } })
const specOf = (object: KubeObject): Record<string, unknown> => (object as KubeObject & { spec: Record<string, unknown> }).spec
/** As the kind reads it, with its defaults, so that what a mutation left alone is equal. */
async function read(object: KubeObject): Promise<KubeObject> {
  return (
    await mutate({
      policies: one(
        apply('Object{metadata: Object.metadata{labels: {"read": "1"}}}'),
        patch('[JSONPatch{op: "remove", path: "/metadata/labels"}]'),
      ),
      object,
    })
  ).object
}

const container = (name: string, more: object = {}): object => ({ name, ...more })
const containers = (...names: string[]): object => ({ template: { spec: { containers: names.map(name => container(name)) } } })
const at = '/spec/template/spec/containers'
const names = (object: KubeObject): string[] => {
  const { template } = specOf(object) as { template: { spec: { containers: { name: string }[] } } }
  return template.spec.containers.map(({ name }) => name)
}

suite('JSONPatch', () => {
  const replicas: readonly [name: string, mutations: Mutation[], result: number][] = [
    ['replaces', [patch('[JSONPatch{op: "replace", path: "/spec/replicas", value: object.spec.replicas + 10}]')], 11],
    [
      'changes nothing where a test does not hold',
      [patch('[JSONPatch{op: "replace", path: "/spec/replicas", value: 5}, JSONPatch{op: "test", path: "/spec/replicas", value: 100}]')],
      1,
    ],
    [
      'goes on where a test holds',
      [patch('[JSONPatch{op: "test", path: "/spec/replicas", value: 1}, JSONPatch{op: "replace", path: "/spec/replicas", value: 3}]')],
      3,
    ],
    ['has defaults filled in for what it removes', [patch('[JSONPatch{op: "remove", path: "/spec/replicas"}]')], 1],
    [
      'knows the request',
      [
        patch(
          "[JSONPatch{op: 'replace', path: '/spec/replicas', value: request.kind.kind == 'Deployment' && request.operation == 'CREATE' ? 10 : 0}]",
        ),
      ],
      10,
    ],
    [
      'may ask the authorizer',
      [
        patch(
          "[JSONPatch{op: 'replace', path: '/spec/replicas', value: authorizer.group('').resource('endpoints').check('create').allowed() ? 10 : 0}]",
        ),
      ],
      10,
    ],
    [
      'knows the namespace',
      [patch("[JSONPatch{op: 'replace', path: '/spec/replicas', value: namespaceObject.metadata.labels['team'] == 'a' ? 7 : 0}]")],
      7,
    ],
    [
      'sees what an apply configuration before it changed',
      [
        apply('Object{spec: Object.spec{replicas: object.spec.replicas + 100}}'),
        patch('[JSONPatch{op: "replace", path: "/spec/replicas", value: object.spec.replicas + 10}]'),
      ],
      111,
    ],
    [
      'is seen by an apply configuration behind it',
      [
        patch('[JSONPatch{op: "replace", path: "/spec/replicas", value: object.spec.replicas + 10}]'),
        apply('Object{spec: Object.spec{replicas: object.spec.replicas + 100}}'),
      ],
      111,
    ],
  ]
  for (const [name, mutations, result] of replicas) {
    test(name, async () => {
      const { object, error } = await mutate({ policies: one(...mutations), object: deployment() })
      assert.equal(error, undefined)
      assert.equal(specOf(object)['replicas'], result)
    })
  }

  const lists: readonly [name: string, operation: string, result: string[]][] = [
    ['removes an item', `op: "remove", path: "${at}/1"`, ['a', 'c']],
    ['copies an item to the end', `op: "copy", from: "${at}/0", path: "${at}/-"`, ['a', 'b', 'c', 'a']],
    ['moves an item to the end', `op: "move", from: "${at}/0", path: "${at}/-"`, ['b', 'c', 'a']],
    ['adds at the start', `op: "add", path: "${at}/0", value: {"name": "x"}`, ['x', 'a', 'b', 'c']],
    [
      'adds at the end what is constructed',
      `op: "add", path: "${at}/-", value: Object.spec.template.spec.containers{name: "x"}`,
      ['a', 'b', 'c', 'x'],
    ],
    ['replaces an item', `op: "replace", path: "${at}/0", value: {"name": "x"}`, ['x', 'b', 'c']],
  ]
  for (const [name, operation, result] of lists) {
    test(name, async () => {
      const { object, error } = await mutate({
        policies: one(patch(`[JSONPatch{${operation}}]`)),
        object: deployment(containers('a', 'b', 'c')),
      })
      assert.equal(error, undefined)
      assert.deepEqual(names(object), result)
    })
  }

  const labels: readonly [name: string, operation: string, before: object | undefined, after: object][] = [
    ['adds a key', 'op: "add", path: "/metadata/labels/x", value: "2"', { y: '1' }, { y: '1', x: '2' }],
    ['adds where there are none', 'op: "add", path: "/metadata/labels", value: {"y": "2"}', undefined, { y: '2' }],
    ['replaces all by adding', 'op: "add", path: "/metadata/labels", value: {"y": "2"}', { x: '1' }, { y: '2' }],
    ['replaces a key that is not there', 'op: "replace", path: "/metadata/labels/x", value: "2"', { y: '1' }, { y: '1', x: '2' }],
    ['moves a key', 'op: "move", from: "/metadata/labels/x", path: "/metadata/labels/y"', { x: '1' }, { y: '1' }],
    ['escapes a key', 'op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("k8s.io/x~y"), value: "t"', {}, { 'k8s.io/x~y': 't' }],
  ]
  for (const [name, operation, before, after] of labels) {
    test(name, async () => {
      const object = deployment({}, before === undefined ? {} : { labels: before })
      const { object: changed, error } = await mutate({ policies: one(patch(`[JSONPatch{${operation}}]`)), object })
      assert.equal(error, undefined)
      assert.deepEqual(changed.metadata.labels, after)
    })
  }

  test('refuses what its kind does not have, whatever the failure policy is', async () => {
    const mutations = [
      patch('[JSONPatch{op: "add", path: "/spec/template", value: Object.spec.template{spec: Object.spec.template.spec{nope: 1}}}]'),
    ]
    const { error, object } = await mutate({ policies: { p: { spec: { mutations, failurePolicy: 'Ignore' } } }, object: deployment() })
    assert.equal(error?.status.code, 500)
    assert.match(error?.message ?? '', /strict decoding error: unknown field "spec\.template\.spec\.nope"$/)
    assert.equal(specOf(object)['template'], undefined)
  })
})

suite('ApplyConfiguration', () => {
  const volumes = (...all: object[]): object => ({ template: { spec: { volumes: all, containers: [] } } })
  const wrapped = (inner: string): string =>
    `Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{${inner}}}}}`
  const rows: readonly [name: string, expression: string, before: object, after: object][] = [
    [
      'adds an item to a keyed list',
      wrapped('volumes: [Object.spec.template.spec.volumes{name: "y"}]'),
      volumes({ name: 'x' }),
      volumes({ name: 'x' }, { name: 'y' }),
    ],
    [
      'changes an item of a keyed list',
      wrapped('volumes: [Object.spec.template.spec.volumes{name: "y", hostPath: Object.spec.template.spec.volumes.hostPath{path: "a"}}]'),
      volumes({ name: 'x' }, { name: 'y' }),
      volumes({ name: 'x' }, { name: 'y', hostPath: { path: 'a' } }),
    ],
    [
      'computes',
      'Object{spec: Object.spec{replicas: object.spec.replicas % 2 == 0 ? object.spec.replicas + 1 : object.spec.replicas}}',
      { replicas: 2 },
      { replicas: 3 },
    ],
    [
      'merges items that stand twice into one only where it names them',
      wrapped(
        'containers: [Object.spec.template.spec.containers{name: "c", env: [Object.spec.template.spec.containers.env{name: "t", value: "c"}]}]',
      ),
      {
        template: {
          spec: {
            containers: [
              {
                name: 'c',
                env: [
                  { name: 't', value: 'a' },
                  { name: 't', value: 'b' },
                  { name: 'f', value: 'x' },
                ],
              },
            ],
          },
        },
      },
      {
        template: {
          spec: {
            containers: [
              {
                name: 'c',
                env: [
                  { name: 't', value: 'c' },
                  { name: 'f', value: 'x' },
                ],
              },
            ],
          },
        },
      },
    ],
    [
      'leaves items alone that stand twice',
      'Object{spec: Object.spec{replicas: 3}}',
      {
        template: {
          spec: {
            containers: [
              {
                name: 'c',
                env: [
                  { name: 't', value: 'a' },
                  { name: 't', value: 'b' },
                ],
              },
            ],
          },
        },
      },
      {
        replicas: 3,
        template: {
          spec: {
            containers: [
              {
                name: 'c',
                env: [
                  { name: 't', value: 'a' },
                  { name: 't', value: 'b' },
                ],
              },
            ],
          },
        },
      },
    ],
    [
      'builds what is not there',
      'Object{spec: Object.spec{template: Object.spec.template{metadata: Object.spec.template.metadata{labels: {"app": "n"}}, spec: Object.spec.template.spec{containers: [Object.spec.template.spec.containers{name: "n", ports: [Object.spec.template.spec.containers.ports{containerPort: 80}], resources: Object.spec.template.spec.containers.resources{limits: {"cpu": "1"}}}]}}}}',
      {},
      {
        template: {
          metadata: { labels: { app: 'n' } },
          spec: { containers: [{ name: 'n', ports: [{ containerPort: 80, protocol: 'TCP' }], resources: { limits: { cpu: '1' } } }] },
        },
      },
    ],
  ]
  for (const [name, expression, before, after] of rows) {
    test(name, async () => {
      const { object, error } = await mutate({ policies: one(apply(expression)), object: deployment(before) })
      assert.equal(error, undefined)
      assert.deepEqual(specOf(object), specOf(await read(deployment(after))))
    })
  }

  test('knows the old object', async () => {
    const policies = one(apply('Object{spec: Object.spec{replicas: oldObject.spec.replicas + 1}}'))
    const { object } = await mutate({ policies, object: deployment(), oldObject: deployment({ replicas: 5 }) })
    assert.equal(specOf(object)['replicas'], 6)
  })

  test('changes a subresource with its own kind', async () => {
    const scale = { kind: 'Scale', apiVersion: 'autoscaling/v1', metadata: { name: 'd', namespace: 'default' }, spec: { replicas: 1 } }
    const policies = one(apply('Object{spec: Object.spec{replicas: 4}}'))
    const { object, error } = await mutate({ policies, object: scale, oldObject: scale, subresource: 'scale' })
    assert.equal(error, undefined)
    assert.deepEqual(specOf(object), { replicas: 4 })
  })
})

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
    ['a path that leads nowhere', patch('[JSONPatch{op: "add", path: "/spec/none/x", value: 1}]'), /^JSONPath: nothing has the path/],
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

  test('a condition that fails, and parameters that are not there', async () => {
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

  test('nobody becomes another object', async () => {
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

  test('none without a binding, or where the binding, a rule or a condition leaves it out', async () => {
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

  test('a later one sees what an earlier one made of the object, an earlier one never what a later one did', async () => {
    const condition = { name: 'production', expression: 'object.metadata.?labels["env"].orValue("") == "production"' }
    const sets = { spec: { mutations: [apply('Object{metadata: Object.metadata{labels: {"env": "production"}}}')] } }
    const asks = { spec: label('seen', { matchConditions: [condition], reinvocationPolicy: 'IfNeeded' }) }
    assert.deepEqual((await mutate({ policies: { a: sets, b: asks }, object: deployment() })).object.metadata.labels, {
      env: 'production',
      seen: 'true',
    })
    assert.deepEqual((await mutate({ policies: { a: asks, b: sets }, object: deployment() })).object.metadata.labels, { env: 'production' })
  })

  test('selectors look at the object as it came', async () => {
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

  test('a mutation that fails does not undo those before it, nor stop those behind it', async () => {
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

  test('all that fail are told of, the first of them first', async () => {
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

  test('those that want to are asked once more, where something changed after them', async () => {
    const policies = { a: count('a', 'IfNeeded'), b: count('b', 'IfNeeded'), c: count('c', 'Never') }
    const { object } = await mutate({ policies, object: start })
    assert.deepEqual(object.metadata.annotations, { n: '5', a: 'true', b: 'true', c: 'true' })
  })

  test('nobody is asked again where nothing changed after them', async () => {
    const { object } = await mutate({ policies: { a: count('a', 'Never'), b: count('b', 'IfNeeded') }, object: start })
    assert.equal(object.metadata.annotations?.['n'], '2')
  })

  test('what another plug-in changes counts too', async () => {
    const webhook: AdmissionPlugin = {
      name: 'other',
      handles: () => true,
      mutate(request) {
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

  test('nothing goes on once the request is over', async () => {
    const stop = new AbortController()
    const pending = mutate({ policies, object: large, signal: stop.signal })
    stop.abort(new Error('the client is gone'))
    const { error, observed } = await pending
    assert.match(error?.message ?? '', /admission plugin "MutatingAdmissionPolicy" failed to complete/)
    assert.ok(observed.length < 40)
  })
})
