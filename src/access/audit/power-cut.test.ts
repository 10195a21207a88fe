// The newest batch after a power cut: any combination of its pages may be on disk.
import assert from 'node:assert/strict'
import { open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { recordSyncs } from '../../base/testing/record-syncs.testing.ts'
import { auditKey, event, names, openLog, parent, threeBatches } from './audit-log.testing.ts'
import { verifyAuditLog } from './verify-log.testing.ts'

/** `last` is the offset of the last of the three batches. */
async function cutBatches() {
  const log = await threeBatches()
  return { ...log, last: log.text.lastIndexOf('\n', log.text.indexOf('"auditID":"w2"')) + 1 }
}

const torn: { name: string; tear: (batch: string) => string; left: readonly string[] }[] = [
  { name: 'its record as zeros', tear: batch => batch.replace(/.*\n/, line => '\0'.repeat(line.length)), left: [] },
  { name: 'zeros within its record', tear: batch => batch.replace('"auditID":"w2"', '\0'.repeat(14)), left: [] },
  { name: 'an older record in its place', tear: batch => batch.replace('"w2"', '"wx"'), left: ['wx'] },
  { name: 'its record and half of its seal', tear: batch => batch.slice(0, -80), left: ['w2'] },
  { name: 'its record and zeros for its seal', tear: batch => batch.replace(/(?<=\n).*\n$/, end => '\0'.repeat(end.length)), left: ['w2'] },
  { name: 'zeros only', tear: batch => '\0'.repeat(batch.length), left: [] },
]
for (const { name, tear, left } of torn) {
  test(`AuditLog continues after batches if a power cut left ${name} before one of them`, async () => {
    const { directory, path, text, last } = await cutBatches()
    const changed = text.slice(0, last) + tear(text.slice(last))
    assert.notEqual(changed, text)
    await writeFile(path, changed)
    const log = await openLog(directory)
    await log.record(event('create', 'w3'))
    await log[Symbol.asyncDispose]()
    const report = await verifyAuditLog(directory, { auditKey })
    assert.deepEqual(report.problems, [])
    assert.deepEqual(names(report.events), ['w0', 'w1', ...left, 'w3'])
  })
}

test('AuditLog.open() leaves a changed batch that was signed as it is, and does not go on', async () => {
  const { directory, path, text } = await cutBatches()
  const [digest = ''] = text.match(/(?<="digest":")[0-9a-f]{64}(?="}\n$)/) ?? []
  const changed = text.replace('"w2"', '"wx"')
  await writeFile(path, changed)
  await assert.rejects(openLog(directory, { signedHead: { sequence: 3, digest: Buffer.from(digest, 'hex') } }), /records are lost/)
  assert.equal(await readFile(path, 'utf8'), changed)
})

test('AuditLog continues with a new file if a power cut left its first batch without its record', async () => {
  const { directory, text, last } = await cutBatches()
  const path = join(directory, 'audit-00000002.log')
  await writeFile(path, text.slice(last).replace('"w2"', '"wx"'))
  await writeFile(join(directory, 'audit-00000001.log'), text.slice(0, last))
  await (await openLog(directory))[Symbol.asyncDispose]()
  const report = await verifyAuditLog(directory, { auditKey })
  assert.deepEqual([report.problems, names(report.events)], [[], ['w0', 'w1', 'wx']])
})

test('AuditLog.open() writes lines that it seals again, since they may not be on disk, and syncs the names of folder and file', async t => {
  const { directory, path, text, last } = await cutBatches()
  const end = text.lastIndexOf('\n', text.length - 2) + 1
  await writeFile(path, text.slice(0, end))
  const synced = await recordSyncs(t, path)
  const probe = await open('/dev/null')
  const handle: { write(bytes: Buffer, from: number, length: number, at: number): Promise<unknown> } = Object.getPrototypeOf(probe)
  const writes = t.mock.method(handle, 'write')
  await (await openLog(directory))[Symbol.asyncDispose]()
  await probe.close()
  assert.equal(writes.mock.calls[0]?.arguments[3], last)
  assert.deepEqual(
    synced.map(one => one.path),
    [directory, parent],
  )
})
