import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Clock } from '../../base/clock.ts'
import type { FileState } from '../../base/files/file-state.ts'
import { quietMs } from '../../base/files/follow-folders.ts'
import { createLogger } from '../../base/log.ts'
import { stillHeld } from '../../base/testing/retained-bytes.testing.ts'
import { until } from '../../base/testing/wait-until.testing.ts'
import { UserError } from '../../base/user-error.ts'
import { openFollowedFile } from './followed-file.ts'

/** Hints of the file system are followed at once; the test decides when the minute between two checks ends. */
function steppedClock() {
  let minute = Promise.withResolvers<void>()
  const clock: Clock = {
    now: () => 1_700_000_000_000,
    monotonic: () => 0,
    sleep: (ms, signal) => {
      if (ms === quietMs) return Promise.resolve()
      const aborted = Promise.withResolvers<void>()
      signal?.addEventListener('abort', () => aborted.reject(signal.reason), { once: true })
      return Promise.race([minute.promise, aborted.promise])
    },
  }
  const nextMinute = () => {
    minute.resolve()
    minute = Promise.withResolvers()
  }
  return { clock, nextMinute }
}

async function followed(path: string, test: (follow: Follow) => Promise<void>) {
  const { clock, nextMinute } = steppedClock()
  const lines: string[] = []
  const states: FileState<string>[] = []
  let looks = 0
  const validate = async (text: string, former: string | undefined): Promise<string> => {
    looks++
    if (text === 'a fault of ours') throw new Error('out of luck')
    if (text.startsWith('bad')) throw new UserError(`Cannot use it: ${text}${former === undefined ? '' : `, it was ${former}`}`)
    return text
  }
  const file = await openFollowedFile({ path, what: 'the settings', validate, clock })
  const stop = new AbortController()
  const log = createLogger({ level: 'debug', destination: { write: line => void lines.push(line) } })
  const running = file.run(state => states.push(state), log, stop.signal)
  await until(() => looks === 2, 'the look at the start')
  const takes = async (settings: string) => {
    await until(() => file.state.settings === settings && file.state.refused === undefined, `"${settings}" in force`)
  }
  const refuses = async (why: string) => {
    await until(() => file.state.refused?.why.includes(why), `a refusal: ${why}`)
  }
  await test({ states, lines, looks: () => looks, state: () => file.state, takes, refuses, nextMinute })
  stop.abort('stop')
  await running
}

interface Follow {
  readonly states: readonly FileState<string>[]
  readonly lines: readonly string[]
  looks(): number
  state(): FileState<string>
  takes(settings: string): Promise<void>
  refuses(why: string): Promise<void>
  nextMinute(): void
}

function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'followed-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}

interface Way {
  readonly name: string
  /** Creates the file with this text. */
  make(folder: string, path: string, text: string): void
  change(folder: string, path: string, text: string): void
}

const configMap = (folder: string, path: string, text: string, isFirst: boolean): void => {
  const data = mkdtempSync(join(folder, '..2026-'))
  writeFileSync(join(data, 'settings.yaml'), text)
  symlinkSync(data, join(folder, '..data_tmp'))
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
  if (isFirst) symlinkSync(join('..data', 'settings.yaml'), path)
}

const ways: readonly Way[] = [
  { name: 'by renaming', make: (_, path, text) => writeFileSync(path, text), change: (_, path, text) => writeFileSync(path, text) },
  {
    name: 'in place',
    make: (_, path, text) => writeFileSync(path, text),
    change: (folder, path, text) => {
      writeFileSync(join(folder, 'new'), text)
      renameSync(join(folder, 'new'), path)
    },
  },
  {
    name: 'as mounted ConfigMaps are',
    make: (folder, path, text) => configMap(folder, path, text, true),
    change: (folder, path, text) => configMap(folder, path, text, false),
  },
  {
    name: 'to the target of a link',
    make: (folder, path, text) => {
      mkdirSync(join(folder, 'elsewhere'))
      writeFileSync(join(folder, 'elsewhere', 'file'), text)
      symlinkSync(join('elsewhere', 'file'), path)
    },
    change: (folder, _, text) => writeFileSync(join(folder, 'elsewhere', 'file'), text),
  },
  {
    name: 'after a removal',
    make: (_, path, text) => writeFileSync(path, text),
    change: (_, path, text) => {
      rmSync(path)
      writeFileSync(path, text)
    },
  },
]

