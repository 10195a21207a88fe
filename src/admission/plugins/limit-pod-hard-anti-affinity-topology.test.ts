import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pod } from '../../api/resources/core/pod.ts'
import { ask } from '../admission.fixture.ts'
import { createPlugin } from '../plugin-definition.ts'
import { limitPodHardAntiAffinityTopology } from './limit-pod-hard-anti-affinity-topology.ts'

const plugin = createPlugin(limitPodHardAntiAffinityTopology, {})

test('limitPodHardAntiAffinityTopology lets a pod keep others off its node only', async () => {
  const object = (...keys: string[]) => ({
    metadata: { name: 'p', namespace: 'n' },
    spec: {
      containers: [],
      affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: keys.map(topologyKey => ({ topologyKey })) } },
    },
  })
  assert.equal(await ask(plugin, { resource: pod, object: object('kubernetes.io/hostname') }), undefined)
  assert.equal(
    await ask(plugin, { resource: pod, object: object('kubernetes.io/hostname', 'topology.kubernetes.io/zone') }),
    'pods "p" is forbidden: affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey topology.kubernetes.io/zone but only key kubernetes.io/hostname is allowed',
  )
})
