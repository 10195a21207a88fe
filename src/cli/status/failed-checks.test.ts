import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Transport } from '../../client/transport/transport.ts'
import { failedChecks } from './failed-checks.ts'

const answering = (status: number, text: string): Transport => ({
  request: async () => ({
    status,
    headers: {},
    body: (async function* () {
      yield Buffer.from(text)
    })(),
  }),
  [Symbol.asyncDispose]: async () => undefined,
})

test('failedChecks() explains a failed store and a hanging or full disk, names other checks, and is empty for a ready server', async () => {
  const { signal } = new AbortController()
  assert.deepEqual(await failedChecks(answering(200, 'ok'), signal), [])
  const text =
    '[+]ping ok\n[-]store failed: reason withheld\n[-]store-sync failed: reason withheld\n[-]store-space failed: reason withheld\n[-]audit-log failed: reason withheld\n[-]poststarthook/bootstrap failed: reason withheld\nreadyz check failed\n'
  assert.deepEqual(await failedChecks(answering(500, text), signal), [
    'The store has failed: the API server restarts and reads the stored objects again. If this repeats, see the file and the cause in the log of the server',
    'The disk of the store does not respond (a sync takes more than 5 seconds): writes are refused until it does, and reads still work. Check the disk and the kernel log',
    'No space is left for the store: writes that do not fit are refused, and reads still work. Free space on the disk of the data directory',
    'The audit log cannot be written: writes are refused, and reads still work. The log of the server names the file and the cause; the server retries every second',
    'The API server is not ready: its check "poststarthook/bootstrap" fails',
  ])
})
