import assert from 'node:assert/strict'
import { copyFile, readdir, readFile, rename, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { event, newDirectory, openLog as open } from './audit-log.testing.ts'

const tampering: readonly { readonly name: string; readonly tamper: (file: string) => Promise<unknown> }[] = [
  { name: 'removed', tamper: file => rm(file) },
  { name: 'cut', tamper: file => truncate(file, 10) },
  { name: 'emptied', tamper: file => truncate(file) },
  { name: 'moved away', tamper: file => rename(file, `${file}.away`) },
  { name: 'replaced by a copy', tamper: file => copyFile(file, `${file}.copy`).then(() => rename(`${file}.copy`, file)) },
]
for (const { name, tamper } of tampering) {
  test(`AuditLog answers no write if its file was ${name} while it was written, and refuses later ones`, async () => {
    const directory = newDirectory()
    const log = await open(directory)
    await log.record(event('create', 'before'))
    const [file = ''] = await readdir(directory)
    await tamper(join(directory, file))
    const after = await readFile(join(directory, file), 'utf8').catch(() => '')
    await assert.rejects(
      Promise.resolve(log.record(event('create', 'after'))),
      /^AuditFailure: the audit log was removed or cut while it was written$/,
    )
    assert.match(String(log.refusal()?.cause), /LogTampered: The audit log ".*audit-00000001\.log" was (removed|cut|moved or replaced)/)
    await log[Symbol.asyncDispose]()
    // The file is left as it was found.
    assert.equal(await readFile(join(directory, file), 'utf8').catch(() => ''), after)
  })
}
