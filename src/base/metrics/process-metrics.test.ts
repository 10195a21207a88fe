import assert from 'node:assert/strict'
import { openSync } from 'node:fs'
import { test } from 'node:test'
import { createRegistry } from './metrics.ts'
import { registerProcessMetrics } from './process-metrics.ts'

test('the metrics of a process are current', async () => {
  const registry = createRegistry()
  registerProcessMetrics(registry)
  const read = async () =>
    new Map(
      (await registry.metrics())
        .split('\n')
        .filter(line => line.startsWith('process_'))
        .map(line => [line.split(' ')[0] ?? '', Number(line.split(' ')[1])]),
    )
  const before = await read()
  openSync('/proc/self/status', 'r')
  const after = await read()
  const value = (values: ReadonlyMap<string, number>, name: string) => values.get(name) ?? Number.NaN
  assert.equal(value(after, 'process_open_fds'), value(before, 'process_open_fds') + 1)
  assert.ok(value(after, 'process_cpu_seconds_total') > 0)
  assert.ok(value(after, 'process_cpu_seconds_total') >= value(before, 'process_cpu_seconds_total'))
  assert.ok(value(after, 'process_resident_memory_bytes') > 1e7)
  assert.equal(value(after, 'process_start_time_seconds'), value(before, 'process_start_time_seconds'))
})
