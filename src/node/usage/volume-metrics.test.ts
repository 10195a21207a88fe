import assert from 'node:assert/strict'
import { test } from 'node:test'
import { volumeMetrics } from './volume-metrics.ts'

test("volumeMetrics() writes the kubelet's figures of each claim once, and none that the driver does not know", () => {
  const bytes = { unit: 'BYTES', available: 3, total: 10, used: 7 } as const
  const inodes = { unit: 'INODES', available: 1, total: 5, used: 4 } as const
  const one = { namespace: 'shop', claim: 'data', usage: [bytes, inodes] }
  const text = volumeMetrics([one, one, { namespace: 'shop', claim: 'other', usage: [{ ...bytes, used: 8 }] }])
  assert.deepEqual(
    text.split('\n').filter(line => !line.startsWith('#')),
    [
      'kubelet_volume_stats_available_bytes{namespace="shop",persistentvolumeclaim="data"} 3',
      'kubelet_volume_stats_available_bytes{namespace="shop",persistentvolumeclaim="other"} 3',
      'kubelet_volume_stats_capacity_bytes{namespace="shop",persistentvolumeclaim="data"} 10',
      'kubelet_volume_stats_capacity_bytes{namespace="shop",persistentvolumeclaim="other"} 10',
      'kubelet_volume_stats_inodes{namespace="shop",persistentvolumeclaim="data"} 5',
      'kubelet_volume_stats_inodes_free{namespace="shop",persistentvolumeclaim="data"} 1',
      'kubelet_volume_stats_inodes_used{namespace="shop",persistentvolumeclaim="data"} 4',
      'kubelet_volume_stats_used_bytes{namespace="shop",persistentvolumeclaim="data"} 7',
      'kubelet_volume_stats_used_bytes{namespace="shop",persistentvolumeclaim="other"} 8',
      '',
    ],
  )
  assert.match(text, /# TYPE kubelet_volume_stats_used_bytes gauge\n/)
  const device = volumeMetrics([{ namespace: 'shop', claim: 'disk', usage: [{ unit: 'BYTES', total: 5 }] }])
  assert.deepEqual(
    device.split('\n').filter(line => !line.startsWith('#')),
    ['kubelet_volume_stats_capacity_bytes{namespace="shop",persistentvolumeclaim="disk"} 5', ''],
  )
  assert.equal(volumeMetrics([]), '')
})
