import assert from 'node:assert/strict'
import { test } from 'node:test'
import { untilAborted } from '../base/async/abort.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { until } from '../base/testing/wait-until.testing.ts'
import { memoryRegistries } from './artifacts.testing.ts'
import { TooManyWaiting } from './namespace-turns.ts'
import { type Purpose, RegistryWork, turnLimits } from './registry-work.ts'

/** `over()` ends the time of everything that has begun to wait. */
function begin() {
  const waits: (() => void)[] = []
  const clock: Clock = { ...systemClock, sleep: () => new Promise(resolve => waits.push(resolve)) }
  const work = new RegistryWork(memoryRegistries(), clock)
  const asked: string[] = []
  const run = (repository: string, answer: Promise<string>, namespace = 'shop', purpose: Purpose = 'admission') =>
    work.run({ purpose, namespace, repository, credentials: [] }, (_, signal) => {
      asked.push(repository)
      return untilAborted(answer, signal)
    })
  const over = () => {
    for (const end of waits.splice(0)) end()
  }
  return { run, asked, over }
}

const never = new Promise<string>(() => undefined)

test('RegistryWork gives up a registry that does not answer, and does not ask the repository again', async () => {
  const { run, asked, over } = begin()
  const first = run('slow.example.com/app', never)
  await until(() => asked.length === 1, 'it is asked')
  over()
  await assert.rejects(first, /^RegistryUnavailable: registry slow\.example\.com did not answer in 10 s$/)
  await assert.rejects(run('slow.example.com/app', never), /did not answer/)
  assert.equal(await run('slow.example.com/other', Promise.resolve('answer')), 'answer')
  assert.deepEqual(asked, ['slow.example.com/app', 'slow.example.com/other'])
})

test('RegistryWork does not hold it against a registry that a request waited long for its turn', async () => {
  const { run, asked, over } = begin()
  const { ownRunning } = turnLimits.admission
  const slow = Array.from({ length: ownRunning }, (_, index) => run(`slow-${index}.example.com/app`, never).catch(() => 'failed'))
  await until(() => asked.length === ownRunning, 'all turns are taken')
  const good = run('good.example.com/app', Promise.resolve('answer'))
  over()
  await assert.rejects(good, TooManyWaiting)
  await Promise.all(slow)
  assert.equal(await run('good.example.com/app', Promise.resolve('answer')), 'answer')
})

test('RegistryWork lets those that wait for a repository fail with it', async () => {
  const { run, asked, over } = begin()
  const all = Array.from({ length: 50 }, () => run('slow.example.com/app', never).catch(String))
  await until(() => asked.length === turnLimits.admission.ownRunning / 2, 'the turns of the registry are taken')
  over()
  await Promise.all(all)
  assert.equal(asked.length, turnLimits.admission.ownRunning / 2)
})

test('RegistryWork counts failures of each purpose apart', async () => {
  const { run, asked, over } = begin()
  const again = run('slow.example.com/app', never, 'shop', 'again').catch(String)
  await until(() => asked.length === 1, 'it is asked')
  over()
  assert.match(await again, /did not answer/)
  assert.equal(await run('slow.example.com/app', Promise.resolve('answer')), 'answer')
})
