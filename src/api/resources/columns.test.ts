import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../object.ts'
import { paramRefCell } from './admissionregistration/param-ref.ts'
import { horizontalPodAutoscaler } from './autoscaling/horizontal-pod-autoscaler.ts'
import { event } from './core/event.ts'
import { node } from './core/node.ts'
import { ingress } from './networking/ingress.ts'
import { ipAddress } from './networking/ip-address.ts'
import type { Column } from './resource.ts'

function cell<T extends KubeObject>(
  { columns }: { columns: readonly Column<T>[] },
  name: string,
  object: Omit<T, 'apiVersion' | 'kind'>,
): unknown {
  const column = columns.find(each => each.name === name)
  assert.ok(column)
  return column.cell(object as T, 0)
}

const metadata = { name: 'x' }

test('an ingress shows the class of its field, not that of the older annotation', () => {
  const annotated = { metadata: { ...metadata, annotations: { 'kubernetes.io/ingress.class': 'old' } } }
  assert.equal(cell(ingress, 'Class', { ...annotated, spec: {} }), '<none>')
  assert.equal(cell(ingress, 'Class', { ...annotated, spec: { ingressClassName: 'new' } }), 'new')
})

test('an address shows the resource of its parent in lower case', () => {
  const parentRef = { group: 'Example.com', resource: 'Gates', namespace: 'N', name: 'G' }
  assert.equal(cell(ipAddress, 'ParentRef', { metadata, spec: { parentRef } }), 'gates.example.com/N/G')
})

test('an event counts by its series, or as one', () => {
  const base = { metadata, involvedObject: {}, reportingComponent: '', reportingInstance: '' }
  const count = (parts: object) => cell(event, 'Count', { ...base, ...parts })
  assert.deepEqual(
    [count({}), count({ count: 3 }), count({ count: 3, series: { count: 9 } }), count({ count: 3, series: {} })],
    [1, 3, 9, 0],
  )
})

test('the last of several Ready conditions of a node counts', () => {
  const conditions = [
    { type: 'Ready', status: 'False' },
    { type: 'Ready', status: 'True' },
  ]
  assert.equal(cell(node, 'Status', { metadata, spec: {}, status: { conditions } }), 'Ready')
})

test('a binding shows the parameters that it names', () => {
  assert.equal(paramRefCell(undefined), '<unset>')
  assert.equal(paramRefCell({}), '<unset>')
  assert.equal(paramRefCell({ name: 'a' }), '*/a')
  assert.equal(paramRefCell({ name: 'a', namespace: 'n' }), 'n/a')
  assert.equal(
    paramRefCell({ selector: { matchLabels: { a: '1' } } }),
    '&LabelSelector{MatchLabels:map[string]string{a: 1,},MatchExpressions:[]LabelSelectorRequirement{},}',
  )
})

test('an autoscaler shows its status of each metric', () => {
  const scaleTargetRef = { kind: 'Deployment', name: 'web' }
  const targets = (metric: object, status?: object) =>
    cell(horizontalPodAutoscaler, 'Targets', {
      metadata,
      spec: { scaleTargetRef, maxReplicas: 3, metrics: [metric] as never },
      status: { desiredReplicas: 0, currentMetrics: status === undefined ? null : ([status] as never) },
    })
  const external = (target: object) => ({ type: 'External', external: { metric: { name: 'm' }, target } })
  const current = (values: object) => ({ type: 'External', external: { metric: { name: 'm' }, current: values } })
  const byValue = external({ type: 'Value', value: '5' })
  assert.equal(targets(byValue), '<unknown>/5')
  assert.equal(targets(byValue, current({ value: '4' })), '4/5')
  assert.equal(targets(byValue, current({ averageValue: '4' })), '<nil>/5')
  const byAverage = external({ type: 'AverageValue', averageValue: '5' })
  assert.equal(targets(byAverage, current({ value: '4' })), '<unknown>/5 (avg)')
  const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }
  assert.equal(targets(cpu, { type: 'Resource', resource: { name: 'cpu', current: { averageValue: '1' } } }), 'cpu: <unknown>/80%')
})
