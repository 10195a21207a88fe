import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Mutation } from '../../api/types/admissionregistration-v1alpha1.ts'
import { apply, at, containers, deployment, mutate, names, one, patch, read, specOf } from '../mutating-policy.fixture.ts'

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
    ['replaces a missing key', 'op: "replace", path: "/metadata/labels/x", value: "2"', { y: '1' }, { y: '1', x: '2' }],
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

  test('rejects fields that the kind lacks, whatever the failure policy', async () => {
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
      'builds missing parents',
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
