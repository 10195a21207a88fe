import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../api/types/core-v1.ts'
import { FakeClock } from '../client/testing/fake-clock.ts'
import { UnschedulableReports } from './unschedulable-reports.ts'

const pod = (name: string): Pod => ({ metadata: { name, namespace: 'default' }, spec: { containers: [] } })
const settle = async () => {
  for (let turn = 0; turn < 1000; turn++) await Promise.resolve()
}

test('UnschedulableReports sends a burst, then waits, and sends the newest reason once', async () => {
  const clock = new FakeClock()
  const reported: string[] = []
  const { signal } = new AbortController()
  const reports = new UnschedulableReports({
    clock,
    tell: async ({ metadata }, message) => {
      reported.push(`${metadata.name}: ${message}`)
    },
  })
  for (let index = 0; index < 100; index++) reports.add(pod(`p${index}`), 'no node', signal)
  reports.add(pod('late'), 'no node', signal)
  reports.add(pod('late'), 'too little memory', signal)
  reports.add(pod('gone'), 'no node', signal)
  reports.drop(pod('gone'))
  await settle()
  assert.equal(reported.length, 0, 'others may follow the first')
  await clock.advance(200)
  await settle()
  assert.equal(reported.length, 100)
  assert.equal(reports.size, 1)
  await clock.advance(200)
  await settle()
  assert.equal(reported.at(-1), 'late: too little memory')
  assert.equal(reported.length, 101)
})

test('UnschedulableReports sends little while more pods than a burst wait and more arrive', async () => {
  const clock = new FakeClock()
  let reported = 0
  const { signal } = new AbortController()
  const reports = new UnschedulableReports({
    clock,
    tell: async () => {
      reported++
    },
  })
  for (let index = 0; index < 500; index++) reports.add(pod(`p${index}`), 'no node', signal)
  await settle()
  assert.equal(reported, 0)
  for (let index = 500; index < 520; index++) {
    await clock.advance(50)
    reports.add(pod(`p${index}`), 'no node', signal)
  }
  await settle()
  assert.equal(reported, (20 * 50) / 200)
  for (const round of [1, 2, 3]) {
    await clock.advance(200)
    await settle()
    assert.equal(reported, 5 + round * 10, 'the maker of the flood gets no burst')
  }
  await clock.advance(60_000)
  await settle()
  assert.equal(reports.size, 0)
  assert.equal(reported, 520)
})
