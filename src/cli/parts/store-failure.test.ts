import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../../base/log.ts'
import { storeFailure } from './store-failure.ts'

test('storeFailure() rejects when the store fails, even if nothing awaits it yet', async () => {
  const cause = new Error('The disk failed')
  const listeners: ((err: Error) => void)[] = []
  const failure = storeFailure({ onFailure: listener => listeners.push(listener) }, silentLogger)
  for (const listener of listeners) listener(cause)
  // An unhandled rejection would end the test here.
  await new Promise(resolve => setImmediate(resolve))
  await assert.rejects(failure, (err: unknown) => err instanceof Error && err.cause === cause)
})
