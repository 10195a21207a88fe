import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import type { ResourceQuota } from '../../api/types/core-v1.ts'
import { silentLogger } from '../../base/log.ts'
import { runQuotaStatus, type StaleQuotas } from './quota-status.ts'

test('runQuotaStatus() tries a status that cannot be written again at its own pace, and keeps no other waiting', async () => {
  const stop = new AbortController()
  const quota = (name: string): ResourceQuota => ({ metadata: { namespace: 'n', name }, spec: {} })
  let stale = [quota('bad'), quota('good')]
  const attempts: string[] = []
  const retries: number[] = []
  let rounds = 0
  const ledger: StaleQuotas = {
    stale: async () => undefined,
    takeStale: () => {
      if (rounds++ === 100) stop.abort('stop')
      const taken = stale
      stale = []
      return taken.map(object => ({ object, status: () => ({}) }))
    },
    // Other changes of that time are written with it.
    markStale: () => {
      stale = [quota('bad'), quota('good')]
    },
  }
  const transport = {
    request: async ({ path }: { readonly path: string }) => {
      const name = path.split('/')[6] ?? ''
      attempts.push(name)
      return { status: name === 'bad' ? 500 : 200, headers: {}, body: Readable.from([]) }
    },
  }
  const clock = {
    now: () => 0,
    monotonic: () => 0,
    sleep: async (ms: number) => {
      if (ms > 250 && ms < 30_000) retries.push(ms)
      await new Promise(resolve => setImmediate(resolve))
    },
  }
  await runQuotaStatus({ ledger, transport, clock, log: silentLogger }, stop.signal)
  assert.deepEqual(retries, [500, 1000, 2000, 4000, 8000, 16_000])
  assert.ok(attempts.filter(name => name === 'good').length > retries.length)
})
