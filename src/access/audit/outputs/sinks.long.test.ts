import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import { systemClock } from '../../../base/clock.ts'
import { until } from '../../../base/testing/wait-until.testing.ts'
import { event, keysOf, names, newDirectory, openLog } from '../audit-log.testing.ts'
import type { AuditLogOptions } from '../audit-log.ts'
import { verifyAuditLog } from '../verify-log.testing.ts'
import { AuditOutputs } from './audit-outputs.ts'
import type { SinkSettings } from './audit-outputs-settings.ts'
import { serveHttps, testCertificate, textOf } from './outputs.testing.ts'
import { maxMessageBytes, syslogFrame } from './syslog.ts'

const certificate = await testCertificate()

/** A log that sends to this sink. */
async function sendingLog(directory: string, sink: SinkSettings, more: Partial<AuditLogOptions> = {}) {
  let outputs: AuditOutputs | undefined
  const log = await openLog(directory, {
    ...more,
    onCheckpoint: () => outputs?.wake(log.place),
    neededFile: () => outputs?.needs ?? Number.POSITIVE_INFINITY,
  })
  const { logKey } = await keysOf(directory)
  const opened = await AuditOutputs.open({
    settings: { witnesses: [], sinks: [sink] },
    directory,
    logKey,
    alarms: log.alarms,
    clock: systemClock,
  })
  outputs = opened
  opened.wake(log.place)
  return {
    log,
    async [Symbol.asyncDispose]() {
      await opened[Symbol.asyncDispose]()
      await log[Symbol.asyncDispose]()
    },
  }
}

for (const kind of ['webhook', 'otlp'] as const) {
  test(`a ${kind} sink gets every record once, in order, goes on after a failure and a restart, and says when it takes none`, async () => {
    const directory = newDirectory()
    const got: string[] = []
    let status = 200
    await using server = await serveHttps(certificate, (request, response) => {
      void textOf(request).then(text => {
        if (status === 200) got.push(...(text.match(/(?<=\\?"auditID\\?":\\?")[^"\\]+/g) ?? []))
        if (request.headers.authorization !== 'Bearer t') status = 401
        response.writeHead(status).end('no')
      })
    })
    const sink: SinkSettings = { name: 'siem', kind, endpoint: { url: server.url, authorities: certificate.ca, token: 't' } }
    {
      await using sending = await sendingLog(directory, sink, { maxFileBytes: 3000 })
      for (let at = 0; at < 12; at++) await sending.log.record(event('create', `w${at}`))
      await until(() => got.includes('w11'), 'all records')
      status = 500
      await sending.log.record(event('create', 'later'))
      await until(() => sending.log.alarms.active.some(({ name }) => name === 'sink siem'), 'an alarm')
      assert.match(sending.log.alarms.active[0]?.message ?? '', /it takes no records: the answer was 500: no/)
      status = 200
      await until(() => sending.log.alarms.active.length === 0, 'no alarm')
      await until(() => got.includes('later'), 'the last record')
    }
    {
      await using sending = await sendingLog(directory, sink)
      await sending.log.record(event('create', 'restarted'))
      await until(() => got.includes('restarted'), 'a record after the restart')
    }
    assert.deepEqual(got, [...Array.from({ length: 12 }, (_, at) => `w${at}`), 'later', 'restarted'])
    assert.ok(JSON.parse(await readFile(join(directory, 'sink-siem.json'), 'utf8')).bytes > 0)
    assert.deepEqual((await verifyAuditLog(directory, await keysOf(directory))).problems, [])
  })
}

test('a sink whose certificate is not valid gets nothing', async () => {
  const directory = newDirectory()
  let asked = 0
  await using server = await serveHttps(certificate, (_request, response) => void response.writeHead(asked++ < 0 ? 500 : 200).end())
  const other = await testCertificate()
  await using sending = await sendingLog(directory, {
    name: 's',
    kind: 'webhook',
    endpoint: { url: server.url, authorities: other.ca, token: undefined },
  })
  await sending.log.record(event('create', 'w'))
  await until(() => sending.log.alarms.active.length > 0, 'an alarm')
  assert.match(sending.log.alarms.active[0]?.message ?? '', /it takes no records: .*(self.signed|verify|certificate)/)
  assert.equal(asked, 0)
})

test('a syslog sink gets frames of RFC 5425 over TLS', async () => {
  const directory = newDirectory()
  let bytes = Buffer.alloc(0)
  const server = createTlsServer({ cert: certificate.cert, key: certificate.key }, socket => {
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
    })
    socket.on('error', () => undefined)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  {
    await using sending = await sendingLog(directory, { name: 'log', kind: 'syslog', host: 'localhost', port, authorities: certificate.ca })
    for (const id of ['a', 'b']) await sending.log.record(event('create', id, { userAgent: 'é' }))
    await until(() => bytes.includes('"auditID":"b"'), 'both records')
  }
  server.close()
  const messages: string[] = []
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(' ', at)
    const end = space + 1 + Number(bytes.toString('latin1', at, space))
    messages.push(bytes.toString('utf8', space + 1, end))
    at = end
  }
  assert.ok(messages.every(message => /^<110>1 \S+ \S+ bulkhead - audit - \{"kind":/.test(message)))
  assert.deepEqual(
    messages.flatMap(message => /"auditID":"(\w)"/.exec(message)?.[1] ?? []),
    ['a', 'b'],
  )
})

test('syslogFrame() cuts a line that no receiver takes', () => {
  const frame = syslogFrame(Buffer.alloc(2 * maxMessageBytes, 'x'), 'h')
  assert.equal(frame.length, maxMessageBytes + String(maxMessageBytes).length + 1)
})

test('files that a sink still needs stay, and writes are refused when it is too far behind', async () => {
  const directory = newDirectory()
  const away: SinkSettings = {
    name: 'away',
    kind: 'webhook',
    endpoint: { url: 'https://127.0.0.1:9', authorities: undefined, token: undefined },
  }
  await using sending = await sendingLog(directory, away, { maxFileBytes: 500, maxFiles: 2 })
  for (let at = 0; at < 22; at++) await sending.log.record(event('create', `w${at}`))
  assert.equal(sending.log.refusal(), undefined)
  for (let at = 22; at < 30; at++) await sending.log.record(event('create', `w${at}`))
  assert.equal(sending.log.refusal()?.message, 'a sink of the audit log is too far behind')
  await until(() => sending.log.signedSize > 60, 'a checkpoint')
  assert.equal(names((await verifyAuditLog(directory)).events).length, 30)
})