for (const { name, make, change } of ways) {
  test(`run() reads a change made ${name}`, async () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'settings.yaml')
    make(folder.path, path, 'first')
    await followed(path, async ({ takes }) => {
      change(folder.path, path, 'second')
      await takes('second')
      change(folder.path, path, 'the third')
      await takes('the third')
    })
  })
}

test('run() keeps the previous content if the new one is refused, and logs why once', async () => {
  using folder = temporaryFolder()
  const path = join(folder.path, 'settings.yaml')
  writeFileSync(path, 'first')
  await followed(path, async ({ states, lines, state, takes, refuses, nextMinute, looks }) => {
    const { hash } = state()
    assert.match(hash, /^sha256:a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e$/)
    writeFileSync(path, 'bad one')
    await refuses('Cannot use it: bad one, it was first')
    assert.deepEqual([state().settings, state().hash], ['first', hash])
    const seen = looks()
    nextMinute()
    await until(() => looks() > seen, 'a look without a hint')
    assert.equal(lines.filter(line => line.includes('changed settings refused')).length, 1)
    writeFileSync(path, 'a fault of ours')
    await refuses('it cannot be validated')
    assert.ok(lines.some(line => line.includes('out of luck')))
    writeFileSync(path, `bad ${'x'.repeat(10_000)}`)
    await refuses('xxx')
    assert.equal(state().refused?.why.length, 4097)
    writeFileSync(path, 'second')
    chmodSync(path, 0o646)
    await refuses('every user can write it')
    rmSync(path)
    await refuses('Cannot read the settings: it does not exist')
    // The previous content again: nothing changes except that nothing is refused any more.
    writeFileSync(path, 'first')
    await takes('first')
    const changes = states.map(({ change }) => change)
    assert.deepEqual(
      changes,
      [...new Set(changes)].sort((a, b) => a - b),
    )
    assert.equal(states.at(-1)?.since, 1_700_000_000_000)
  })
})

test('run() finds changes of files that the file names without a hint, and ignores other files in the folder', async () => {
  using folder = temporaryFolder()
  const path = join(folder.path, 'settings.yaml')
  const named = join(folder.path, 'named')
  writeFileSync(path, 'first')
  writeFileSync(named, 'one')
  const { clock, nextMinute } = steppedClock()
  const { readSettingsText } = await import('./settings-text.ts')
  let looks = 0
  const validate = async (): Promise<string> => {
    looks++
    return readSettingsText(named, 'what is named')
  }
  const file = await openFollowedFile({ path, what: 'the settings', validate, clock })
  const stop = new AbortController()
  const log = createLogger({ level: 'silent' })
  const running = file.run(() => undefined, log, stop.signal)
  await until(() => looks === 2, 'the look at the start')
  writeFileSync(named, 'two')
  for (let i = 0; i < 50; i++) writeFileSync(join(folder.path, `other-${i}`), 'x')
  for (let turn = 0; turn < 100; turn++) await new Promise(resolve => setImmediate(resolve))
  assert.equal(looks, 2)
  nextMinute()
  await until(() => file.state.settings === 'two', 'what is named')
  stop.abort('stop')
  await running
})

test('200 changes leak no earlier content', async () => {
  using folder = temporaryFolder()
  const path = join(folder.path, 'settings.yaml')
  writeFileSync(path, '0')
  const { clock } = steppedClock()
  const validate = async (text: string) => ({ text, bulk: Buffer.alloc(1024) })
  const file = await openFollowedFile({ path, what: 'the settings', validate, clock })
  const stop = new AbortController()
  const held: WeakRef<object>[] = []
  const running = file.run(({ settings }) => held.push(new WeakRef(settings)), createLogger({ level: 'silent' }), stop.signal)
  for (let round = 1; round <= 200; round++) {
    writeFileSync(`${path}.new`, `${round}`)
    renameSync(`${path}.new`, path)
    await until(() => file.state.settings.text === `${round}`, `change ${round}`)
  }
  await new Promise(resolve => setImmediate(resolve))
  assert.equal(held.length, 200)
  assert.ok(stillHeld(held) <= 2, `${stillHeld(held)} are held`)
  stop.abort('stop')
  await running
})
