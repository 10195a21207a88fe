import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimMachine } from './claim-machine.ts'

test('claimMachine() lets one node have the machine until it gives it back', async () => {
  const name = `\0bulkhead-test-${process.pid}`
  {
    await using _claim = await claimMachine(name)
    await assert.rejects(claimMachine(name), /Another Bulkhead node runs on this machine/)
  }
  await using _again = await claimMachine(name)
})
