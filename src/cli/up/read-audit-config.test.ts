import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { UserError } from '../../base/user-error.ts'
import { auditOutputsOf } from './read-audit-config.ts'

const folder = mkdtempSync(join(tmpdir(), 'audit-config-'))
after(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'audit.yaml')
const read = (body: string) => {
  writeFileSync(file, `apiVersion: audit.bulkhead.dev/v1\nkind: AuditConfiguration\n${body}`)
  return auditOutputsOf({ auditConfigFile: file })
}
const recipient = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p'

test('auditOutputsOf() reads epochs, witnesses, sinks and readers', async () => {
  const token = join(folder, 'token')
  writeFileSync(token, 'abc\n')
  const settings = await read(`epoch: 10m
witnesses: [{ name: usb, file: /mnt/usb/w }]
sinks:
- { name: siem, webhook: { url: 'https://siem.example/in', tokenFile: ${token} } }
- { name: log, syslog: { host: logs.example } }
- { name: otel, otlp: { url: 'https://otel.example/v1/logs' } }
seal: [{ namespaces: [a], recipients: [${recipient}] }]
`)
  assert.deepEqual(settings?.epochMs, 600_000)
  assert.deepEqual(settings?.witnesses, [{ name: 'usb', file: '/mnt/usb/w' }])
  assert.deepEqual(
    settings?.sinks.map(sink => [sink.name, sink.kind]),
    [
      ['siem', 'webhook'],
      ['log', 'syslog'],
      ['otel', 'otlp'],
    ],
  )
  assert.equal(settings?.seal[0]?.recipients[0]?.length, 44)
  assert.equal(await auditOutputsOf({ auditConfigFile: undefined }), undefined)
})

const wrong: readonly (readonly [name: string, body: string, problem: RegExp])[] = [
  ['an unknown field', 'sink: []', /unknown field "sink"/],
  ['a short epoch', 'epoch: 1ms', /epoch must be a duration from 1s to 168h/],
  ['an epoch without a unit', 'epoch: 5', /epoch must be a duration/],
  ['a witness without a key', 'witnesses: [{ name: w, url: "https://w" }]', /witnesses\[0\]\.key must be a text/],
  [
    'a witness with a key of another type',
    'witnesses: [{ name: w, url: "https://w", key: PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW }]',
    /for cosignatures/,
  ],
  ['a file witness with an address', 'witnesses: [{ name: w, file: /x, url: "https://w" }]', /unknown field "url"/],
  ['plain http', 'sinks: [{ name: s, webhook: { url: "http://x" } }]', /must be an https:\/\/ address/],
  ['two kinds', 'sinks: [{ name: s, webhook: {}, otlp: {} }]', /one of webhook, otlp and syslog/],
  ['a bad name', 'sinks: [{ name: ../x, syslog: { host: h } }]', /name must have 1 to 63/],
  ['a name twice', 'sinks: [{ name: s, syslog: { host: h } }, { name: s, syslog: { host: h } }]', /sinks must have different names/],
  ['a bad port', 'sinks: [{ name: s, syslog: { host: h, port: 0 } }]', /port must be 1 to 65535/],
  ['a missing file', 'sinks: [{ name: s, syslog: { host: h, caFile: /none } }]', /none/],
  ['no recipients', 'seal: [{ namespaces: [a] }]', /recipients must be 1 to 16/],
  ['a bad recipient', 'seal: [{ recipients: [age1x] }]', /is no X25519 key of age/],
  ['too many sinks', `sinks: [${'{},'.repeat(17)}]`, /at most 16 are read/],
]
for (const [name, body, problem] of wrong) {
  test(`auditOutputsOf() refuses ${name}`, async () => {
    await assert.rejects(read(body), (err: Error) => err instanceof UserError && problem.test(err.message))
  })
}
