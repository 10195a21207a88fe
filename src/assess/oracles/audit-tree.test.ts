import assert from 'node:assert/strict'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { event, newDirectory, openLog, signerOf } from '../../access/audit/audit-log.testing.ts'
import { verifyTree } from './audit-tree.ts'

const never = new AbortController().signal
/** Three writes and their signature, as the product writes them. */
async function log() {
  const directory = newDirectory()
  const written = await openLog(directory)
  for (const id of ['w0', 'w1', 'w2']) await written.record(event('create', id))
  await written[Symbol.asyncDispose]()
  const path = join(directory, 'audit-00000001.log')
  return { directory, path, text: await readFile(path, 'utf8'), keys: await signerOf(directory).auditKey(never) }
}

test('verifyTree() accepts what the server writes, and returns the wanted events with their places', async () => {
  const { directory, keys } = await log()
  const report = await verifyTree(directory, keys, id => id !== 'w1')
  assert.deepEqual(report.problems, [])
  assert.deepEqual(
    report.events.map(({ auditID }) => auditID),
    ['w0', 'w2'],
  )
  assert.deepEqual(
    [report.count, report.signedUpTo, [...report.positions]],
    [
      3,
      5,
      [
        ['w0', 3],
        ['w2', 5],
      ],
    ],
  )
})

const changes: readonly { readonly name: string; readonly change: (text: string) => string; readonly problem: RegExp }[] = [
  {
    name: 'a changed record',
    change: text => text.replace('"w1"', '"x1"'),
    problem: /log:5: the lines up to here are not those of the checkpoint/,
  },
  { name: 'a removed record', change: text => text.replace(/.*"w1".*\n/, ''), problem: /the checkpoint has 5 lines, the log has 4/ },
  { name: 'a foreign line', change: text => `hello\n${text}`, problem: /this is no record/ },
  { name: 'another beginning', change: text => text.replace('"first":0', '"first":1'), problem: /does not continue/ },
]
for (const { name, change, problem } of changes) {
  test(`verifyTree() finds ${name}`, async () => {
    const { directory, path, text, keys } = await log()
    assert.notEqual(change(text), text)
    await writeFile(path, change(text))
    assert.match((await verifyTree(directory, keys, () => true)).problems.join('\n'), problem)
  })
}

test('verifyTree() finds a missing file, a forged checkpoint, and other keys', async () => {
  const { directory, path, keys } = await log()
  const problems = async (by = keys) => (await verifyTree(directory, by, () => true)).problems.join('\n')
  const other = await log()
  assert.match(await problems(other.keys), /the certificate of epoch 1 is not signed by the key before it/)
  const checkpoint = join(directory, 'tlog', 'checkpoint')
  const note = await readFile(checkpoint, 'utf8')
  await writeFile(checkpoint, note.replace(/\n5\n/, '\n6\n'))
  assert.match(await problems(), /the checkpoint of 6 lines is not signed/)
  await rm(checkpoint)
  assert.equal((await verifyTree(directory, keys, () => true)).signedUpTo, 0)
  await rename(path, join(directory, 'audit-00000002.log'))
  await writeFile(join(directory, 'audit-00000004.log'), '')
  assert.match(await problems(), /audit-00000004\.log follows file 2/)
})
