import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttp1Server, type Server } from 'node:http'
import { connect, createServer as createHttp2Server, type Http2Server } from 'node:http2'
import type { Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { endWith, joined, writeCorked, writeTo } from './body-parts.ts'

const parts = ['{"items":[', 'x'.repeat(70_000), ',', 'ü', ']}'].map(text => Buffer.from(text))
const body = { parts, length: parts.reduce((sum, part) => sum + part.length, 0) }

async function portOf(server: Server | Http2Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** What a client reads of an answer that `send` has written, by transport. */
const transports: Record<string, (send: (stream: Writable) => void) => Promise<Buffer>> = {
  'HTTP/2': async send => {
    const server = createHttp2Server()
    server.on('stream', stream => {
      stream.respond({ ':status': 200 })
      send(stream)
    })
    const session = connect(`http://127.0.0.1:${await portOf(server)}`)
    const read = await buffer(session.request({ ':path': '/' }))
    session.close()
    server.close()
    return read
  },
  'HTTP/1.1': async send => {
    const server = createHttp1Server((_, response) => send(response))
    const answer = await fetch(`http://127.0.0.1:${await portOf(server)}/`)
    const read = Buffer.from(await answer.arrayBuffer())
    server.closeAllConnections()
    server.close()
    return read
  },
}

for (const [name, read] of Object.entries(transports)) {
  test(`endWith() sends parts and whole bodies over ${name}`, async () => {
    assert.deepEqual(await read(stream => endWith(stream, body)), Buffer.concat(parts))
    assert.deepEqual(await read(stream => endWith(stream, joined(body))), Buffer.concat(parts))
  })

  test(`writeCorked() sends its chunks in order over ${name}, and reports when the reader is behind`, async () => {
    const results: boolean[] = []
    const received = await read(stream => {
      results.push(writeCorked(stream, parts.slice(-1)))
      results.push(writeCorked(stream, parts))
      stream.end()
    })
    assert.deepEqual(received, Buffer.concat([...parts.slice(-1), ...parts]))
    assert.deepEqual(results, [true, false])
  })
}

test('writeTo() joins chunks only for a sink that accepts one at a time', () => {
  const single: Buffer[] = []
  const drained = () => Promise.resolve()
  assert.equal(writeTo({ write: chunk => single.push(chunk) > 1, drained }, parts), false)
  assert.deepEqual(single, [Buffer.concat(parts)])
  const many: Buffer[] = []
  const writeAll = (chunks: readonly Buffer[]) => many.push(...chunks) > 0
  assert.equal(writeTo({ write: () => assert.fail('copied'), writeAll, drained }, parts), true)
  assert.deepEqual(
    many.map((chunk, i) => chunk === parts[i]),
    parts.map(() => true),
  )
})
