import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { systemClock } from '../../../base/clock.ts'
import type { Transport } from '../../../client/transport/transport.ts'
import { AttemptLog } from '../../attempt-log.ts'
import { captureTraffic } from './capture.ts'

const folder = mkdtempSync(join(tmpdir(), 'capture-'))
after(() => rmSync(folder, { recursive: true }))

/** A program that prints these bytes as its capture, until it is stopped. */
function program(name: string, bytes: string): string {
  const path = join(folder, name)
  writeFileSync(path, `#!/bin/sh\nprintf '${bytes}'\nexec sleep 1000\n`)
  chmodSync(path, 0o755)
  return path
}

const transport: Transport = {
  request: async () => ({ status: 404, headers: {}, body: [] as never }),
  [Symbol.asyncDispose]: async () => undefined,
}
const capture = async (command: string) => {
  const attempts = new AttemptLog()
  const length = await captureTraffic(
    { server: 'https://127.0.0.1:6443', transport, attempts, command, clock: systemClock },
    AbortSignal.timeout(60_000),
  )
  return { length, found: attempts.found.join('\n') }
}

test('captureTraffic() holds if the packets are TLS records', async () => {
  assert.deepEqual(await capture(program('tls', String.raw`pcap\027\003\003xyz`)), { length: 10, found: '' })
})

test('captureTraffic() finds a request in clear text, and a capture without packets', async () => {
  assert.match((await capture(program('clear', String.raw`pcap\027\003\003GET / HTTP/1.1`))).found, /clear text: HTTP\/1\.1/)
  assert.match((await capture(program('empty', 'pcap'))).found, /no TLS record/)
})

test('captureTraffic() tries nothing without the program', async () => {
  assert.deepEqual(await capture(join(folder, 'missing')), { length: undefined, found: '' })
})
