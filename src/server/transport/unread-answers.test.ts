import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientHttp2Stream, connect, createServer, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { UnreadAnswers } from './unread-answers.ts'

/** Each request is answered through one `UnreadAnswers`. With `isShut` the client has no window for bodies. */
async function connection(isShut: boolean, refusal = false) {
  const unread = new UnreadAnswers()
  const streams: ServerHttp2Stream[] = []
  const server = createServer()
  server.on('stream', stream => {
    streams.push(stream)
    stream.on('error', () => undefined)
    // As the server does; whoever has read a request to its end closes its stream with the answer.
    stream.resume()
    stream.respond({ ':status': 200 })
    unread.end(stream, Buffer.from('{}'), refusal)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    settings: { initialWindowSize: isShut ? 0 : 65_535 },
  })
  client.on('error', () => undefined)
  return {
    client,
    streams,
    unread,
    ask(goesOn = false) {
      const answer = client.request({ ':path': '/', ':method': goesOn ? 'POST' : 'GET' }, { endStream: !goesOn })
      answer.on('error', () => undefined)
      answer.resume()
      return answer
    },
    async [Symbol.asyncDispose]() {
      client.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

/** Whatever went before. */
const closed = (answer: ClientHttp2Stream): Promise<void> =>
  new Promise(resolve => (answer.closed ? resolve() : answer.once('close', resolve)))

test('an answer that is left unread is cut at the second look, and one that is read is not', async t => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  await using shut = await connection(true)
  await using open = await connection(false)
  const read = open.ask()
  await once(read, 'close')
  const left = shut.ask()
  await once(left, 'response')
  t.mock.timers.tick(30_000)
  assert.deepEqual([shut.streams[0]?.destroyed, open.streams[0]?.rstCode], [false, 0])
  const later = shut.ask()
  await once(later, 'response')
  t.mock.timers.tick(30_000)
  await closed(left)
  assert.equal(shut.streams[0]?.destroyed, true)
  // Nothing is cut before it was looked at twice.
  assert.equal(shut.streams[1]?.destroyed, false)
  t.mock.timers.tick(30_000)
  await closed(later)
})

test('an answer that was read is kept no longer, nor cut where its client goes on with the request', async t => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  await using open = await connection(false)
  for (let i = 0; i < 50; i++) await once(open.ask(), 'close')
  // The last one's end may not have come to both sides yet.
  assert.ok(open.unread.size <= 1, `${open.unread.size} of 50`)
  const goingOn = open.ask(true)
  await once(goingOn, 'end')
  const stream = open.streams.at(-1)
  assert.ok(stream)
  if (!stream.writableFinished) await once(stream, 'finish')
  for (let i = 0; i < 3; i++) t.mock.timers.tick(30_000)
  assert.deepEqual([stream.destroyed, open.unread.size], [false, 0])
})

test('a connection that reads none of its refusals is closed, and one that reads hundreds is not', async () => {
  await using shut = await connection(true, true)
  const ended = once(shut.client, 'close')
  for (let i = 0; i < 40; i++) shut.ask()
  await ended
  assert.ok(shut.streams.length > 30)
  await using open = await connection(false, true)
  for (let i = 0; i < 300; i++) await once(open.ask(), 'close')
  assert.equal(open.client.destroyed, false)
  await using other = await connection(true)
  const answers = Array.from({ length: 40 }, () => once(other.ask(), 'response'))
  await Promise.all(answers)
  assert.equal(other.client.destroyed, false)
})
