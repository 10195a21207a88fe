import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pod } from '../../api/resources/core/pod.ts'
import type { PodSpec } from '../../api/types/core-v1.ts'
import { ask } from '../admission.fixture.ts'
import { createPlugin } from '../plugin-definition.ts'
import { extendedResourceToleration } from './extended-resource-toleration.ts'

const plugin = createPlugin(extendedResourceToleration, {})

test('extendedResourceToleration tolerates the taints of the devices that a pod asks for, once', async () => {
  const spec: PodSpec = {
    containers: [{ name: 'c', resources: { requests: { cpu: '1', 'example.com/gpu': '1' } } }],
    initContainers: [{ name: 'i', resources: { requests: { 'example.com/gpu': '1', 'example.com/fpga': '1' } } }],
  }
  const object = { metadata: { name: 'p', namespace: 'n' }, spec }
  await ask(plugin, { resource: pod, object })
  await ask(plugin, { resource: pod, object })
  const toleration = (key: string) => ({ key, operator: 'Exists', effect: 'NoSchedule' })
  assert.deepEqual(spec.tolerations, [toleration('example.com/fpga'), toleration('example.com/gpu')])
})
