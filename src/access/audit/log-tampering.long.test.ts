import assert from 'node:assert/strict'
import { writeSync } from 'node:fs'
import { appendFile, copyFile, open as openFile, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { until } from '../../base/testing/wait-until.testing.ts'
import { event, newDirectory, openLog as open } from './audit-log.testing.ts'

async function writeInto(file: string): Promise<void> {
  const handle = await openFile(file, 'r+')
  await handle.write('x', 300)
  await handle.close()
}

const tampering: readonly { readonly name: string; readonly tamper: (file: string) => Promise<unknown> }[] = [
  { name: 'removed', tamper: file => rm(file) },
  { name: 'cut', tamper: file => truncate(file, 10) },
  { name: 'written into', tamper: file => writeInto(file) },
  { name: 'appended to', tamper: file => appendFile(file, '{}\n') },
  { name: 'emptied', tamper: file => truncate(file) },
  { name: 'moved away', tamper: file => rename(file, `${file}.away`) },
  { name: 'replaced by a copy', tamper: file => copyFile(file, `${file}.copy`).then(() => rename(`${file}.copy`, file)) },
]
for (const { name, tamper } of tampering) {
  test(`AuditLog answers no write if its file was ${name} while it was written, and refuses later ones`, async () => {
    const directory = newDirectory()
    const log = await open(directory)
    await log.record(event('create', 'before'))
    const file = 'audit-00000001.log'
    await tamper(join(directory, file))
    const after = await readFile(join(directory, file), 'utf8').catch(() => '')
    await assert.rejects(
      Promise.resolve(log.record(event('create', 'after'))),
      /^AuditFailure: the audit log was removed or cut while it was written$/,
    )
    assert.match(
      String(log.refusal()?.cause),
      /LogTampered: The audit log ".*audit-00000001\.log" (was (removed|cut|moved or replaced|changed)|got 3 bytes from another program)/,
    )
    await log[Symbol.asyncDispose]()
    // The file is left as it was found.
    assert.equal(await readFile(join(directory, file), 'utf8').catch(() => ''), after)
  })
}

test('AuditLog raises an alarm and refuses writes if its file was written into at the moment of a write', async () => {
  const directory = newDirectory()
  await using log = await open(directory)
  await log.record(event('create', 'before'))
  const file = await openFile(join(directory, 'audit-00000001.log'), 'r+')
  const recorded = log.record(event('create', 'at that moment'))
  // The batch is with the kernel now, which gives the file the time of that write after this one.
  await new Promise(resolve => setImmediate(resolve))
  writeSync(file.fd, 'x', 300)
  await file.close()
  await recorded
  await until(() => log.alarms.active.some(({ message }) => message.endsWith('was changed while it was written')), 'an alarm')
  await assert.rejects(Promise.resolve(log.record(event('create', 'after'))), /^AuditFailure/)
})

const others: readonly { readonly name: string; readonly file: string; readonly tamper: (path: string) => Promise<unknown> }[] = [
  { name: 'a full log file', file: 'audit-00000001.log', tamper: path => appendFile(path, '\n') },
  { name: 'the epochs', file: 'epochs', tamper: path => rm(path) },
  { name: 'a tile', file: 'tlog/tile/0/000', tamper: path => writeFile(path, Buffer.alloc(8192)) },
  { name: 'the entries', file: 'tlog/tile/entries/000', tamper: path => truncate(path, 34) },
]
for (const { name, file, tamper } of others) {
  test(`AuditLog raises an alarm within two seconds if ${name} was changed while it was written`, async () => {
    const directory = newDirectory()
    await using log = await open(directory, { maxFileBytes: 50_000 })
    for (let at = 0; at < 300; at++) void log.record(event('get', `r${at}`))
    await log.record(event('create', 'w'))
    await until(() => log.signedSize > 300, 'a checkpoint')
    await log.record(event('create', 'v'))
    await new Promise(resolve => setTimeout(resolve, 1200))
    assert.equal(log.alarms.active.map(({ message }) => message).join(), '')
    await tamper(join(directory, file))
    await until(() => log.alarms.active.length > 0, 'an alarm')
    assert.match(log.alarms.active[0]?.message ?? '', /of the audit log was (changed|removed) by another program/)
    await log.alarms.written()
    const { alarms } = JSON.parse(await readFile(join(directory, 'alarms.json'), 'utf8'))
    assert.equal(alarms[0].name, 'tampering')
  })
}
