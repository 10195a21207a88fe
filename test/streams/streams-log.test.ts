// A container's log over a WebSocket, through everything that it passes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limit, messagesOf, podPath, refusedSocket, StreamsServer } from './streams-server.ts'

/** A server whose pod has a running container, and whose node sends `pieces` of its log. */
async function logging(pieces: readonly string[]): Promise<StreamsServer> {
  const streams = await StreamsServer.start()
  const pod = (await streams.server.api.get(podPath)).json
  const status = { containerStatuses: [{ name: 'c', state: { running: {} } }] }
  await streams.server.api.request('PUT', `${podPath}/status`, { ...pod, status })
  streams.agent.serve = stream => {
    stream.respond({ ':status': 200 })
    for (const piece of pieces) stream.write(piece)
    stream.end()
  }
  return streams
}

for (const [offered, chosen, first, read] of [
  [['binary.k8s.io'], 'binary.k8s.io', '', (messages: string[]) => messages.join('')],
  [['base64.binary.k8s.io'], 'base64.binary.k8s.io', '', (messages: string[]) => messages.map(atob).join('')],
  [[], '', '', (messages: string[]) => messages.join('')],
] as const) {
  test(
    `a log comes over a WebSocket of ${chosen || 'no protocol'}, behind an empty message, and ends with a normal closure`,
    limit,
    async () => {
      await using streams = await logging(['container is ', 'alive\n'])
      const socket = await streams.webSocket('log?container=c', [...offered])
      assert.equal(socket.protocol, chosen)
      const { code, messages } = await messagesOf(socket)
      assert.deepEqual([code, messages[0], read(messages)], [1000, first, 'container is alive\n'])
    },
  )
}

test('a log over a WebSocket of an unknown protocol is refused, and so is one of a waiting container', limit, async () => {
  await using streams = await logging(['x'])
  assert.equal((await refusedSocket(streams.webSocket('log?container=c', ['v4.channel.k8s.io']))).status, 400)
  const { status, body } = await refusedSocket(streams.webSocket('log?container=c&previous=true', ['binary.k8s.io']))
  assert.equal(status, 400)
  assert.match(JSON.parse(body).message, /^previous terminated container "c" in pod "p" not found$/)
})
