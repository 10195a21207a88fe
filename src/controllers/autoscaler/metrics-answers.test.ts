import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MetricsAnswerError, metricValues, podMeasurements } from './metrics-answers.ts'

const at = '2026-01-01T00:00:00Z'
const podOf = (name: string, containers: Record<string, object>) => ({
  metadata: { name, namespace: 'shop' },
  timestamp: at,
  window: '1m30.5s',
  containers: Object.entries(containers).map(([container, usage]) => ({ name: container, usage })),
})

test('podMeasurements() sums the containers of a pod, and omits a pod with an unmeasured container', () => {
  const items = [
    podOf('a', { app: { cpu: '100m', memory: '1Ki' }, proxy: { cpu: '250u' } }),
    podOf('b', { app: { cpu: '1' }, proxy: { memory: '1Ki' } }),
    podOf('c', {}),
  ]
  const found = podMeasurements({ items }, 'cpu', '')
  assert.deepEqual([...found], [['a', { milli: 101n, at: Date.parse(at), windowMs: 90_500 }]])
})

test('podMeasurements() can read a single container, which every pod must have', () => {
  const items = [podOf('a', { app: { cpu: '100m' }, proxy: { cpu: '7' } }), podOf('b', { app: {} })]
  assert.deepEqual([...podMeasurements({ items }, 'cpu', 'app').keys()], ['a'])
  assert.throws(() => podMeasurements({ items }, 'cpu', 'proxy'), {
    message: 'failed to get container metrics: container proxy not present in metrics for pod shop/b',
  })
  assert.throws(() => podMeasurements({ items: null }, 'cpu', ''), { message: 'no metrics returned from resource metrics API' })
})

test('metricValues() reads both versions of custom metrics, and external ones', () => {
  const about = { kind: 'Pod', namespace: 'shop', name: 'a' }
  const items = [
    { describedObject: about, metric: { name: 'queue' }, timestamp: at, windowSeconds: 30, value: '5' },
    { describedObject: about, metricName: 'queue', timestamp: at, window: 10, value: '500m' },
    { metricName: 'queue', metricLabels: {}, timestamp: at, value: 7 },
  ]
  assert.deepEqual(
    metricValues({ items }).map(({ name, milli, windowMs }) => [name, milli, windowMs]),
    [
      ['a', 5000n, 30_000],
      ['a', 500n, 10_000],
      ['', 7000n, 60_000],
    ],
  )
})

test('any answer of a metrics server is read or rejected with a MetricsAnswerError', () => {
  const read = (run: () => unknown): void => {
    try {
      run()
    } catch (err) {
      assert.ok(err instanceof MetricsAnswerError, String(err))
    }
  }
  const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('1', '1m', '1e99999999', '--', {}, [], null))
  const item = fc.dictionary(
    fc.constantFrom('metadata', 'containers', 'value', 'timestamp', 'window', 'windowSeconds', 'describedObject', '__proto__'),
    fc.oneof(value, fc.array(fc.record({ name: value, usage: fc.dictionary(fc.constantFrom('cpu', 'constructor'), value) }))),
  )
  fc.assert(
    fc.property(fc.oneof(value, fc.record({ items: fc.oneof(value, fc.array(item)) })), answer => {
      for (const resource of ['cpu', 'constructor']) read(() => podMeasurements(answer, resource, ''))
      read(() => metricValues(answer))
    }),
    { numRuns: 500 },
  )
})
