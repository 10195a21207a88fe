import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StatefulSet } from '../../types/apps-v1.ts'
import { validateNew, validateUpdate } from '../core/new-object.fixture.ts'
import { statefulSet } from './stateful-set.ts'
import { labels, newTemplate } from './workload.fixture.ts'

const newStatefulSet = (spec: Partial<StatefulSet['spec']> = {}): StatefulSet => ({
  metadata: { name: 'db', namespace: 'shop' },
  spec: { selector: { matchLabels: labels }, template: newTemplate(), serviceName: 'db', ...spec },
})

test('statefulSet defaults order, updates, retention and its claim templates', () => {
  const claim = { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'] } }
  const { object, errors } = validateNew(statefulSet, newStatefulSet({ volumeClaimTemplates: [claim] }))
  assert.deepEqual(errors, [])
  const { template: _template, selector: _selector, ...spec } = object.spec
  assert.deepEqual(spec, {
    serviceName: 'db',
    podManagementPolicy: 'OrderedReady',
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
    replicas: 1,
    revisionHistoryLimit: 10,
    volumeClaimTemplates: [
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'data' },
        spec: { accessModes: ['ReadWriteOnce'], resources: {}, volumeMode: 'Filesystem' },
        status: { phase: 'Pending' },
      },
    ],
  })
})

test('statefulSet drops a new field of an alpha feature', () => {
  const { object } = validateNew(
    statefulSet,
    newStatefulSet({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 2 } } }),
  )
  assert.deepEqual(object.spec.updateStrategy, { type: 'RollingUpdate', rollingUpdate: { partition: 0 } })
})

test('statefulSet prints an update strategy as Go does', () => {
  const { errors } = validateNew(statefulSet, newStatefulSet({ updateStrategy: { type: 'Never' } }))
  const shown = 'apps.StatefulSetUpdateStrategy{Type:"Never", RollingUpdate:(*apps.RollingUpdateStatefulSetStrategy)(nil)}'
  assert.deepEqual(errors, [`spec.updateStrategy: Invalid value: ${shown}: must be 'RollingUpdate' or 'OnDelete'`])
})

const refusals: { name: string; spec: Partial<StatefulSet['spec']>; fields: string[] }[] = [
  { name: 'an unknown pod management', spec: { podManagementPolicy: 'Random' }, fields: ['spec.podManagementPolicy'] },
  { name: 'an unknown update strategy', spec: { updateStrategy: { type: 'Never' } }, fields: ['spec.updateStrategy'] },
  {
    name: 'rolling parameters of OnDelete',
    spec: { updateStrategy: { type: 'OnDelete', rollingUpdate: {} } },
    fields: ['spec.updateStrategy.rollingUpdate'],
  },
  { name: 'a service name that is no label', spec: { serviceName: 'My.Service' }, fields: ['spec.serviceName'] },
  { name: 'negative ordinals', spec: { ordinals: { start: -1 } }, fields: ['spec.ordinals.start'] },
  {
    name: 'an unknown retention policy',
    spec: { persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Burn' } },
    fields: ['spec.persistentVolumeClaimRetentionPolicy.whenDeleted'],
  },
]
for (const { name, spec, fields } of refusals) {
  test(`statefulSet rejects ${name}`, () => assert.deepEqual(validateNew(statefulSet, newStatefulSet(spec)).fields, fields))
}

test('statefulSet names are labels, because pod names become host names', () => {
  assert.deepEqual(statefulSet.nameRule?.('db', false), [])
  assert.equal(statefulSet.nameRule?.('db.main', false).length, 1)
})

test('statefulSet may be scaled but not moved to another service', () => {
  const old = validateNew(statefulSet, newStatefulSet()).object
  assert.deepEqual(
    validateUpdate(statefulSet, old, ({ spec }) => {
      spec.replicas = 5
    }).errors,
    [],
  )
  const { errors } = validateUpdate(statefulSet, old, ({ spec }) => {
    spec.serviceName = 'other'
  })
  assert.match(errors.join(), /^spec: Forbidden: updates to statefulset spec for fields other than 'replicas'/)
})

test("statefulSet may change although its service's name is invalid by now", () => {
  const old = validateNew(statefulSet, newStatefulSet({ serviceName: 'My.Service' })).object
  const { errors } = validateUpdate(statefulSet, old, ({ spec }) => {
    spec.replicas = 5
  })
  assert.deepEqual(errors, [])
})

test('statefulSet prints an unreadable selector without an error', () => {
  const { errors } = validateNew(statefulSet, newStatefulSet({ selector: { matchLabels: { app: '-' } } }))
  const shown = 'v1.LabelSelector{MatchLabels:map[string]string{"app":"-"}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}'
  assert.equal(errors[1], `spec.selector: Invalid value: ${shown}`)
})

test("statefulSet warns about a claim template with upstream's paths for new and for changed ones", () => {
  const claim = { metadata: { name: 'data' }, spec: { resources: { requests: { storage: '1500m' } } } }
  const { object } = validateNew(statefulSet, newStatefulSet({ volumeClaimTemplates: [claim] }))
  const path = (old?: StatefulSet) => statefulSet.warnings?.(object, old).map(text => text.split(': ')[0])
  assert.deepEqual(path(), ['spec.volumeClaimTemplates[0].resources.requests[storage]'])
  assert.deepEqual(path(object), ['spec.volumeClaimTemplates[0].Spec.resources.requests[storage]'])
})

test('statefulSet validates its counts before metadata, and immutable fields after it', () => {
  const old = validateNew(statefulSet, newStatefulSet()).object
  old.status = { replicas: 0, availableReplicas: 0, collisionCount: 1 }
  const path = statefulSet.subresources.find(({ name }) => name === 'status')
  const faults = path?.validate?.({ ...old, status: { replicas: -1, availableReplicas: -1 } }, old) ?? []
  assert.deepEqual(path?.validatesMetadata, ['none', 'change'])
  const [counts, changed] = faults.map(part => [part].flat().map(({ field }) => field))
  assert.ok(counts?.includes('status.replicas'))
  assert.deepEqual(changed, ['status.collisionCount'])
})
