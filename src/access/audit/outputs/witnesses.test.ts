import assert from 'node:assert/strict'
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '../../../base/clock.ts'
import { silentLogger } from '../../../base/log.ts'
import { parseCheckpoint } from '../../../base/tlog/checkpoint.ts'
import { cosignedAt } from '../../../base/tlog/cosignature.ts'
import { formatKey, parseKey, parseNote } from '../../../base/tlog/note.ts'
import { openWitness } from '../../../cli/audit/witness.ts'
import { AuditAlarms } from '../audit-alarms.ts'
import { event, keysOf, newDirectory, openLog } from '../audit-log.testing.ts'
import type { WitnessSettings } from './audit-outputs-settings.ts'
import { serveHttps, type TestHttps, testCertificate } from './outputs.testing.ts'
import { Witnesses, witnessedPath } from './witnesses.ts'

const certificate = await testCertificate()

/** A log, a witness of it over HTTPS, and one by a file; `show` shows the newest checkpoint of a folder to both. */
async function witnessed() {
  const directory = newDirectory()
  const write = async (...ids: string[]) => {
    await using log = await openLog(directory)
    for (const id of ids) await log.record(event('create', id))
  }
  await write('a', 'b')
  const { rootKey, logKey } = await keysOf(directory)
  const keys = `${directory}.pub`
  await writeFile(keys, `${formatKey(rootKey)}\n${formatKey(logKey)}\n`)
  const witness = await openWitness({ dir: `${directory}.witness`, name: 'w.example', key: [keys] })
  const server: TestHttps = await serveHttps(certificate, witness.answer)
  const file = `${directory}.seen`
  const witnesses: WitnessSettings[] = [
    { name: 'remote', key: witness.key, endpoint: { url: server.url, authorities: certificate.ca, token: undefined } },
    { name: 'usb', file },
  ]
  const show = async (folder: string) => {
    const alarms = new AuditAlarms(folder, systemClock, silentLogger)
    await using shown = new Witnesses({ directory: folder, witnesses, logKey, alarms })
    const note = await readFile(join(folder, 'tlog', 'checkpoint'), 'utf8')
    shown.show(note)
    await shown.idle()
    await alarms.written()
    return alarms.active.map(({ name, message }) => `${name}: ${message}`).toSorted()
  }
  return { directory, write, show, key: witness.key, file, server, logKey }
}

test('Witnesses gets cosignatures of checkpoints that continue what was seen, over restarts', async () => {
  const { directory, write, show, key, file, server } = await witnessed()
  await using _server = server
  assert.deepEqual(await show(directory), [])
  assert.deepEqual(await show(directory), [])
  await write('c', 'd', 'e')
  assert.deepEqual(await show(directory), [])
  const note = parseNote(await readFile(witnessedPath(directory), 'utf8'))
  assert.ok((cosignedAt(note, parseKey(key)) ?? 0) > 1_700_000_000)
  assert.deepEqual(parseCheckpoint(parseNote(await readFile(file, 'utf8')).text), parseCheckpoint(note.text))
})

test('Witnesses names a rollback of the whole disk, and a fork, and the file keeps what it saw', async () => {
  const { directory, write, show, file, server, logKey } = await witnessed()
  await using _server = server
  const earlier = `${directory}.earlier`
  await cp(directory, earlier, { recursive: true })
  await write('c')
  assert.deepEqual(await show(directory), [])
  const seen = await readFile(file, 'utf8')
  const rolledBack = await show(earlier)
  assert.match(
    rolledBack.join('\n'),
    /^witness remote: the witness saw 5 records, and the log has 4: it was rolled back\nwitness usb: ".*" saw 5 records, and the log has 4: it was rolled back$/,
  )
  // The same key signs another history, as a thief could make it.
  const { text } = parseNote(seen)
  assert.equal(parseCheckpoint(text).origin, logKey.name)
  assert.equal(await readFile(file, 'utf8'), seen)
  const other = await witnessed()
  await using _other = other.server
  await cp(join(other.directory, 'tlog', 'checkpoint'), join(earlier, 'tlog', 'checkpoint'))
  assert.match((await show(earlier)).join('\n'), /witness remote away: the witness answered 404/)
})

test('Witnesses raises an alarm for a witness that is away, and goes on with the others', async () => {
  const { directory, show, server, file } = await witnessed()
  await server[Symbol.asyncDispose]()
  assert.match((await show(directory)).join('\n'), /^witness remote away: .*ECONNREFUSED/)
  assert.equal((await readFile(file, 'utf8')).length > 0, true)
  await rm(file)
  await writeFile(file, 'nothing\n')
  assert.match((await show(directory)).join('\n'), /witness usb away: This is no signed note/)
})

test('Witnesses raises an alarm if what witnesses signed cannot be kept', async () => {
  const { directory, show, server } = await witnessed()
  await using _server = server
  await mkdir(join(witnessedPath(directory), 'in the way'), { recursive: true })
  assert.match((await show(directory)).join(), /^cosignatures: the signatures of witnesses cannot be kept: /)
})
