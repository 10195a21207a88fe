import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node, Pod } from '../../api/types/core-v1.ts'
import { nodes, pods } from '../../client/resources.ts'
import { startScenario } from '../scenario.testing.ts'
import { podGarbage } from './pod-garbage.ts'

test('podGarbage marks a terminating pod that never had a node as failed, since no node will', async () => {
  await using scenario = startScenario({
    controllers: [podGarbage],
    prepare(api) {
      const metadata = { namespace: 'ns', finalizers: ['batch.kubernetes.io/job-tracking'], deletionTimestamp: '2026-01-01T00:00:00Z' }
      api.seed(pods, { metadata: { ...metadata, name: 'waiting' }, spec: { containers: [] }, status: { phase: 'Pending' } })
      api.seed(pods, { metadata: { ...metadata, name: 'done' }, spec: { containers: [] }, status: { phase: 'Succeeded' } })
    },
  })
  const { api } = scenario
  const phase = (name: string) => api.read(pods, 'ns', name)?.status?.phase
  await scenario.until(() => phase('waiting') === 'Failed', 'the phase')
  const isAsked = (name: string) => api.requests.some(({ method, path }) => method === 'DELETE' && path.endsWith(`/${name}`))
  await scenario.until(() => isAsked('waiting') && isAsked('done'), 'both deletions')
  assert.equal(phase('done'), 'Succeeded')
  assert.equal(api.read(pods, 'ns', 'waiting')?.status?.conditions, undefined)
})

test('podGarbage removes terminating pods of a node that is out of service, and of no other', async () => {
  const deletionTimestamp = '2026-12-01T00:00:00Z'
  const podOn = (nodeName: string, ending: boolean): Pod => ({
    metadata: { name: `${nodeName}-${ending}`, namespace: 'ns', ...(ending ? { deletionTimestamp } : {}) },
    spec: { containers: [], nodeName },
    status: { phase: 'Running' },
  })
  const taints = [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }]
  const nodeOf = (name: string, status: string, spec: Node['spec']): Node => ({
    metadata: { name },
    spec,
    status: { conditions: [{ type: 'Ready', status }] },
  })
  await using scenario = startScenario({
    controllers: [podGarbage],
    prepare(api) {
      api.seed(nodes, nodeOf('lost', 'Unknown', {}))
      api.seed(nodes, nodeOf('shut', 'Unknown', { taints }))
      // It answers: its own agent ends the pods.
      api.seed(nodes, nodeOf('alive', 'True', { taints }))
      for (const name of ['lost', 'shut', 'alive']) for (const ending of [true, false]) api.seed(pods, podOn(name, ending))
    },
  })
  const { api, until } = scenario
  await until(() => api.read(pods, 'ns', 'shut-true') === undefined, 'removal')
  const left = () =>
    api
      .all(pods)
      .map(({ metadata }) => metadata.name)
      .sort()
  assert.deepEqual(left(), ['alive-false', 'alive-true', 'lost-false', 'lost-true', 'shut-false'])
})
