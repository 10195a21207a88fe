import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Command, CommandContext, RouteMap, StricliProcess } from '@stricli/core'
import { runCommandLine } from './command-line.ts'
import { commands, hiddenCommands } from './commands/index.ts'

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
    'Commands: up, status, prove, evidence, why, check, policy, sign, verify, dev, trust, image, registry, sbom, scan, advisories, where, updates, join, join-ticket, node, store, doctor, reset. See "bulkhead --help"',
  ],
  ['policy x', 2, 'Unknown command "x"', 'Commands: test, replay, report. See "bulkhead policy --help"'],
  ['up --prot 5', 1, 'Unknown flag "--prot", did you mean --port?', 'See "bulkhead up --help"'],
  ['up --nonsense', 1, 'Unknown flag "--nonsense"', 'See "bulkhead up --help"'],
  ['why -x', 1, 'Unknown flag "-x"', 'See "bulkhead why --help"'],
  ['up --port', 1, '--port needs a value', 'See "bulkhead up --help"'],
  ['up --port x', 1, '--port must be a number, got "x"', 'See "bulkhead up --help"'],
  ['up --port 1 --port 2', 1, '--port must be given only once, got "1" and "2"', 'See "bulkhead up --help"'],
  ['up --profile x', 1, '--profile must be secure or upstream, got "x"', 'See "bulkhead up --help"'],
  ['status x', 1, 'Unexpected argument "x"', 'See "bulkhead status --help"'],
  ['image import', 1, 'FILE is missing', 'See "bulkhead image import --help"'],
  ['join-ticket create', 1, '--node needs a value', 'See "bulkhead join-ticket create --help"'],
  ['check --output', 2, '--output needs a value', 'See "bulkhead check --help"'],
  ['policy report', 2, 'AUDITLOG is missing', 'See "bulkhead policy report --help"'],
] as const

for (const [line, code, message, advice] of misunderstood) {
  test(`runCommandLine() and bulkhead ${line}`, async () => {
    assert.deepEqual(await answerTo(line), { code, out: '', err: `bulkhead: ${message}\n${advice}\n` })
  })
}

for (const [line, ...parts] of [
  ['', 'A secure-by-default Kubernetes', 'Usage:\n  bulkhead COMMAND [flags]\n', '  join-ticket  '],
  ['up', 'Usage:\n  bulkhead up [flags]\n', 'Node:\n  --control-plane-only', '--profile secure|upstream', '--[no-]allow-privileged'],
  ['check', 'Usage:\n  bulkhead check [flags] PATH…\n', '-n, --namespace NAMESPACE', '--crds PATH…', 'Exit codes: 0 '],
  ['policy', '  replay  '],
]) {
  test(`runCommandLine() prints the usage for bulkhead ${line} --help`, async () => {
    const { code, out, err } = await answerTo(`${line} --help`.trim())
    assert.deepEqual([code, err], [0, ''])
    for (const part of parts) assert.ok(out.includes(part), part)
  })
}

test('every command shows each of its flags once, with one line of help, and an example, within 100 columns', async () => {
  const documented: [string, Command<CommandContext>][] = []
  const collect = (name: string, target: Command<CommandContext> | RouteMap<CommandContext>) => {
    if (!('getAllEntries' in target)) return void documented.push([name, target])
    for (const entry of target.getAllEntries()) collect(`${name} ${entry.name['convert-camel-to-kebab']}`.trim(), entry.target)
  }
  for (const [name, target] of Object.entries(commands))
    if (!(name in hiddenCommands))
      collect(
        name.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`),
        target,
      )
  for (const [name, { parameters }] of documented) {
    const { out } = await answerTo(`${name} --help`)
    const lines = out.split('\n')
    assert.ok(
      lines.every(line => line.length <= 100),
      name,
    )
    assert.match(out, /\nExamples:\n/)
    for (const { brief } of Object.values(parameters.flags ?? {}))
      assert.equal(lines.filter(line => line.endsWith(` ${brief}`)).length, 1, brief)
  }
})
