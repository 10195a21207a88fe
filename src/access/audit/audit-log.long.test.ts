import assert from 'node:assert/strict'
import { appendFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { constants } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { until } from '../../base/testing/wait-until.testing.ts'
import { checkpointSignerOf } from '../../cluster/audit-signer.ts'
import { eventLine } from './audit-event.ts'
import { auditFailure } from './audit-failure.ts'
import { event, keysOf, names, newDirectory, openLog as open, signerOf, threeWrites } from './audit-log.testing.ts'
import { type FoundEvent, findEvent } from './find-event.ts'
import { hasRecords, LogFiles } from './log-files.ts'
import { verifyAuditLog } from './verify-log.testing.ts'

test('eventLine() is the JSON of the event', () => {
  const full = event('create', 'a', {
    impersonatedUser: { username: 'bob', uid: '1', groups: [] },
    objectRef: { resource: 'pods', apiGroup: 'x', namespace: 'n', name: 'm', apiVersion: 'v1', subresource: 'log' },
    responseStatus: {
      status: 'Failure',
      reason: 'Forbidden',
      message: 'no "x"',
      details: { name: 'm', causes: [{ field: 'f' }] },
      code: 403,
    },
  })
  const { responseStatus, ...rest } = full
  const expected = { kind: 'Event', apiVersion: 'audit.k8s.io/v1', ...rest, responseStatus: { metadata: {}, ...responseStatus } }
  assert.deepEqual(JSON.parse(eventLine(full)), expected)
  const { userAgent: _agent, objectRef: _object, annotations: _annotations, ...small } = event('get', 'a')
  assert.deepEqual(JSON.parse(eventLine(small)).verb, 'get')
})

test('AuditLog has each write on disk when it is answered, in a whole tree, readable by its owner only', async () => {
  const directory = newDirectory()
  await using log = await open(directory)
  await Promise.all(Array.from({ length: 500 }, (_, i) => log.record(event('create', `w${i}`))))
  const report = await verifyAuditLog(directory)
  assert.deepEqual(report.problems, [])
  assert.deepEqual(
    names(report.events),
    Array.from({ length: 500 }, (_, i) => `w${i}`),
  )
  assert.equal((await stat(directory)).mode & 0o777, 0o700)
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true }))
    assert.equal((await stat(join(entry.parentPath, entry.name))).mode & 0o777, entry.isDirectory() ? 0o700 : 0o600, entry.name)
})

test('AuditLog buffers reads, leaves out health checks, and signs its end when it closes', async () => {
  const directory = newDirectory()
  const log = await open(directory)
  assert.equal(log.record(event('get', 'r')), undefined)
  const { objectRef: _object, ...health } = event('get', 'h', { requestURI: '/livez?verbose' })
  assert.equal(log.record(health), undefined)
  await log.record(event('delete', 'w'))
  await log[Symbol.asyncDispose]()
  const report = await verifyAuditLog(directory, await keysOf(directory))
  assert.deepEqual(report.problems, [])
  assert.deepEqual(names(report.events), ['r', 'w'])
  assert.deepEqual([report.size, report.signedSize], [4, 4])
})

test('AuditLog closes if the signer does not sign its end, and continues after it', async () => {
  const directory = newDirectory()
  const errors: string[] = []
  const log = { ...silentLogger, error: (message: string) => errors.push(message) }
  const signer = await checkpointSignerOf(signerOf(directory), new AbortController().signal)
  const first = await open(directory, { log, signer: { ...signer, sign: () => Promise.reject(new Error('the signer is away')) } })
  await first.record(event('create', 'a'))
  await first[Symbol.asyncDispose]()
  assert.deepEqual(errors, ['end of the audit log not signed'])
  const second = await open(directory)
  await second.record(event('create', 'b'))
  await second[Symbol.asyncDispose]()
  const { problems, size, signedSize } = await verifyAuditLog(directory, await keysOf(directory))
  assert.deepEqual([problems, size, signedSize], [[], 4, 4])
})

