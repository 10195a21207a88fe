import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pods } from '../../client/resources.ts'
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
