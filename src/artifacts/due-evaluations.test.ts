import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Clock, systemClock } from '../base/clock.ts'
import { until } from '../base/testing/wait-until.testing.ts'
import { DueEvaluations, type Evaluation, maxRetryMs, retryMs } from './due-evaluations.ts'

const pod = (namespace: string, ...images: string[]) => ({
  metadata: { namespace, name: 'web' },
  spec: { images: images.map(image => ({ container: image, image, digest: `sha256:${image}` })) },
})

/** `sleeps` are the waits that are longer than those for changes that come together; they end when the test says so. */
function begin(t: { after(end: () => void): void }, known: readonly string[]) {
  const stop = new AbortController()
  t.after(() => stop.abort())
  const sleeps: { readonly ms: number; end(): void }[] = []
  const clock: Clock = {
    ...systemClock,
    sleep: (ms, signal) =>
      ms < 1000 ? Promise.resolve() : new Promise<void>(end => sleeps.push({ ms, end })).then(() => signal?.throwIfAborted()),
  }
  const quick: string[] = []
  const slow: { readonly image: string; end(isDone: boolean): void }[] = []
  const running: ReturnType<typeof pod>[] = []
  let listed = 0
  const due = new DueEvaluations(clock, {
    pods() {
      listed++
      return running
    },
    quickly({ image }: Evaluation) {
      quick.push(image)
      return known.includes(image)
    },
    slowly: ({ image }) => new Promise(end => slow.push({ image, end })),
  })
  void due.run(stop.signal)
  return { due, sleeps, quick, slow, running, listed: () => listed }
}

test('DueEvaluations evaluates what is known although the registries of others hang', async t => {
  const hanging = Array.from({ length: 50 }, (_, index) => `hangs-${index}`)
  const { due, quick, slow } = begin(t, ['known', 'later'])
  due.pod(pod('attacker', ...hanging))
  due.pod(pod('shop', 'known'))
  await until(() => quick.includes('known'), 'the known one is evaluated')
  assert.equal(slow.length, hanging.length)
  due.pod(pod('attacker', 'hangs-0'))
  due.pod(pod('shop', 'later'))
  await until(() => quick.includes('later'), 'the next one is evaluated')
  assert.equal(slow.length, hanging.length)
})

test('DueEvaluations asks once more for what changed meanwhile, and ever later for what cannot be read', async t => {
  const { due, quick, slow, sleeps } = begin(t, [])
  due.pod(pod('shop', 'web'))
  await until(() => slow.length === 1, 'the registry is asked')
  due.pod(pod('shop', 'web'))
  await until(() => quick.length === 2, 'it changed')
  slow[0]?.end(true)
  await until(() => slow.length === 2, 'it is asked again')
  const waits = [retryMs, 2 * retryMs, maxRetryMs, maxRetryMs]
  for (const [index] of waits.entries()) {
    slow[1 + index]?.end(false)
    await until(() => sleeps.length === index + 1, 'it waits')
    sleeps[index]?.end()
    await until(() => slow.length === index + 3, 'it is asked again')
  }
  assert.deepEqual(
    sleeps.map(({ ms }) => ms),
    waits,
  )
})

test('DueEvaluations goes through all pods once, however many changes come together', async t => {
  const { due, quick, running, listed } = begin(t, ['web', 'shop'])
  running.push(pod('a', 'web'), pod('b', 'shop'))
  for (let change = 0; change < 1000; change++) due.all()
  await until(() => quick.length === 2, 'all are evaluated')
  assert.deepEqual([quick.toSorted(), listed()], [['shop', 'web'], 1])
  due.all()
  await until(() => quick.length === 4, 'all are evaluated again')
  assert.equal(listed(), 2)
})
