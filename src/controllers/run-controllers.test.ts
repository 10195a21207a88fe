import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../base/log.ts'
import { createRegistry } from '../base/metrics/metrics.ts'
import { until } from '../base/testing/wait-until.testing.ts'
import { Client } from '../client/client.ts'
import { pods } from '../client/resources.ts'
import { FakeApi } from '../client/testing/fake-api.ts'
import { FakeClock } from '../client/testing/fake-clock.ts'
import type { Controller } from './controller.ts'
import { runControllers } from './run-controllers.ts'

test('runControllers() stops waiting for a deleted object', async () => {
  await using api = new FakeApi()
  const clock = new FakeClock()
  let gone = 0
  const controller: Controller = {
    identity: { account: 'counting', rules: [] },
    name: 'test-controller',
    watches: pods,
    begin:
      ({ informers }) =>
      async key => {
        if (informers.full(pods).getByKey(key) !== undefined) return { requeueAfterMs: 3_600_000 }
        gone++
        return { done: true }
      },
  }
  const stop = new AbortController()
  const client = new Client(api)
  const running = runControllers(
    {
      ...{ clientFor: () => client, informerClient: client, clock, log: silentLogger, metrics: createRegistry(), random: () => 0 },
      ...{ rootCa: '', signCertificate: async () => '', controllers: [controller] },
    },
    stop.signal,
  )
  for (const name of ['a', 'b']) api.seed(pods, { metadata: { name, namespace: 'ns' }, spec: { containers: [] } })
  await until(() => clock.sleepers >= 2, 'both wait')
  const before = clock.sleepers
  api.remove(pods, 'ns', 'a')
  await until(() => gone > 0 && clock.sleepers < before, 'one waits no longer')
  assert.equal(clock.sleepers, before - 1)
  stop.abort()
  await running
})
