// The newest batch after a power cut: any combination of its pages may be on disk.
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { recordSyncs } from '../../base/testing/record-syncs.testing.ts'
import { event, keysOf, names, newDirectory, openLog, parent, threeWrites } from './audit-log.testing.ts'
import { verifyAuditLog } from './verify-log.testing.ts'

/** Two writes, and a third that was not signed: `last` is where it begins. */
async function cutLog() {
  const directory = newDirectory()
  const log = await openLog(directory)
  for (const id of ['w0', 'w1']) await log.record(event('create', id))
  await log[Symbol.asyncDispose]()
  const path = join(directory, 'audit-00000001.log')
  const last = (await readFile(path, 'utf8')).length
  const further = await openLog(directory, { signer: undefined })
  await further.record(event('create', 'w2'))
  await further[Symbol.asyncDispose]()
  return { directory, path, last, text: await readFile(path, 'utf8') }
}

const torn: { name: string; tear: (batch: string) => string; left: readonly string[] }[] = [
  { name: 'its record as zeros', tear: batch => batch.replace(/.*\n/, line => '\0'.repeat(line.length)), left: [] },
  { name: 'zeros within its record', tear: batch => batch.replace('"auditID":"w2"', '\0'.repeat(14)), left: [] },
  { name: 'an older record in its place', tear: batch => batch.replace('"w2"', '"wx"'), left: ['wx'] },
  { name: 'half of its record', tear: batch => batch.slice(0, -80), left: [] },
  { name: 'zeros only', tear: batch => '\0'.repeat(batch.length), left: [] },
]
for (const { name, tear, left } of torn) {
  test(`AuditLog continues after batches if a power cut left ${name} before one of them`, async () => {
    const { directory, path, text, last } = await cutLog()
    const changed = text.slice(0, last) + tear(text.slice(last))
    assert.notEqual(changed, text)
    await writeFile(path, changed)
    const log = await openLog(directory)
    await log.record(event('create', 'w3'))
    await log[Symbol.asyncDispose]()
    const report = await verifyAuditLog(directory, await keysOf(directory))
    assert.deepEqual(report.problems, [])
    assert.deepEqual(names(report.events), ['w0', 'w1', ...left, 'w3'])
  })
}

test('AuditLog.open() leaves a changed record that was signed as it is, and does not go on', async () => {
  const { directory, path, text } = await threeWrites()
  const changed = text.replace('"w2"', '"wx"')
  await writeFile(path, changed)
  await assert.rejects(openLog(directory), /records were changed: the first 5 are not those that were signed/)
  assert.equal(await readFile(path, 'utf8'), changed)
})

for (const [name, left] of [
  ['nothing', ''],
  ['zeros', '\0'.repeat(500)],
  ['half of its first line', '{"kind":"Segment","apiVers'],
] as const) {
  test(`AuditLog continues with a new file of which a power cut left ${name}`, async () => {
    const { directory } = await threeWrites()
    await writeFile(join(directory, 'audit-00000002.log'), left, { mode: 0o600 })
    const log = await openLog(directory)
    await log.record(event('create', 'w3'))
    await log[Symbol.asyncDispose]()
    const report = await verifyAuditLog(directory, await keysOf(directory))
    assert.deepEqual([report.problems, names(report.events), report.files], [[], ['w0', 'w1', 'w2', 'w3'], 2])
  })
}

test('AuditLog.open() syncs the names of folder and file', async t => {
  const { directory, path } = await cutLog()
  const synced = await recordSyncs(t, path)
  await (await openLog(directory))[Symbol.asyncDispose]()
  const paths = synced.map(one => one.path)
  for (const wanted of [directory, parent]) assert.ok(paths.includes(wanted), wanted)
})
