import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimMachine } from './claim-machine.ts'

test('claimMachine() gives the machine to one node until it releases it', async () => {
  const name = `\0bulkhead-test-${process.pid}`
  {
    await using _claim = await claimMachine(name)
    await assert.rejects(claimMachine(name), /Another Bulkhead node runs on this machine/)
  }
  await using _again = await claimMachine(name)
})