test('AuditLog continues its tree over restarts and files', async () => {
  const directory = newDirectory()
  for (let run = 0; run < 3; run++) {
    await using log = await open(directory, { maxFileBytes: 2000 })
    for (let i = 0; i < 5; i++) await log.record(event('create', `${run}-${i}`))
  }
  assert.ok((await readdir(directory)).length > 3)
  const report = await verifyAuditLog(directory, await keysOf(directory))
  assert.deepEqual(report.problems, [])
  assert.equal(report.events.length, 15)
  assert.equal(report.signedSize, report.size)
})

test('hasRecords() recognizes a log with records, even if its newest file is empty', async () => {
  const directory = newDirectory()
  assert.equal(await hasRecords(directory), false)
  await using log = await open(directory)
  assert.equal(await hasRecords(directory), false)
  await log.record(event('create', 'a'))
  await writeFile(join(directory, 'audit-00000002.log'), '')
  assert.equal(await hasRecords(directory), true)
})

test('AuditLog keeps the configured number of files, and the rest still verifies', async () => {
  const directory = newDirectory()
  const log = await open(directory, { maxFileBytes: 1000, maxFiles: 2 })
  for (let i = 0; i < 12; i++) await log.record(event('create', `${i}`))
  await until(async () => (await readdir(directory)).filter(name => name.endsWith('.log')).length <= 3, 'old files are gone')
  await log[Symbol.asyncDispose]()
  const report = await verifyAuditLog(directory, await keysOf(directory))
  assert.deepEqual([report.problems, report.signedSize], [[], report.size])
  assert.ok(report.first > 0)
})

test('AuditLog continues the files of a killed run, and drops a truncated line', async () => {
  const directory = newDirectory()
  // It stays open and writes nothing more, like a killed process.
  await using killed = await open(directory, { signer: undefined })
  await killed.record(event('create', 'a'))
  const path = join(directory, 'audit-00000001.log')
  await appendFile(path, `${eventLine(event('create', 'b'))}{"kind":"Ev`)
  await using log = await open(directory)
  await log.record(event('create', 'c'))
  const report = await verifyAuditLog(directory)
  assert.deepEqual(report.problems, [])
  assert.deepEqual(names(report.events), ['a', 'b', 'c'])
})

const idOf = (found: FoundEvent | undefined) => (found === 'sealed' ? found : found?.auditID)
const losses: { name: string; lose: (text: string) => string; problem: RegExp }[] = [
  {
    name: 'an emptied log',
    lose: () => '',
    problem: /records are lost: the log ends with record 0, and (record 5 of it was|the \w+ signed 5)/,
  },
  {
    name: 'an end that was cut off',
    lose: text => text.slice(0, text.lastIndexOf('{"kind":"Event"')),
    problem: /records are lost: the log ends with record 4, and (record 5 of it was|the \w+ signed 5)/,
  },
  { name: 'a changed record', lose: text => text.replace('"w1"', '"x1"'), problem: /the first 5 (records )?are not those that/ },
]
for (const { name, lose, problem } of losses) {
  test(`AuditLog.open() does not go on with ${name}, and verifyAuditLog() finds it`, async () => {
    const { directory, path, text } = await threeWrites()
    assert.deepEqual((await verifyAuditLog(directory, await keysOf(directory))).problems, [])
    await (await open(directory))[Symbol.asyncDispose]()
    await writeFile(path, lose(text))
    await assert.rejects(open(directory), problem)
    assert.match((await verifyAuditLog(directory, await keysOf(directory))).problems.join('\n'), problem)
  })
}

test('AuditLog.open() does not go on with a log of an older release', async () => {
  const directory = newDirectory()
  await mkdir(directory)
  await writeFile(join(directory, 'audit-00000001.log'), `${eventLine(event('create', 'a'))}{"kind":"Seal"}\n`, { mode: 0o600 })
  await assert.rejects(open(directory), /it was written by an older release, whose logs this one does not continue/)
})

