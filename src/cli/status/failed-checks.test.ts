import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Transport } from '../../client/transport.ts'
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

test('failedChecks() says what a failed store and a disk that hangs or is full mean, names other checks, and nothing of a server that is ready', async () => {
  const { signal } = new AbortController()
  assert.deepEqual(await failedChecks(answering(200, 'ok'), signal), [])
  const text =
    '[+]ping ok\n[-]store failed: reason withheld\n[-]store-sync failed: reason withheld\n[-]store-space failed: reason withheld\n[-]audit-log failed: reason withheld\n[-]poststarthook/bootstrap failed: reason withheld\nreadyz check failed\n'
  assert.deepEqual(await failedChecks(answering(500, text), signal), [
    'The store has failed: the API server ends and is started again, and shows then what is stored. The log of the server names the file and the cause; mend that where it goes on',
    'The disk under the store does not answer: writes are refused until it does, and reads go on. A sync has been waiting for more than 5 seconds; look at the disk and at the log of the kernel',
    'No space is left for the store: writes that do not fit are refused until there is, and reads go on. Free some on the disk of the data directory',
    'The audit log cannot be written: writes are refused until it can, and reads go on. The log of the server names the file and the cause; it tries again every second',
    'The API server is not ready: its check "poststarthook/bootstrap" fails',
  ])
})
