import assert from 'node:assert/strict'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { auditKey, event, newDirectory, openLog } from '../../access/audit/audit-log.testing.ts'
import { verifyChain } from './audit-chain.ts'

/** Three batches and a signature of the last, as the product writes them. */
async function log() {
  const directory = newDirectory()
  const written = await openLog(directory)
  for (const id of ['w0', 'w1', 'w2']) await written.record(event('create', id))
  await written[Symbol.asyncDispose]()
  const path = join(directory, 'audit-00000001.log')
  const lines = (await readFile(path, 'utf8')).split('\n')
  const head = JSON.parse(lines.find(line => line.startsWith('{"kind":"Head"')) ?? '{}')
  return { directory, path, lines, signedHead: { sequence: Number(head.sequence), digest: Buffer.from(String(head.digest), 'hex') } }
}

const all = (): boolean => true

test('verifyChain() accepts what the server writes, and returns the wanted events with their batches', async () => {
  const { directory, signedHead } = await log()
  const report = await verifyChain(directory, { publicKey: auditKey, signedHead }, id => id !== 'w1')
  assert.deepEqual(report.problems, [])
  assert.deepEqual(
    report.events.map(({ auditID }) => auditID),
    ['w0', 'w2'],
  )
  assert.deepEqual(
    [report.count, report.signedUpTo, [...report.batches]],
    [
      3,
      3,
      [
        ['w0', 1],
        ['w2', 3],
      ],
    ],
  )
})

const sealAt = (lines: readonly string[], nth: number): number =>
  lines.map((line, at) => (line.startsWith('{"kind":"Seal"') ? at : -1)).filter(at => at >= 0)[nth] ?? -1

const changes: readonly { readonly name: string; readonly change: (lines: string[]) => string[]; readonly problem: RegExp }[] = [
  {
    name: 'a changed record',
    change: lines => lines.map(line => line.replace('"w1"', '"x1"')),
    problem: /lines of this batch were changed/,
  },
  {
    name: 'a removed record',
    change: lines => lines.filter(line => !line.includes('"w1"')),
    problem: /the batch has 0 lines, sealed were 1/,
  },
  {
    name: 'a removed batch',
    change: lines => lines.filter((line, at) => !line.includes('"w1"') && at !== sealAt(lines, 1)),
    problem: /batch 3 where batch 2 is due[\s\S]*does not continue/,
  },
  {
    name: 'a cut end',
    change: lines => [...lines.slice(0, sealAt(lines, 1) + 1), ''],
    problem: /the signer signed batch 3, which is not in the log/,
  },
  {
    name: 'another signature',
    change: lines => lines.map(line => line.replace(/"signature":"..../, '"signature":"AAAA')),
    problem: /the signature is invalid/,
  },
  { name: 'a foreign line', change: lines => ['{"hello":1}', ...lines], problem: /neither an event nor a seal/ },
]
for (const { name, change, problem } of changes) {
  test(`verifyChain() finds ${name}`, async () => {
    const { directory, path, lines, signedHead } = await log()
    await writeFile(path, change(lines).join('\n'))
    const { problems } = await verifyChain(directory, { publicKey: auditKey, signedHead }, all)
    assert.match(problems.join('\n'), problem)
  })
}

test('verifyChain() finds a missing file', async () => {
  const { directory, path, signedHead } = await log()
  await rename(path, join(directory, 'audit-00000002.log'))
  await writeFile(join(directory, 'audit-00000004.log'), '')
  const { problems } = await verifyChain(directory, { publicKey: auditKey, signedHead }, all)
  assert.match(problems.join('\n'), /audit-00000004\.log follows file 2/)
})
