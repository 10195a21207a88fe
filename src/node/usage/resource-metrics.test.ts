import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resourceMetrics } from './resource-metrics.ts'

const error = (value: number): string[] => [
  '# HELP resource_scrape_error [STABLE] 1 if there was an error while getting container metrics, 0 otherwise',
  '# TYPE resource_scrape_error gauge',
  `resource_scrape_error ${value}`,
]

test("resourceMetrics() returns the kubelet's page, with each pod as the sum of its containers", () => {
  const container = (name: string, cpuNanoseconds: number) => ({
    podUid: 'u',
    pod: 'web',
    namespace: 'shop',
    name,
    cpuNanoseconds,
    memoryBytes: 10,
  })
  const text = resourceMetrics({
    at: 1_000,
    machine: { cpuNanoseconds: 5_000_000_000, memoryBytes: 99 },
    containers: new Map([
      ['1', container('app', 1_500_000_000)],
      ['2', container('a"b', 250_000_000)],
    ]),
  })
  assert.deepEqual(text.split('\n'), [
    '# HELP container_cpu_usage_seconds_total [STABLE] Cumulative cpu time consumed by the container in core-seconds',
    '# TYPE container_cpu_usage_seconds_total counter',
    'container_cpu_usage_seconds_total{container="app",namespace="shop",pod="web"} 1.5 1000',
    'container_cpu_usage_seconds_total{container="a\\"b",namespace="shop",pod="web"} 0.25 1000',
    '# HELP node_cpu_usage_seconds_total [STABLE] Cumulative cpu time consumed by the node in core-seconds',
    '# TYPE node_cpu_usage_seconds_total counter',
    'node_cpu_usage_seconds_total 5 1000',
    '# HELP pod_cpu_usage_seconds_total [STABLE] Cumulative cpu time consumed by the pod in core-seconds',
    '# TYPE pod_cpu_usage_seconds_total counter',
    'pod_cpu_usage_seconds_total{namespace="shop",pod="web"} 1.75 1000',
    '# HELP container_memory_working_set_bytes [STABLE] Current working set of the container in bytes',
    '# TYPE container_memory_working_set_bytes gauge',
    'container_memory_working_set_bytes{container="app",namespace="shop",pod="web"} 10 1000',
    'container_memory_working_set_bytes{container="a\\"b",namespace="shop",pod="web"} 10 1000',
    '# HELP node_memory_working_set_bytes [STABLE] Current working set of the node in bytes',
    '# TYPE node_memory_working_set_bytes gauge',
    'node_memory_working_set_bytes 99 1000',
    '# HELP pod_memory_working_set_bytes [STABLE] Current working set of the pod in bytes',
    '# TYPE pod_memory_working_set_bytes gauge',
    'pod_memory_working_set_bytes{namespace="shop",pod="web"} 20 1000',
    ...error(0),
    '',
  ])
})

test('resourceMetrics() without a sample reports an error', () => {
  assert.deepEqual(resourceMetrics(undefined).split('\n'), [...error(1), ''])
})
