import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { UserError } from '../../base/user-error.ts'
import { isolatedLimits, runIsolated } from './run-isolated.ts'

const worker = join(import.meta.dirname, 'attempts.testing.ts')
const { signal } = new AbortController()
const isUserError = (want: RegExp) => (err: unknown) => err instanceof UserError && want.test(err.message)

describe('runIsolated()', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isolated-'))
    await writeFile(join(folder, 'secret'), 'secret')
  })
  after(async () => await rm(folder, { recursive: true }))
  const attempt = (step: string, limits = isolatedLimits) =>
    runIsolated('attempt', { step, folder }, step === 'read' ? [folder] : [], signal, limits, worker)

  test('returns what the work returns, and reads what it was given', async () => {
    assert.equal(await attempt('read'), 'secret')
  })

  for (const step of ['read elsewhere', 'write', 'spawn', 'thread', 'evaluate', 'connect', 'listen']) {
    test(`lets the work not ${step}`, async () => {
      assert.match(String(await attempt(step)), /^refused: (?:ERR_ACCESS_DENIED|EvalError)/)
    })
  }

  test('passes a UserError of the work on, and no other', async () => {
    await assert.rejects(attempt('fail'), isUserError(/^It is malformed$/))
    await assert.rejects(attempt('crash'), (err: unknown) => !(err instanceof UserError) && /exit code 1: .*A fault/s.test(String(err)))
  })

  test('gives the work no environment', async () => {
    assert.deepEqual(await attempt('environment'), [])
  })

  const small = { ...isolatedLimits, memoryBytes: 200 * 1024 ** 2 }
  for (const step of ['fill the heap', 'fill buffers'])
    test(`ends work that would ${step}`, async () => {
      await assert.rejects(attempt(step, small), isUserError(/needs more than 200 MiB of memory/))
    })

  test('ends work that takes too long, and work whose caller gives up', async () => {
    await assert.rejects(attempt('loop', { ...isolatedLimits, timeMs: 300 }), isUserError(/takes longer than 0.3 seconds/))
    const stop = new AbortController()
    const running = runIsolated('attempt', { step: 'loop', folder }, [], stop.signal, isolatedLimits, worker)
    stop.abort(new UserError('Interrupted'))
    await assert.rejects(running, isUserError(/^Interrupted$/))
  })

  test('ends work that answers too much', async () => {
    await assert.rejects(attempt('answer much', { ...isolatedLimits, answerBytes: 1024 ** 2 }), isUserError(/result is larger than 1 MiB/))
  })

  test('refuses a path that is not there', async () => {
    await assert.rejects(
      runIsolated('attempt', {}, [join(folder, 'missing')], signal),
      isUserError(/Cannot read .*missing": it does not exist/),
    )
  })

  test('reads folders whose names begin alike, and no other', async () => {
    const paths = ['b', 'b*', 'b-c'].map(name => join(folder, name))
    for (const path of paths) {
      await mkdir(path)
      await writeFile(join(path, 'secret'), path)
    }
    for (const path of paths) assert.equal(await runIsolated('attempt', { step: 'read' }, [path], signal, isolatedLimits, worker), path)
  })
})
