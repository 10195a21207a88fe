import assert from 'node:assert/strict'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readWitnessKey } from '../../api/nodes/witness-call.ts'
import { silentLogger } from '../../base/log.ts'
import { cosignedAt } from '../../base/tlog/cosignature.ts'
import { formatKey, parseNote, parseSignatures } from '../../base/tlog/note.ts'
import { logFileName } from '../../base/tlog/stored-witness.ts'
import { WitnessedLog } from '../../base/tlog/witnessed-log.testing.ts'
import { FakeClock } from '../../client/testing/fake-clock.ts'
import { maxWitnessedLogs, NodeWitness, openNodeWitness } from './node-witness.ts'

const parent = await mkdtemp(join(tmpdir(), 'node-witness-'))
after(() => rm(parent, { recursive: true }))
let count = 0
const newFolder = () => join(parent, String(count++))
const clock = new FakeClock()
const open = (folder: string) => NodeWitness.open({ nodeName: 'n1', folder, clock, log: silentLogger })
const checkpointIn = (folder: string, { key }: WitnessedLog) => readFile(join(folder, `${logFileName(key.name)}.checkpoint`), 'utf8')

test('NodeWitness makes a key that only its user can read, and keeps it', async () => {
  const folder = newFolder()
  const { key } = await open(folder)
  assert.equal(readWitnessKey(key, 'n1')?.name, 'bulkhead.dev/node/n1')
  assert.equal((await stat(join(folder, 'witness.key'))).mode & 0o777, 0o600)
  assert.equal((await stat(folder)).mode & 0o777, 0o700)
  assert.equal((await open(folder)).key, key)
  assert.equal(await readFile(join(folder, 'witness.pub'), 'utf8'), `${key}\n`)
  await writeFile(join(folder, 'witness.key'), 'nothing')
  await assert.rejects(open(folder), /witness\.key": it contains no PEM private key/)
})

test('NodeWitness cosigns what continues the log, with its checkpoint on disk, over restarts', async () => {
  const [folder, log] = [newFolder(), new WitnessedLog()]
  const witness = await open(folder)
  assert.equal((await witness.answer(log.call(0, 2))).status, 200)
  const { status, body, seen } = await (await open(folder)).answer(log.call(2, 4))
  assert.deepEqual([status, seen], [200, undefined])
  const key = readWitnessKey(witness.key, 'n1')
  assert.ok(key)
  assert.equal(cosignedAt({ ...parseNote(log.note(4)), signatures: parseSignatures(body) }, key), clock.now() / 1000)
  assert.equal(await checkpointIn(folder, log), log.note(4))
  assert.equal(
    (await readdir(folder)).some(name => name.endsWith('.new')),
    false,
  )
})

test('NodeWitness refuses a rollback and a fork, shows the checkpoint that it cosigned, and keeps it', async () => {
  const [folder, log] = [newFolder(), new WitnessedLog()]
  await (await open(folder)).answer(log.call(0, 4))
  const witness = await open(folder)
  const fork = new WitnessedLog({ like: log, history: 'other' })
  for (const [call, status] of [
    [log.call(0, 2), 409],
    [log.call(2, 2), 409],
    [fork.call(0, 4), 409],
    [fork.call(4, 4), 409],
    [fork.call(4, 8), 422],
  ] as const) {
    const reply = await witness.answer(call)
    assert.deepEqual([reply.status, reply.seen], [status, log.note(4)])
    assert.equal(await checkpointIn(folder, log), log.note(4))
  }
  assert.equal((await witness.answer(log.call(4, 8))).status, 200)
})

test('NodeWitness has the checkpoint on disk when a kill loses the answer: the server may show it again', async () => {
  const [folder, log] = [newFolder(), new WitnessedLog()]
  void (await (await open(folder)).answer(log.call(0, 4)))
  const again = await open(folder)
  assert.deepEqual(await again.answer(log.call(0, 4)), { status: 409, body: '4\n', seen: log.note(4) })
  assert.equal((await again.answer(log.call(4, 4))).status, 200)
})

test('NodeWitness cosigns nothing that it cannot store', async () => {
  const [folder, log] = [newFolder(), new WitnessedLog()]
  const witness = await open(folder)
  await rm(folder, { recursive: true })
  await assert.rejects(witness.answer(log.call(0, 2)))
  await writeFile(folder, '')
  await assert.rejects(witness.answer(log.call(0, 2)))
})

test('NodeWitness refuses a log that has another key than at first', async () => {
  const [folder, log] = [newFolder(), new WitnessedLog()]
  const witness = await open(folder)
  await witness.answer(log.call(0, 2))
  const stolen = new WitnessedLog()
  const reply = await witness.answer(stolen.call(2, 4))
  assert.equal(reply.status, 403)
  assert.match(reply.body, /it has seen this log with another key: if that log was ended on purpose, remove ".*\.\*" on this node/)
  // Its signature must be by the pinned key also if the call names that one.
  assert.equal((await witness.answer({ ...stolen.call(2, 4), logKey: formatKey(log.key) })).status, 403)
  assert.equal(await checkpointIn(folder, log), log.note(2))
})

test('NodeWitness pins no key for a checkpoint that it did not sign', async () => {
  const [folder, log] = [newFolder(), new WitnessedLog()]
  const witness = await open(folder)
  assert.equal((await witness.answer({ ...log.call(0, 2), logKey: formatKey(new WitnessedLog().key) })).status, 403)
  assert.equal((await witness.answer(log.call(0, 2))).status, 200)
})

test('NodeWitness does not take another log by the same key for a new one until the files of the first are removed', async () => {
  const [folder, log] = [newFolder(), new WitnessedLog()]
  const witness = await open(folder)
  await witness.answer(log.call(0, 4))
  const replaced = new WitnessedLog({ like: log, origin: 'bulkhead.dev/audit/replaced' })
  const reply = await witness.answer(replaced.call(0, 1))
  assert.deepEqual([reply.status, reply.seen], [409, log.note(4)])
  assert.match(reply.body, /its key signed another log, bulkhead\.dev\/audit\/test: if that log was ended on purpose, remove/)
  const own = logFileName(log.key.name)
  for (const name of await readdir(folder)) if (name.startsWith(own)) await rm(join(folder, name))
  assert.equal((await witness.answer(replaced.call(0, 1))).status, 200)
})

test('NodeWitness keeps one checkpoint for each server, and refuses a 17th log until another is forgotten', async () => {
  const folder = newFolder()
  const witness = await open(folder)
  const logs = Array.from({ length: maxWitnessedLogs + 1 }, (_, at) => new WitnessedLog({ origin: `bulkhead.dev/audit/${at}` }))
  const last = logs.pop()
  assert.ok(last)
  for (const log of logs) assert.equal((await witness.answer(log.call(0, 2))).status, 200)
  const reply = await witness.answer(last.call(0, 2))
  assert.equal(reply.status, 403)
  assert.match(reply.body, /it keeps 16 logs already, one of them .*: if that log was ended on purpose, remove "(.*)\.\*" on this node/)
  for (const log of logs) assert.equal((await witness.answer(log.call(2, 4))).status, 200)
  const [, named = ''] = /remove "(.*)\.\*"/.exec(reply.body) ?? []
  await rm(`${named}.key`)
  await rm(`${named}.checkpoint`)
  assert.equal((await witness.answer(last.call(0, 2))).status, 200)
})

test('NodeWitness answers submissions one after the other: of two that fork, it cosigns one', async () => {
  const [folder, log] = [newFolder(), new WitnessedLog()]
  const witness = await open(folder)
  const replies = await Promise.all([
    witness.answer(log.call(0, 4)),
    witness.answer(new WitnessedLog({ like: log, history: 'other' }).call(0, 4)),
  ])
  assert.deepEqual(
    replies.map(({ status }) => status),
    [200, 409],
  )
})

const malformed: readonly { readonly name: string; readonly logKey?: string; readonly submission?: string; readonly status: number }[] = [
  { name: 'a key that is none', logKey: 'x', status: 400 },
  { name: 'a key of cosignatures', logKey: 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW', status: 403 },
  { name: 'no submission', submission: '', status: 400 },
  { name: 'a submission without a checkpoint', submission: 'old 0\n\n', status: 400 },
  { name: 'a submission that is too long', submission: 'x'.repeat(70_000), status: 400 },
]
for (const { name, status, ...parts } of malformed)
  test(`NodeWitness refuses ${name}`, async () => {
    const folder = newFolder()
    const witness = await open(folder)
    assert.equal((await witness.answer({ ...new WitnessedLog().call(0, 2), ...parts })).status, status)
    assert.deepEqual((await readdir(folder)).toSorted(), ['witness.key', 'witness.pub'])
  })

test('NodeWitness cosigns nothing while a file of the log is damaged', async () => {
  const [folder, log] = [newFolder(), new WitnessedLog()]
  const witness = await open(folder)
  await witness.answer(log.call(0, 2))
  const path = join(folder, `${logFileName(log.key.name)}.checkpoint`)
  await chmod(path, 0o600)
  await writeFile(path, 'x')
  await assert.rejects(witness.answer(log.call(2, 4)))
  await assert.rejects(witness.answer(log.call(0, 4)))
})

test('openNodeWitness() lets the node run without a witness if its folder cannot be used', async () => {
  const folder = newFolder()
  const options = { nodeName: 'n1', folder, clock, log: silentLogger }
  assert.ok(await openNodeWitness(options))
  await writeFile(join(folder, 'witness.key'), '')
  assert.equal(await openNodeWitness(options), undefined)
})
