import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StricliProcess } from '@stricli/core'
import { runCommandLine } from './command-line.ts'

async function answerTo(line: string): Promise<{ readonly code: unknown; readonly out: string; readonly err: string }> {
  const text = { out: '', err: '' }
  const process: StricliProcess = {
    stdout: { write: chunk => (text.out += chunk) },
    stderr: { write: chunk => (text.err += chunk) },
  }
  await runCommandLine(line === '' ? [] : line.split(' '), process)
  return { code: process.exitCode, ...text }
}

const misunderstood = [
  [
    'upp',
    1,
    'Unknown command "upp"',
    'Known are up, status, prove, why, check, policy, image, join-ticket; "bulkhead --help" shows what they do',
  ],
  ['policy x', 2, 'Unknown command "x"', 'Known are test, replay, report; "bulkhead policy --help" shows what they do'],
  ['up --prot 5', 1, 'Unknown flag "--prot", did you mean --port?', '"bulkhead up --help" shows what it takes'],
  ['up --nonsense', 1, 'Unknown flag "--nonsense"', '"bulkhead up --help" shows what it takes'],
  ['why -x', 1, 'Unknown flag "-x"', '"bulkhead why --help" shows what it takes'],
  ['up --port', 1, '--port needs a value', '"bulkhead up --help" shows what it takes'],
  ['up --port x', 1, '--port is "x": wanted is a number', '"bulkhead up --help" shows what it takes'],
  ['up --port 1 --port 2', 1, '--port is given twice, as "1" and "2": give it once', '"bulkhead up --help" shows what it takes'],
  ['up --profile x', 1, '--profile is "x", wanted is secure, upstream', '"bulkhead up --help" shows what it takes'],
  ['status x', 1, 'Unexpected argument "x"', '"bulkhead status --help" shows what it takes'],
  ['image import', 1, 'FILE is missing', '"bulkhead image import --help" shows what it takes'],
  ['join-ticket create', 1, '--node needs a value', '"bulkhead join-ticket create --help" shows what it takes'],
  ['check --output', 2, '--output needs a value', '"bulkhead check --help" shows what it takes'],
  ['policy report', 2, 'AUDITLOG is missing', '"bulkhead policy report --help" shows what it takes'],
] as const

for (const [line, code, message, advice] of misunderstood) {
  test(`runCommandLine() and bulkhead ${line}`, async () => {
    assert.deepEqual(await answerTo(line), { code, out: '', err: `bulkhead: ${message}\n${advice}\n` })
  })
}

for (const line of ['', '--help', 'up --help', 'policy']) {
  test(`runCommandLine() prints the usage for bulkhead ${line}`, async () => {
    const { code, out, err } = await answerTo(line)
    assert.deepEqual([code, err], [0, ''])
    assert.match(out, /^USAGE\n {2}bulkhead/)
  })
}
