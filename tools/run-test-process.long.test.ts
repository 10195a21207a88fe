import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'

const header = "import { describe, test } from 'node:test'\n"
const sources = {
  'passes.test.ts': "test('passes', () => undefined)\ndescribe('suite', () => { test('nested', () => undefined) })",
  'skips.test.ts': "test('skips', { skip: 'no reason' }, () => undefined)",
  'fails.test.ts': "test('fails', () => { console.log('what it printed'); throw new Error('broken') })",
  'ends.test.ts': "test('before', () => undefined)\ntest('ends', () => process.exit(3))\ntest('after', () => undefined)",
  'throws.test.ts':
    "test('throws', async () => { setTimeout(() => { throw new Error('uncaught') }, 1); await new Promise(done => setTimeout(done, 60_000)) })",
  'blocks.test.ts': "test('blocks', () => { for (;;) continue })",
  'waits.test.ts': "test('waits', async () => { await new Promise(() => undefined) })",
  'unreadable.test.ts': "import './absent.ts'\ntest('never', () => undefined)",
} as const

interface Run {
  readonly outcomes: readonly string[]
  readonly left: readonly string[]
  readonly printed: Readonly<Record<string, string>>
}

/** Runs these files in one process. The runner itself runs in a process that is no test. */
async function runFiles(t: TestContext, names: readonly (keyof typeof sources)[], hangMs = 60_000): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), 'runner-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const files = names.map(name => join(folder, name))
  for (const name of names) writeFileSync(join(folder, name), header + sources[name])
  const script = `
    import { writeFileSync } from 'node:fs'
    import { runTestProcess } from ${JSON.stringify(resolve('tools/run-test-process.ts'))}
    import { entryOf } from ${JSON.stringify(resolve('tools/test-files.ts'))}
    const files = ${JSON.stringify(files)}
    const entry = files.length === 1 ? files[0] : ${JSON.stringify(join(folder, 'entry.ts'))}
    if (files.length > 1) writeFileSync(entry, entryOf(files, ${JSON.stringify(resolve('tools/test-files.ts'))}))
    const outcomes = []
    const { left, printed } = await runTestProcess({
      entry, files, hangMs: ${hangMs}, signal: new AbortController().signal,
      execArgv: [${JSON.stringify(`--require=${resolve('tools/test-process.cjs')}`)}],
      onOutcome: ({ kind, file, name, text }) => outcomes.push([kind, file, name, text.split('\\n')[0]].join(' ')),
    })
    process.stdout.write('RUN' + JSON.stringify({ outcomes, left, printed: Object.fromEntries(printed) }))`
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined }
  const runner = join(folder, 'runner.ts')
  writeFileSync(runner, script)
  const { stdout } = await promisify(execFile)(process.execPath, [runner], { env })
  return JSON.parse(stdout.slice(stdout.indexOf('RUN') + 3).replaceAll(`${folder}/`, '')) as Run
}

test('runTestProcess() counts each test once, and names the file of one that fails', async t => {
  const { outcomes, left, printed } = await runFiles(t, ['passes.test.ts', 'fails.test.ts', 'skips.test.ts'])
  assert.deepEqual(outcomes, [
    'passed passes.test.ts passes without a reason',
    'passed passes.test.ts nested without a reason',
    'failed fails.test.ts fails Error: broken',
    'skipped skips.test.ts skips no reason',
  ])
  assert.deepEqual(left, [])
  assert.deepEqual(Object.keys(printed), ['fails.test.ts'])
  assert.match(printed['fails.test.ts'] ?? '', /what it printed/)
})

test('runTestProcess() does the same for a file alone', async t => {
  const { outcomes, left } = await runFiles(t, ['fails.test.ts'])
  assert.deepEqual(outcomes, ['failed fails.test.ts fails Error: broken'])
  assert.deepEqual(left, [])
})

test('runTestProcess() fails a file that cannot be loaded, and runs the next one', async t => {
  const { outcomes, left } = await runFiles(t, ['unreadable.test.ts', 'passes.test.ts'])
  assert.match(outcomes[0] ?? '', /^failed .*unreadable\.test\.ts Error.*absent\.ts/)
  assert.deepEqual(outcomes.slice(1), ['passed passes.test.ts passes without a reason', 'passed passes.test.ts nested without a reason'])
  assert.deepEqual(left, [])
})

for (const [name, hangMs, expected] of [
  ['ends.test.ts', 60_000, /exit code 3$/],
  ['throws.test.ts', 60_000, /exit code 1$/],
  ['waits.test.ts', 2000, /no test file ended for 2 s$/],
  ['blocks.test.ts', 2000, /no test file ended for 2 s$/],
] as const)
  test(`runTestProcess() fails a file that ends or blocks its process, and returns those after it: ${name}`, async t => {
    const { outcomes, left, printed } = await runFiles(t, ['fails.test.ts', name, 'passes.test.ts', 'skips.test.ts'], hangMs)
    assert.equal(outcomes[0], 'failed fails.test.ts fails Error: broken')
    const failed = outcomes.slice(1).filter(outcome => outcome.startsWith('failed'))
    assert.ok(failed.length > 0 && failed.every(outcome => outcome.startsWith(`failed ${name} `)), outcomes.join('\n'))
    assert.match(failed.at(-1) ?? '', expected)
    assert.deepEqual(left, ['passes.test.ts', 'skips.test.ts'])
    if (name === 'throws.test.ts') assert.match(printed[name] ?? '', /uncaught/)
  })