/** A clock that does not advance, with sleeps that the test ends. */
function stoppedClock() {
  const sleeps: { readonly ms: number; wake(): void }[] = []
  const clock = {
    time: 0,
    now: () => clock.time,
    monotonic: () => clock.time,
    sleep: (ms: number, signal?: AbortSignal) =>
      new Promise<void>((wake, reject) => {
        sleeps.push({ ms, wake })
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
      }),
  }
  /** Ends sleeps of that length until the condition holds. */
  const wakeUntil = (ms: number, holds: () => boolean, what: string) =>
    until(() => {
      for (const due of sleeps.splice(0).filter(sleep => sleep.ms === ms || !sleeps.push(sleep))) due.wake()
      return holds()
    }, what)
  return { clock, wakeUntil }
}

test('AuditLog refuses writes while the disk is full, keeps all records, and tries again by itself until there is room', async t => {
  const directory = newDirectory()
  const { clock, wakeUntil } = stoppedClock()
  await using log = await open(directory, { clock })
  await log.record(event('create', 'before'))
  const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC', errno: -constants.errno.ENOSPC })
  const append = t.mock.method(LogFiles.prototype, 'append', () => Promise.reject(full))
  const noRoom = { name: 'AuditFailure', message: 'no space is left for the audit log', cause: full }
  await assert.rejects(Promise.resolve(log.record(event('create', 'unanswered'))), noRoom)
  assert.equal(log.refusal()?.message, noRoom.message)
  assert.equal(log.record(event('get', 'read')), undefined)
  // Admitted before the disk was full, recorded afterwards.
  await assert.rejects(Promise.resolve(log.record(event('create', 'decided'))), noRoom)
  assert.equal(append.mock.callCount(), 1)
  await wakeUntil(1000, () => append.mock.callCount() === 2, 'a second attempt')
  assert.equal(log.refusal()?.message, noRoom.message)
  append.mock.restore()
  await wakeUntil(1000, () => log.refusal() === undefined, 'an attempt that succeeds')
  await log.record(event('create', 'after'))
  const report = await verifyAuditLog(directory)
  assert.deepEqual(report.problems, [])
  assert.deepEqual(names(report.events), ['before', 'unanswered', 'read', 'decided', 'after'])
})

const { ENOSPC, EDQUOT, EIO, EROFS, EPERM } = constants.errno
for (const [errno, message] of [
  [ENOSPC, 'no space is left for the audit log'],
  [EDQUOT, 'the quota of the audit log is used up'],
  [EIO, 'the disk under the audit log fails'],
  [EROFS, 'the disk under the audit log is read-only'],
  [EPERM, 'the audit log cannot be written'],
] as const) {
  test(`auditFailure() of error ${errno} says that ${message}`, () => {
    assert.equal(auditFailure(Object.assign(new Error('x'), { errno: -errno })).message, message)
  })
}

test('AuditLog retries pending records when it closes, and counts lost ones', async t => {
  for (const stays of [false, true]) {
    const directory = newDirectory()
    const lost: unknown[] = []
    const log = { ...silentLogger, error: (_text: string, values?: object) => lost.push(values) }
    const audit = await open(directory, { log, clock: stoppedClock().clock, signer: undefined })
    const full = Object.assign(new Error('EROFS'), { code: 'EROFS' })
    const append = t.mock.method(LogFiles.prototype, 'append', () => Promise.reject(full))
    await assert.rejects(Promise.resolve(audit.record(event('create', 'a'))), /the audit log cannot be written/)
    if (!stays) append.mock.restore()
    await audit[Symbol.asyncDispose]()
    append.mock.restore()
    assert.deepEqual(names((await verifyAuditLog(directory)).events), stays ? [] : ['a'])
    assert.deepEqual(lost.at(-1), stays ? { events: 1 } : { file: join(directory, 'audit-00000001.log'), err: full })
  }
})

test('AuditLog refuses writes while a sync hangs, and records those admitted before when it continues', async t => {
  const directory = newDirectory()
  const { clock, wakeUntil } = stoppedClock()
  await using log = await open(directory, { clock })
  const held = Promise.withResolvers<void>()
  const append = t.mock.method(LogFiles.prototype, 'append', () => held.promise)
  const answered = log.record(event('create', 'slow'))
  await until(() => append.mock.callCount() === 1, 'the sync')
  assert.equal(log.refusal(), undefined)
  clock.time = 5000
  await wakeUntil(5000, () => log.refusal() !== undefined, 'a refusal')
  assert.equal(log.refusal()?.message, 'the disk under the audit log does not answer')
  const decided = log.record(event('create', 'decided'))
  held.resolve()
  await Promise.all([answered, decided])
  assert.equal(log.refusal(), undefined)
})

