import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { test } from 'node:test'
import { until } from '../../../base/testing/wait-until.testing.ts'
import { Datagrams } from './datagrams.ts'
import { leaverScript } from './last-packets.ts'
import { udpPorts } from './matrix.ts'

test('leaverScript() ignores the request to end, and sends to an allowed and to a refused port', () => {
  const script = leaverScript('me', '192.0.2.1')
  assert.match(script, /^trap '' TERM\n/)
  for (const port of [udpPorts.first, udpPorts.beyond]) assert.ok(script.includes(`-r me -l /dev/null 192.0.2.1 ${port}`))
})

test('Datagrams counts by text and port', async () => {
  const port = 40_699
  await using datagrams = await Datagrams.open('127.0.0.1', [port])
  assert.ok(datagrams)
  const socket = createSocket('udp4')
  // A read request of TFTP (RFC 1350, 5).
  for (const name of ['one', 'one', 'two']) socket.send(Buffer.from(`\0\x01${name}\0octet\0`, 'latin1'), port, '127.0.0.1')
  await until(() => datagrams.count('one', port) + datagrams.count('two', port) === 3, 'three datagrams')
  socket.close()
  assert.deepEqual([datagrams.count('one', port), datagrams.count('two', port), datagrams.count('one', 1)], [2, 1, 0])
  assert.equal(datagrams.received('two', port), true)
})
