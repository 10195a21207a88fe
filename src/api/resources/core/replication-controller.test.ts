import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { PodTemplateSpec, ReplicationController, ReplicationControllerSpec } from '../../types/core-v1.ts'
import { validateNew, validateSubresource, validateUpdate } from './new-object.fixture.ts'
import { podTemplate } from './pod-template.ts'
import { replicationController } from './replication-controller.ts'
import { serviceAccount } from './service-account.ts'

const template: PodTemplateSpec = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'a', image: 'i' }] } }
const of = (spec: ReplicationControllerSpec): ReplicationController => ({
  metadata: { name: 'a', namespace: 'b' },
  spec: { template, ...spec },
})

describe('ReplicationController', () => {
  test('gets selector and labels from its template', () => {
    const { object, errors } = validateNew(replicationController, of({}))
    assert.deepEqual(errors, [])
    assert.deepEqual([object.spec?.selector, object.metadata.labels, object.spec?.replicas], [{ app: 'web' }, { app: 'web' }, 1])
    assert.deepEqual(object.status, { replicas: 0 })
  })

  const path = 'spec.template.spec'
  const rows: readonly (readonly [name: string, spec: ReplicationControllerSpec, fields: readonly string[]])[] = [
    ['may have no replicas', { replicas: 0 }, []],
    ['has no fewer', { replicas: -1, minReadySeconds: -1 }, ['spec.minReadySeconds', 'spec.replicas']],
    ['selects its own pods', { selector: { app: 'db' } }, ['spec.template.metadata.labels']],
    ['restarts always', { template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } }, [`${path}.restartPolicy`]],
    [
      'has no deadline',
      { template: { ...template, spec: { ...template.spec, activeDeadlineSeconds: 1 } } },
      [`${path}.activeDeadlineSeconds`],
    ],
    ['validates its template', { template: { ...template, spec: { containers: [] } } }, [`${path}.containers`]],
  ]
  for (const [name, spec, fields] of rows) test(name, () => assert.deepEqual(validateNew(replicationController, of(spec)).fields, fields))

  test('requires a template', () => {
    const object: ReplicationController = { metadata: { name: 'a', namespace: 'b' }, spec: {} }
    assert.deepEqual(validateNew(replicationController, object).fields, ['spec.selector', 'spec.template'])
  })

  test('reports that a template has no labels at all', () => {
    const { errors } = validateNew(replicationController, of({ selector: { app: 'web' }, template: { spec: template.spec } }))
    assert.deepEqual(errors, [
      'spec.template.metadata.labels: Invalid value: map[string]string(nil): `selector` does not match template `labels`',
    ])
  })

  test('keeps fields that other versions could not express', () => {
    const { object: old } = validateNew(replicationController, of({}))
    old.metadata.annotations = { 'non-convertible.kubernetes.io/selector': 'x', 'non-convertible.kubernetes.io/other': 'y' }
    const other = { app: 'db' }
    const { errors } = validateUpdate(replicationController, old, ({ spec }) =>
      Object.assign(spec ?? {}, { selector: other, template: { ...template, metadata: { labels: other } } }),
    )
    assert.deepEqual(errors, [
      'spec.selector: Invalid value: map[string]string{"app":"db"}: cannot update non-convertible selector',
      'other: Not found: "y": unknown non-convertible field',
    ])
  })

  test('status validates its counts', () => {
    const { fields } = validateSubresource(replicationController, 'status', of({}), object =>
      Object.assign(object, { status: { replicas: 1, readyReplicas: 2 } }),
    )
    assert.deepEqual(fields, ['status.readyReplicas'])
  })
})

test('PodTemplate validates its template and rejects ephemeral containers', () => {
  const { object, fields } = validateNew(podTemplate, {
    metadata: { name: 'a', namespace: 'b' },
    template: { ...template, spec: { ...template.spec, ephemeralContainers: [{ name: 'x', image: 'i' }] } },
  })
  assert.deepEqual(fields, ['template.spec.ephemeralContainers'])
  assert.equal(object.template?.spec.restartPolicy, 'Always')
})

test('ServiceAccount keeps only the name of secret references', () => {
  const { object } = validateNew(serviceAccount, { metadata: { name: 'a' }, secrets: [{ name: 's', namespace: 'other', uid: 'u' }] })
  assert.deepEqual(object.secrets, [{ name: 's' }])
})