test('AuditLog answers a recorded write although no next file can be created, records it once, and creates that file later', async () => {
  const directory = newDirectory()
  const clock = { time: 0, now: () => clock.time, monotonic: () => clock.time, sleep: systemClock.sleep }
  await using log = await open(directory, { clock, maxFileBytes: 100 })
  const inTheWay = join(directory, 'audit-00000002.log')
  await mkdir(inTheWay)
  await log.record(event('create', 'a'))
  await log.record(event('create', 'b'))
  assert.equal(log.refusal(), undefined)
  await rm(inTheWay, { recursive: true })
  clock.time = 1000
  await log.record(event('create', 'c'))
  await log.record(event('create', 'd'))
  assert.ok((await stat(inTheWay)).isFile())
  const report = await verifyAuditLog(directory)
  assert.deepEqual(report.problems, [])
  assert.deepEqual(names(report.events), ['a', 'b', 'c', 'd'])
})

test('LogFiles.append() leaves nothing of a batch that failed, and that could not be cut off at once, behind a shorter one', async t => {
  const directory = newDirectory()
  const files = await LogFiles.open(directory, 5, { number: 1, bytes: 0 })
  await files.append(Buffer.from('a\n'))
  const probe = await import('node:fs/promises').then(fs => fs.open(join(directory, 'probe'), 'w'))
  const handle: {
    write(...args: unknown[]): Promise<{ bytesWritten: number }>
    truncate(length: number): Promise<void>
  } = Object.getPrototypeOf(probe)
  const write = handle.write
  let parts = 0
  const writing = t.mock.method(handle, 'write', function (this: unknown, bytes: unknown, from: unknown, _length: unknown, at: unknown) {
    return parts++ === 0 ? write.call(this, bytes, from, 6, at) : Promise.reject(new Error('EIO'))
  })
  const cutting = t.mock.method(handle, 'truncate', () => Promise.reject(new Error('EROFS')))
  await assert.rejects(files.append(Buffer.from('bbbbbbbb\n')), /EIO/)
  writing.mock.restore()
  await assert.rejects(files.append(Buffer.from('lost\n')), /EROFS/)
  cutting.mock.restore()
  await files.append(Buffer.from('c\n'))
  await files.close()
  await probe.close()
  assert.equal(await readFile(join(directory, 'audit-00000001.log'), 'utf8'), 'a\nc\n')
})

test('LogFiles.append() leaves nothing of a batch that failed', async t => {
  const directory = newDirectory()
  const files = await LogFiles.open(directory, 5, { number: 1, bytes: 0 })
  await files.append(Buffer.from('a\n'))
  const probe = await import('node:fs/promises').then(fs => fs.open(join(directory, 'probe'), 'w'))
  const handle: { write(...args: unknown[]): Promise<{ bytesWritten: number }> } = Object.getPrototypeOf(probe)
  const write = handle.write
  // The first half reaches the disk, the second does not.
  let halves = 0
  const mocked = t.mock.method(handle, 'write', function (this: unknown, bytes: unknown, from: unknown, _length: unknown, at: unknown) {
    return halves++ === 0 ? write.call(this, bytes, from, 2, at) : Promise.reject(new Error('EIO'))
  })
  await assert.rejects(files.append(Buffer.from('bbb\n')), /EIO/)
  assert.equal(halves, 2)
  mocked.mock.restore()
  await files.append(Buffer.from('c\n'))
  await files.close()
  await probe.close()
  assert.equal(await readFile(join(directory, 'audit-00000001.log'), 'utf8'), 'a\nc\n')
})

