import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LocalVolume } from '../../api/types/bulkhead-v1alpha1.ts'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { until } from '../../base/testing/wait-until.testing.ts'
import { Client } from '../../client/client.ts'
import { localVolumes } from '../../client/resources.ts'
import { FakeApi } from '../../client/testing/fake-api.ts'
import { followLocalVolumes } from './follow-local-volumes.ts'

const volumeOf = (name: string, nodeName: string): LocalVolume => ({ metadata: { name }, spec: { nodeName, bytes: 1, encryption: 'none' } })

test('followLocalVolumes() carries out the volumes of its node, reports them, and ends with the signal', async () => {
  await using api = new FakeApi(() => Date.now())
  api.seed(localVolumes, volumeOf('a', 'n1'))
  api.seed(localVolumes, volumeOf('b', 'n2'))
  const stop = new AbortController()
  const applied: string[] = []
  const running = followLocalVolumes(
    {
      ...{ client: new Client(api), nodeName: 'n1', clock: systemClock, log: silentLogger, random: () => 0 },
      async apply({ metadata }) {
        applied.push(metadata.name ?? '')
        return { phase: 'Ready', bytes: 1, encryption: 'none' }
      },
    },
    stop.signal,
  )
  const phase = (name: string) => api.read(localVolumes, '', name)?.status?.phase
  await until(() => phase('a') === 'Ready', 'it is reported')
  assert.deepEqual([...new Set(applied)], ['a'])
  assert.equal(phase('b'), undefined)
  stop.abort()
  await running
})
