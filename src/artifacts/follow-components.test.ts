import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { externalComponent } from '../api/resources/supply/external-component.ts'
import type { ExternalComponent, ExternalComponentSpec } from '../api/types/supply-v1.ts'
import { UserError } from '../base/user-error.ts'
import { statusOf } from './follow-components.ts'
import { observedKey } from './observed-key.ts'

const [pin, other] = ['a'.repeat(64), 'b'.repeat(64)]
const spec: ExternalComponentSpec = { host: 'db.example.com', port: 5432, spkiSha256: [pin] }
const component: ExternalComponent = { metadata: { name: 'db', namespace: 'shop', generation: 3 }, spec }

test('statusOf() says whether the key is a pinned one, and keeps the time of the last change', () => {
  const { conditions, observedSpkiSha256, checked } = statusOf(component, pin, 0)
  assert.deepEqual([conditions[0]?.status, conditions[0]?.reason, conditions[0]?.observedGeneration], ['True', 'KeyMatches', 3])
  assert.deepEqual([observedSpkiSha256, checked], [pin, '1970-01-01T00:00:00Z'])
  const later = statusOf({ ...component, status: { conditions } }, pin, 60_000)
  assert.equal(later.conditions[0]?.lastTransitionTime, '1970-01-01T00:00:00Z')
  const changed = statusOf({ ...component, status: { conditions } }, other, 60_000)
  assert.deepEqual(
    [changed.conditions[0]?.status, changed.conditions[0]?.reason, changed.conditions[0]?.lastTransitionTime],
    ['False', 'AnotherKey', '1970-01-01T00:01:00Z'],
  )
  assert.match(changed.conditions[0]?.message ?? '', new RegExp(`has the key ${other}, which is not pinned`))
  const silent = statusOf(component, new UserError('x'.repeat(5000)), 0)
  assert.deepEqual(
    [silent.conditions[0]?.status, silent.conditions[0]?.reason, silent.observedSpkiSha256],
    ['Unknown', 'NoAnswer', undefined],
  )
  assert.equal(silent.conditions[0]?.message.length, 1024)
})

test('observedKey() says why there is no key', async () => {
  const server = createServer(socket => {
    socket.on('error', () => socket.destroy())
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
    socket.resume()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  const { signal } = new AbortController()
  const noKey = (err: unknown) => err instanceof UserError && /^no TLS handshake: /.test(err.message)
  await assert.rejects(observedKey({ host: '127.0.0.1', port: address.port }, signal), noKey)
  await new Promise(resolve => server.close(resolve))
  await assert.rejects(observedKey({ host: '127.0.0.1', port: address.port }, signal), noKey)
  const stop = new AbortController()
  stop.abort(new Error('the part stops'))
  await assert.rejects(observedKey({ host: '127.0.0.1', port: address.port }, stop.signal), /the part stops|no TLS handshake/)
})

const rows: readonly (readonly [string, Partial<ExternalComponentSpec>, readonly string[]])[] = [
  ['takes a name, an address and several keys', { host: '2001:db8::1', spkiSha256: [pin, other], serverName: 'db.example.com' }, []],
  ['refuses a host with a port', { host: 'db.example.com:5432' }, ['spec.host']],
  ['refuses a path', { host: '../etc' }, ['spec.host']],
  ['refuses port 0', { port: 0 }, ['spec.port']],
  ['refuses port 65536', { port: 65_536 }, ['spec.port']],
  ['refuses no key', { spkiSha256: [] }, ['spec.spkiSha256']],
  ['refuses too many keys', { spkiSha256: Array.from({ length: 6 }, () => pin) }, ['spec.spkiSha256']],
  ['refuses another form of a hash', { spkiSha256: [pin.toUpperCase()] }, ['spec.spkiSha256[0]']],
  ['refuses another server name', { serverName: 'a b' }, ['spec.serverName']],
  ['refuses a long version', { version: 'x'.repeat(254) }, ['spec.version']],
]
for (const [name, change, expected] of rows)
  test(`ExternalComponent ${name}`, () =>
    assert.deepEqual(
      externalComponent.validate?.({ ...component, spec: { ...spec, ...change } }).map(({ field }) => field),
      expected,
    ))