test('AuditLog holds at most 20,000 records of reads in memory, and a write is recorded all the same', async () => {
  const directory = newDirectory()
  {
    await using log = await open(directory)
    for (let at = 0; at < 20_100; at++) void log.record(event('get', `r${at}`))
    await log.record(event('create', 'w'))
  }
  const files = (await readdir(directory)).filter(name => name.endsWith('.log'))
  const texts = await Promise.all(files.map(name => readFile(join(directory, name), 'utf8')))
  const records = texts.join('').split('\n')
  assert.equal(records.filter(line => line.includes('"verb":"get"')).length, 20_000)
  assert.equal(records.filter(line => line.includes('"verb":"create"')).length, 1)
})

test('AuditLog.find() finds an event among pending ones, in the newest file and in older ones, and no other', async () => {
  const directory = newDirectory()
  const signal = new AbortController().signal
  await using log = await open(directory, { maxFileBytes: 2000 })
  for (let at = 0; at < 12; at++) await log.record(event('create', `w${at}`))
  void log.record(event('get', 'waiting'))
  assert.ok((await readdir(directory)).length > 3)
  for (const id of ['w0', 'w5', 'w11', 'waiting']) assert.deepEqual(idOf(await log.find(id, signal)), id)
  assert.equal(await log.find('w', signal), undefined)
})

test('findEvent() reads no more than it may, and finds an event across the border of two chunks', async () => {
  const directory = newDirectory()
  await mkdir(directory)
  const signal = new AbortController().signal
  const chunk = 1 << 20
  // The id crosses the border of two chunks, which are read from the end.
  const line = eventLine(event('create', 'wanted'))
  const behind = chunk - (line.length - line.indexOf('wanted') - 3)
  const padding = (length: number) => `${'x'.repeat(length - 1)}\n`
  await writeFile(join(directory, 'audit-00000001.log'), padding(chunk) + line + padding(behind))
  assert.equal(idOf(await findEvent('wanted', { directory, maxBytes: 4 * chunk, signal })), 'wanted')
  assert.equal(await findEvent('wanted', { directory, maxBytes: chunk, signal }), undefined)
})

test('findEvent() takes no text of a client for an event', async () => {
  const directory = newDirectory()
  const signal = new AbortController().signal
  await using log = await open(directory)
  await log.record(event('create', 'real', { userAgent: '"auditID":"forged"', requestURI: '/x?"auditID":"forged"' }))
  assert.equal(await log.find('forged', signal), undefined)
})

test('AuditLog.find() is not led to another event by a body that has the id of the wanted one', async () => {
  const signal = new AbortController().signal
  await using log = await open(newDirectory())
  await log.record(event('create', 'wanted'))
  const about = { responseObject: { auditID: 'wanted' } }
  await log.record(event('create', 'about', about))
  void log.record(event('get', 'waiting', about))
  for (const id of ['wanted', 'about', 'waiting']) assert.equal(idOf(await log.find(id, signal)), id)
})

test('AuditLog.open() makes tiles again that are gone, from the files before if it must, and names those that were changed', async () => {
  const directory = newDirectory()
  const first = await open(directory, { maxFileBytes: 60_000 })
  for (let at = 0; at < 300; at++) void first.record(event('get', `r${at}`))
  await first.record(event('create', 'w'))
  await first[Symbol.asyncDispose]()
  await rm(join(directory, 'tlog'), { recursive: true })
  const second = await open(directory)
  assert.deepEqual(second.alarms.active, [])
  await second.record(event('create', 'x'))
  await second[Symbol.asyncDispose]()
  assert.deepEqual((await verifyAuditLog(directory, await keysOf(directory))).problems, [])
  const tile = join(directory, 'tlog', 'tile', '0', '000')
  await writeFile(tile, Buffer.alloc(8192))
  await rm(join(directory, 'tlog', 'tile', 'entries'), { recursive: true })
  const third = await open(directory)
  assert.match(third.alarms.active[0]?.message ?? '', /tiles were changed while the server did not run: .*tile\/0\/000/)
  await third[Symbol.asyncDispose]()
  assert.deepEqual((await verifyAuditLog(directory, await keysOf(directory))).problems, [])
})
