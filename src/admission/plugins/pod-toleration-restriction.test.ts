import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pod } from '../../api/resources/core/pod.ts'
import type { PodSpec, Toleration } from '../../api/types/core-v1.ts'
import { ask, readerOf } from '../admission.fixture.ts'
import { createPlugin } from '../plugin-definition.ts'
import { podTolerationRestriction } from './pod-toleration-restriction.ts'

const toleration = (key: string): Toleration => ({ key, operator: 'Exists', effect: 'NoSchedule' })

async function admit(
  own: Toleration[],
  annotations: { defaultTolerations?: unknown; tolerationsWhitelist?: unknown },
  cluster: { default?: Toleration[]; allowed?: Toleration[] } = {},
  cpu?: string,
) {
  const written = Object.entries(annotations).map(([name, value]) => [`scheduler.alpha.kubernetes.io/${name}`, JSON.stringify(value)])
  const reader = readerOf({ namespaces: [{ metadata: { name: 'n', annotations: Object.fromEntries(written) } }] })
  const spec: PodSpec = { containers: [{ name: 'c', ...(cpu ? { resources: { requests: { cpu } } } : {}) }], tolerations: own }
  const plugin = createPlugin(podTolerationRestriction, {
    reader,
    configuration: { tolerations: { default: [], allowed: [], ...cluster } },
  })
  const object = { metadata: { name: 'p', namespace: 'n' }, spec }
  return (await ask(plugin, { resource: pod, object })) ?? spec.tolerations
}

test("podTolerationRestriction adds the tolerations of the namespace, or the cluster's if it has none", async () => {
  assert.deepEqual(await admit([toleration('own')], { defaultTolerations: [toleration('team')] }), [toleration('team'), toleration('own')])
  assert.deepEqual(await admit([], {}, { default: [toleration('all')] }), [toleration('all')])
  assert.deepEqual(await admit([], { defaultTolerations: [] }, { default: [toleration('all')] }), [])
  assert.deepEqual(await admit([], {}, {}, '1'), [toleration('node.kubernetes.io/memory-pressure')])
})

test('podTolerationRestriction refuses tolerations that neither namespace nor cluster allows', async () => {
  const why =
    'pods "p" is forbidden: pod tolerations (possibly merged with namespace default tolerations) conflict with its namespace whitelist'
  assert.equal(await admit([toleration('own')], { tolerationsWhitelist: [toleration('team')] }), why)
  assert.equal(await admit([toleration('own')], {}, { allowed: [toleration('team')] }), why)
  assert.deepEqual(await admit([toleration('team')], { tolerationsWhitelist: [{ operator: 'Exists' }] }), [toleration('team')])
  assert.match(String(await admit([], { defaultTolerations: 'x' })), /is not a list of tolerations$/)
})
