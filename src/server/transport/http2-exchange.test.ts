import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientHttp2Session, connect, constants, createServer, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { silentLogger } from '../../base/log.ts'
import type { BodyStream, FinalReply } from './exchange.ts'
import { Http2Request, sendHttp2 } from './http2-exchange.ts'
import { RequestRounds } from './request-rounds.ts'

/** Answers each request with the body; `served` resolves with what a request came as, and when its answer is over. */
async function setUp(body: BodyStream) {
  const served = Promise.withResolvers<{ stream: ServerHttp2Stream; request: Http2Request; over: Promise<void> }>()
  const server = createServer()
  const rounds = new RequestRounds()
  server.on('stream', (stream, headers, _flags, rawHeaders) => {
    const request = new Http2Request(stream, headers, rawHeaders, { remoteAddress: '127.0.0.1' }, rounds)
    const reply: FinalReply = { status: 200, contentType: 'application/json', body, auditId: 'a', warnings: [], done: () => undefined }
    served.resolve({ stream, request, over: sendHttp2(stream, request, reply, silentLogger) })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  return {
    client,
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
