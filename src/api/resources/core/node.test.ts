import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Node } from '../../types/core-v1.ts'
import { row, validateNew, validateSubresource, validateUpdate } from './new-object.fixture.ts'
import { node } from './node.ts'

const of = (fields: Partial<Node>): Node => ({ metadata: { name: 'n1' }, spec: {}, ...fields })

describe('Node', () => {
  test('defaults allocatable to capacity, and knows its first range', () => {
    const { object } = validateNew(node, of({ spec: { podCIDRs: ['10.0.0.0/24'] }, status: { capacity: { cpu: '2' } } }))
    assert.equal(object.spec.podCIDR, '10.0.0.0/24')
    assert.deepEqual(object.status?.allocatable, { cpu: '2' })
  })

  test('drops its configSource, unless it had one', () => {
    const configured = of({ spec: { configSource: {} }, status: { config: {} } })
    const { object } = validateNew(node, structuredClone(configured))
    assert.deepEqual([object.spec?.configSource, object.status?.config], [undefined, undefined])
    for (const [old, kept] of [
      [object, undefined],
      [configured, {}],
    ] as const) {
      const { object: updated } = validateUpdate(node, old, changed => {
        changed.spec = { ...changed.spec, configSource: {} }
      })
      assert.deepEqual(updated.spec?.configSource, kept)
      const { object: reported } = validateSubresource(node, 'status', old, changed => {
        changed.status = { ...changed.status, config: {} }
      })
      assert.deepEqual(reported.status?.config, kept)
    }
  })

  const rows: readonly (readonly [name: string, node: Node, fields: readonly string[]])[] = [
    ['has whole pods', of({ status: { capacity: { pods: '1500m' } } }), ['status.capacity.pods', 'status.allocatable.pods']],
    ['has ranges', of({ spec: { podCIDRs: ['x'] } }), ['spec.podCIDRs[0]']],
    ['has one range per family', of({ spec: { podCIDRs: ['10.0.0.0/24', '10.0.1.0/24'] } }), ['spec.podCIDRs']],
    ['has effects', of({ spec: { taints: [{ key: 'a', effect: 'Repel' }] } }), ['metadata.taints[0].effect']],
    [
      'has a taint once',
      of({
        spec: {
          taints: [
            { key: 'a', effect: 'NoExecute' },
            { key: 'a', effect: 'NoExecute', value: 'b' },
          ],
        },
      }),
      ['metadata.taints[1]'],
    ],
  ]
  for (const [name, object, fields] of rows) test(name, () => assert.deepEqual(validateNew(node, object).fields, fields))

  test('requires readable ranges before their families are compared', () => {
    assert.deepEqual(validateNew(node, of({ spec: { podCIDRs: ['10.0.0.0/24', 'x', 'fd00::/64'] } })).errors, [
      'spec.podCIDRs[1]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
      'spec.podCIDRs: Internal error: invalid PodCIDRs. failed to check with dual stack with error:invalid CIDR[1]: <nil> (invalid CIDR address: x)',
      'spec.podCIDRs: Invalid value: []string{"10.0.0.0/24", "x", "fd00::/64"}: may specify no more than one CIDR for each IP family',
    ])
  })

  const annotated = (name: string, value: string): readonly string[] =>
    validateNew(node, of({ metadata: { name: 'n1', annotations: { [`scheduler.alpha.kubernetes.io/${name}`]: value } } })).errors
  const prefix = 'metadata.annotations.scheduler.alpha.kubernetes.io/'

  test('validates annotations that nothing reads any more', () => {
    assert.deepEqual(annotated('taints', '[{"key":"a","effect":"NoSchedule"}]'), [])
    assert.deepEqual(annotated('taints', '['), [
      'metadata.annotations: Invalid value: "scheduler.alpha.kubernetes.io/taints": unexpected end of JSON input',
    ])
    assert.deepEqual(annotated('taints', '[{"key":"a"},null]')[0], `${prefix}taints[0].effect: Required value`)
    const avoid = (entry: object): readonly string[] => annotated('preferAvoidPods', JSON.stringify({ preferAvoidPods: [entry] }))
    assert.deepEqual(avoid({ podSignature: { podController: { controller: true } } }), [])
    assert.deepEqual(avoid({}), [`${prefix}preferAvoidPods[0].PodSignature: Required value`])
    assert.deepEqual(avoid({ podSignature: { podController: {} } }), [
      `${prefix}preferAvoidPods[0].PodSignature.PodController.Controller: Invalid value: false: must point to a controller`,
    ])
    assert.deepEqual(annotated('preferAvoidPods', '[1]'), [])
  })

  test('is validated whole when it gets its range', () => {
    const old = validateNew(node, of({})).object
    assert.deepEqual(validateUpdate(node, old, ({ spec }) => Object.assign(spec ?? {}, { podCIDRs: ['x'] })).fields, ['spec.podCIDRs[0]'])
  })

  test('keeps its range and provider once set', () => {
    const stored = validateNew(node, of({ spec: { podCIDR: '10.0.0.0/24', providerID: 'x://1' } })).object
    const moved = validateUpdate(node, stored, ({ spec }) =>
      Object.assign(spec, { podCIDR: '10.0.1.0/24', podCIDRs: [], providerID: 'x://2' }),
    )
    assert.deepEqual(moved.fields, ['spec.podCIDRs', 'spec.providerID'])
    assert.deepEqual(validateUpdate(node, of({}), ({ spec }) => Object.assign(spec, { podCIDR: '10.0.1.0/24' })).fields, [])
  })

  test('status cannot change the spec', () => {
    const { object } = validateSubresource(node, 'status', of({ spec: { unschedulable: true } }), changed =>
      Object.assign(changed, { spec: {}, status: {} }),
    )
    assert.equal(object.spec.unschedulable, true)
  })

  test('shows state, roles and addresses', () => {
    const object = of({
      metadata: { name: 'n1', labels: { 'node-role.kubernetes.io/worker': '', 'node-role.kubernetes.io/control-plane': '' } },
      spec: { unschedulable: true },
      status: { conditions: [{ type: 'Ready', status: 'Unknown' }], addresses: [{ type: 'InternalIP', address: '10.0.0.9' }] },
    })
    const cells = row(node, object)
    assert.deepEqual(
      [cells['Status'], cells['Roles'], cells['Internal-IP'], cells['External-IP'], cells['OS-Image']],
      ['NotReady,SchedulingDisabled', 'control-plane,worker', '10.0.0.9', '<none>', '<unknown>'],
    )
    assert.deepEqual([row(node, of({}))['Status'], row(node, of({}))['Roles']], ['Unknown', '<none>'])
  })
})
