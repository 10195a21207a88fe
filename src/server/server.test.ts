import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { test } from 'node:test'
import { silentLogger } from '../base/log.ts'
import { Listener } from './server.ts'

test('Listener closes a connection beyond its limits before the handshake', async () => {
  const listener = new Listener({
    ...{ host: '127.0.0.1', port: 0, serving: { certificate: '', key: '' }, clientAuthorities: '', log: silentLogger },
    handle: () => Promise.reject(new Error('nobody gets that far')),
    connections: { total: 10, perAddress: 1, perLoopbackAddress: 1 },
  })
  const { port }: AddressInfo = await listener.listen()
  const first = connect(port, '127.0.0.1')
  await once(first, 'connect')
  const beyond = connect(port, '127.0.0.1')
  await once(beyond.resume(), 'close')
  assert.equal(first.destroyed, false)
  first.destroy()
  await listener[Symbol.asyncDispose]()
})
