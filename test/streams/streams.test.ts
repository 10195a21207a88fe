// The streams of exec: frames, and a command between a WebSocket client and a runtime in this process.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { duplexPair } from 'node:stream'
import { test } from 'node:test'
import fc from 'fast-check'
import { WebSocket, WebSocketServer } from 'ws'
import { translateCommand } from '../../src/server/proxy/streams/remote-command.ts'
import { dataFrame, SpdyReader } from '../../src/server/proxy/streams/spdy-frames.ts'
import { StreamMemory } from '../../src/server/proxy/streams/stream-memory.ts'
import { requestInfo } from '../../src/server/request/request-info.ts'
import { serveResources } from '../../src/server/resource/served-resource.ts'

test('data frames survive any cutting', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 20 }), fc.boolean(), (bytes, cut, fin) => {
      const wire = Buffer.concat([dataFrame(3, Buffer.from(bytes), fin), dataFrame(5, Buffer.from('x'), true)])
      const reader = new SpdyReader()
      const frames = []
      for (let at = 0; at < wire.length; at += cut) frames.push(...reader.push(wire.subarray(at, at + cut)))
      assert.deepEqual(frames, [
        { type: 'data', stream: 3, fin, data: Buffer.from(bytes) },
        { type: 'data', stream: 5, fin: true, data: Buffer.from('x') },
      ])
    }),
  )
})

test('malformed bytes end in an Error', () => {
  assert.throws(() => new SpdyReader().push(Buffer.from('HTTP/1.1 500 No')), Error)
  assert.throws(() => new SpdyReader().push(Buffer.from([0, 0, 0, 1, 0, 4, 0, 1])), /262145 bytes is too long/)
  assert.throws(() => new SpdyReader().push(Buffer.from([0x80, 2, 0, 1, 0, 0, 0, 0])), /version 2/)
  assert.throws(() => new SpdyReader().push(Buffer.from([0x80, 3, 0, 3, 0, 0, 0, 0])), /too short/)
})

test('GET on pods/exec is a create', () => {
  const info = requestInfo('GET', '/api/v1/namespaces/a/pods/b/exec?command=id', serveResources([], undefined as never))
  assert.equal(info.verb, 'create')
})

test('stdin, stdout, the status and the half-close pass', { timeout: 60_000 }, async t => {
  const [node, runtime] = duplexPair()
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'v5.channel.k8s.io' })
  await once(server, 'listening')
  const share = new StreamMemory().open({ name: 'ann' }, 'default')
  server.on('connection', socket => void translateCommand(socket, share, node, { stdin: true, stdout: true, stderr: false, tty: false }))
  const reader = new SpdyReader()
  runtime.on('data', (chunk: Buffer) => {
    for (const frame of reader.push(chunk)) {
      if (frame.type !== 'data' || frame.stream !== 3) continue
      if (frame.data.length > 0) runtime.write(dataFrame(5, frame.data, false))
      if (!frame.fin) continue
      runtime.write(dataFrame(5, Buffer.alloc(0), true))
      runtime.write(dataFrame(1, Buffer.from('{"status":"Success"}'), true))
    }
  })
  const address = server.address()
  assert.ok(address && typeof address === 'object')
  const client = new WebSocket(`ws://127.0.0.1:${address.port}`, ['v5.channel.k8s.io'])
  t.after(() => {
    client.terminate()
    server.close()
  })
  const got: string[] = []
  client.on('message', (data: Buffer) => got.push(`${data[0]}${data.toString('utf8', 1)}`))
  await once(client, 'open')
  client.ping()
  // What was sent before would have come before.
  await once(client, 'pong')
  assert.deepEqual(got, [], 'nothing before the runtime answers')
  client.send(Buffer.from('\0hi'))
  client.send(Buffer.from([255, 0]))
  const [code] = await once(client, 'close')
  assert.deepEqual([code, got], [1000, ['1', '1hi', '3{"status":"Success"}']])
})
