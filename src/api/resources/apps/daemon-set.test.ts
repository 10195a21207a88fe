import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DaemonSet } from '../../types/apps-v1.ts'
import { row, validateNew, validateSubresource, validateUpdate } from '../core/new-object.fixture.ts'
import { daemonSet } from './daemon-set.ts'
import { labels, newTemplate } from './workload.fixture.ts'

const generation = 'deprecated.daemonset.template.generation'
const newDaemonSet = (spec: Partial<DaemonSet['spec']> = {}): DaemonSet => ({
  metadata: { name: 'agent', namespace: 'kube-system' },
  spec: { selector: { matchLabels: labels }, template: newTemplate(), ...spec },
})

test('daemonSet rolls one pod at a time by default and counts its template generations', () => {
  const { object, errors } = validateNew(daemonSet, newDaemonSet())
  assert.deepEqual(errors, [])
  assert.deepEqual(object.spec.updateStrategy, { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } })
  assert.equal(object.metadata.annotations?.[generation], '1')
  const updated = validateUpdate(daemonSet, object, ({ spec }) => {
    spec.template.spec?.containers.splice(0, 1, { name: 'web', image: 'web:2', resources: {} })
  })
  assert.equal(updated.object.metadata.annotations?.[generation], '2')
  assert.deepEqual(updated.errors, [])
})

test('daemonSet has its template generation from the start, so that its writer manages it', () => {
  const object = newDaemonSet()
  daemonSet.setDefaults?.(object)
  assert.deepEqual(object.metadata.annotations, { [generation]: '0' })
  const counted = { ...newDaemonSet(), metadata: { name: 'agent', annotations: { [generation]: '7' } } }
  daemonSet.setDefaults?.(counted)
  assert.deepEqual(counted.metadata.annotations, { [generation]: '7' })
})

const refusals: { name: string; spec: Partial<DaemonSet['spec']>; fields: string[] }[] = [
  { name: 'an unknown update strategy', spec: { updateStrategy: { type: 'Slow' } }, fields: ['spec.updateStrategy'] },
  {
    name: 'surge and unavailability together',
    spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } },
    fields: ['spec.updateStrategy.rollingUpdate.maxSurge'],
  },
  {
    name: 'neither surge nor unavailability',
    spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } },
    fields: ['spec.updateStrategy.rollingUpdate.maxUnavailable'],
  },
  { name: 'a missing selector, which matches nothing', spec: { selector: null }, fields: ['spec.template.metadata.labels'] },
  { name: 'an empty selector', spec: { selector: {} }, fields: ['spec.selector'] },
]
for (const { name, spec, fields } of refusals) {
  test(`daemonSet rejects ${name}`, () => assert.deepEqual(validateNew(daemonSet, newDaemonSet(spec)).fields, fields))
}

test("daemonSet validates maxUnavailable by upstream's conversion of a text", () => {
  const field = 'spec.updateStrategy.rollingUpdate'
  const validate = (maxUnavailable: number | string, maxSurge: number | string) =>
    validateNew(daemonSet, newDaemonSet({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable, maxSurge } } })).errors
  const shown = (text: string) => `Invalid value: intstr.IntOrString{Type:1, IntVal:0, StrVal:"${text}"}`
  assert.deepEqual(validate('101%', '102%'), [
    `${field}.maxUnavailable: ${shown('101%')}: must not be greater than 100%`,
    `${field}.maxSurge: ${shown('102%')}: must not be greater than 100%`,
    `${field}.maxSurge: ${shown('102%')}: may not be set when maxUnavailable is non-zero`,
  ])
  // A number without a percent sign counts as a number, so there is room to roll.
  assert.deepEqual(
    validate('5', 0).map(text => text.split(':')[0]),
    [`${field}.maxUnavailable`],
  )
  assert.equal(validate('five', 0).at(-1), `${field}.maxUnavailable: Required value: cannot be 0 when maxSurge is 0`)
})

test('daemonSet counts template generations in 64 bits, whatever a client wrote', () => {
  const created = (text: string) => {
    const object = { ...newDaemonSet(), metadata: { name: 'agent', annotations: { [generation]: text } } }
    return validateNew(daemonSet, object).object.metadata.annotations?.[generation]
  }
  assert.deepEqual(['+7', '007', '-4', '9007199254740993'].map(created), ['7', '7', '1', '9007199254740993'])
})

test('daemonSet prints its node selector', () => {
  const { object } = validateNew(daemonSet, newDaemonSet())
  assert.equal(row(daemonSet, object)['Node Selector'], '<none>')
  Object.assign(object.spec.template.spec ?? {}, { nodeSelector: { disk: 'ssd' } })
  assert.equal(row(daemonSet, object)['Node Selector'], 'disk=ssd')
})

test('daemonSet/status keeps the template generation, which clients cannot set', () => {
  const old = validateNew(daemonSet, newDaemonSet()).object
  const { object } = validateSubresource(daemonSet, 'status', old, next => {
    next.metadata.annotations = { a: 'b' }
  })
  assert.deepEqual(object.metadata.annotations, { a: 'b', [generation]: '1' })
})
