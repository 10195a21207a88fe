import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newTakenCount, takeOne, waitForRoom } from './handover.ts'

test('waitForRoom() lets the writer be a few pieces ahead of the reader', () => {
  const taken = newTakenCount()
  for (let given = 0; given < 16; given++) waitForRoom(taken, given)
  for (let round = 0; round < 5; round++) takeOne(taken)
  for (let given = 16; given < 21; given++) waitForRoom(taken, given)
  assert.equal(taken[0], 5)
})

test('waitForRoom() continues when another thread takes a piece', { timeout: 60_000 }, async () => {
  const { Worker } = await import('node:worker_threads')
  const taken = newTakenCount()
  const code = `
    const { workerData } = require('node:worker_threads')
    Atomics.add(workerData, 0, 1)
    Atomics.notify(workerData, 0)
  `
  const worker = new Worker(code, { eval: true, workerData: taken, execArgv: [] })
  waitForRoom(taken, 16)
  assert.equal(taken[0], 1)
  await worker.terminate()
})
