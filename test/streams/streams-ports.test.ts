// port-forward over the channels of a WebSocket, as the Python and JavaScript clients speak it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SpdyRuntime } from './fake-node-agent.ts'
import { binary, limit, messagesOf, refusedSocket, StreamsServer } from './streams-server.ts'

/** 80 and 443 as their channels begin, the lower byte first. */
const [eighty, tls] = ['P\0', '\xbb\x01']

const negotiations: readonly [string, (channel: number, text: string) => string][] = [
  ['v4.channel.k8s.io', binary],
  ['v4.base64.channel.k8s.io', (channel, text) => `${channel}${btoa(text)}`],
]
for (const [protocol, message] of negotiations) {
  test(
    `port-forward speaks ${protocol}: the ports first, bytes both ways, errors, and a normal closure behind the last port`,
    limit,
    async () => {
      await using streams = await StreamsServer.start()
      streams.agent.serve = stream => {
        stream.respond({ ':status': 200 })
        const runtime = new SpdyRuntime(stream)
        runtime.onData = (name, data) => {
          if (name !== 'data') return
          assert.deepEqual(
            [...runtime.streams],
            Object.entries({ 1: 'error', 3: 'data', 5: 'error', 7: 'data' }).map(([id, type]) => [Number(id), type]),
          )
          runtime.writeOn(3, `answer to ${data.toString()}`, true)
          runtime.writeOn(1, '', true)
          runtime.writeOn(5, 'nothing listens', true)
          runtime.writeOn(7, '', true)
        }
      }
      const socket = await streams.webSocket('portforward?ports=80&ports=443', [protocol])
      assert.equal(socket.protocol, protocol)
      const sent = message(0, 'bytes')
      socket.send(protocol.includes('base64') ? sent : Buffer.from(sent, 'latin1'))
      const wanted = [
        message(0, eighty),
        message(1, eighty),
        message(2, tls),
        message(3, tls),
        message(0, 'answer to bytes'),
        message(3, 'nothing listens'),
      ]
      assert.deepEqual(await messagesOf(socket), { code: 1000, messages: wanted })
    },
  )
}

test('port-forward over channels is refused without ports, before the node is contacted', limit, async () => {
  await using streams = await StreamsServer.start()
  const { status, body } = await refusedSocket(streams.webSocket('portforward', ['v4.channel.k8s.io']))
  assert.deepEqual([status, JSON.parse(body).message], [400, 'query parameter "ports" is required'])
  assert.deepEqual(streams.agent.asked, [])
})

test('port-forward over channels ends with the node', limit, async () => {
  await using streams = await StreamsServer.start()
  streams.agent.serve = stream => {
    stream.respond({ ':status': 200 })
    stream.once('data', () => stream.destroy(new Error('cut')))
  }
  const socket = await streams.webSocket('portforward?ports=80', ['v4.channel.k8s.io'])
  assert.deepEqual(await messagesOf(socket), { code: 1000, messages: [binary(0, eighty), binary(1, eighty)] })
})
