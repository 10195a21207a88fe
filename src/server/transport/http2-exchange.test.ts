import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientHttp2Session, connect, constants, createServer, type ServerHttp2Stream, type Settings } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { silentLogger } from '../../base/log.ts'
import type { BodyStream, FinalReply } from './exchange.ts'
import { Http2Request, sendHttp2 } from './http2-exchange.ts'
import { RequestRounds } from './request-rounds.ts'
import { UnreadAnswers } from './unread-answers.ts'

/** Answers each request with the body; `served` resolves with what a request came as, and when its answer is over. */
async function setUp(body: FinalReply['body'], settings?: Settings) {
  const served = Promise.withResolvers<{ stream: ServerHttp2Stream; request: Http2Request; over: Promise<void> }>()
  const server = createServer()
  const rounds = new RequestRounds()
  const unread = new UnreadAnswers()
  const outcomes: { bytes: number; cut: boolean }[] = []
  server.on('stream', (stream, headers, _flags, rawHeaders) => {
    const request = new Http2Request(stream, headers, rawHeaders, { remoteAddress: '127.0.0.1' }, rounds)
    const reply: FinalReply = {
      status: 200,
      contentType: 'application/json',
      body,
      auditId: 'a',
      warnings: [],
      done: outcome => outcomes.push(outcome),
    }
    served.resolve({ stream, request, over: sendHttp2(stream, request, reply, unread, silentLogger) })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, settings === undefined ? {} : { settings })
  return {
    client,
    outcomes,
    served: served.promise,
    async [Symbol.asyncDispose]() {
      client.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

const untilGone: BodyStream = (_sink, signal) => new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))

const ends: readonly [name: string, end: (client: ClientHttp2Session, code: number) => void][] = [
  ['a reset stream', () => undefined],
  ['a lost connection', client => client.destroy()],
]

for (const [name, end] of ends) {
  for (const code of [constants.NGHTTP2_CANCEL, constants.NGHTTP2_NO_ERROR]) {
    test(`an answer that goes on hears of ${name} (code ${code}) though nothing of it waits to be sent`, async () => {
      await using exchange = await setUp(untilGone)
      const answer = exchange.client.request({ ':path': '/' })
      await once(answer, 'response')
      const { stream, request, over } = await exchange.served
      answer.on('error', () => undefined)
      const closed = once(stream, 'close')
      answer.close(code)
      end(exchange.client, code)
      await closed
      assert.equal(request.signal.aborted, true)
      await over
    })
  }
}

test('an answer that was sent whole is not ended by the close of its stream', async () => {
  await using exchange = await setUp(async sink => {
    sink.write(Buffer.from('{}'))
  })
  const answer = exchange.client.request({ ':path': '/' })
  answer.resume()
  const { stream, request } = await exchange.served
  assert.equal(request.signal.aborted, false)
  await once(stream, 'close')
  assert.equal(request.signal.aborted, false)
})

test('a large answer is done when it is read, so that what waits to be read is bounded by the seats that there are', async () => {
  await using exchange = await setUp(Buffer.alloc(1_000_000, 'x'), { initialWindowSize: 0 })
  const answer = exchange.client.request({ ':path': '/' })
  const [headers] = await once(answer, 'response')
  assert.equal(headers['content-length'], '1000000')
  const { over } = await exchange.served
  assert.deepEqual(exchange.outcomes, [])
  exchange.client.settings({ initialWindowSize: 65_535 })
  assert.equal((await buffer(answer)).length, 1_000_000)
  await over
  assert.deepEqual(exchange.outcomes, [{ bytes: 1_000_000, cut: false }])
})

test('a large answer whose reader goes away is cut', async () => {
  await using exchange = await setUp(Buffer.alloc(1_000_000, 'x'), { initialWindowSize: 0 })
  const answer = exchange.client.request({ ':path': '/' })
  answer.on('error', () => undefined)
  await once(answer, 'response')
  const { over } = await exchange.served
  answer.close(constants.NGHTTP2_CANCEL)
  await over
  assert.equal(exchange.outcomes[0]?.cut, true)
})
