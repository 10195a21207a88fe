import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { silentLogger } from '../../base/log.ts'
import {
  data,
  type Fields,
  get,
  headers,
  opening,
  post,
  reset,
  settings,
  TestConnection,
  windowUpdate,
  withLength,
} from '../http2/connection.testing.ts'
import { maxUnreadRefusals } from '../http2/connection.ts'
import { setting } from '../http2/wire/frames.ts'
import { maxStallMs } from './drained.ts'
import type { BodyStream, FinalReply, Sink } from './exchange.ts'
import { Http2Request, sendHttp2 } from './http2-exchange.ts'
import { RequestRounds } from './request-rounds.ts'

const cancel = 8
const shut = [[setting.initialWindowSize, 0]] as const
const asHead: Fields = [[':method', 'HEAD'], ...get.slice(1)]
const common = 'content-type=application/json cache-control=no-cache, private audit-id=a date=now'

/** Answers each request with the reply, with defaults for missing parts. */
async function setUp(reply: Partial<FinalReply>, values: readonly (readonly [number, number])[] = []) {
  const outcomes: { bytes: number; cut: boolean }[] = []
  const requests: Http2Request[] = []
  /** Streams whose requests were aborted by their client. */
  const ended: number[] = []
  const answers: Promise<void>[] = []
  const rounds = new RequestRounds()
  const connection = await TestConnection.greeted(stream => {
    const request = new Http2Request(stream, { remoteAddress: '127.0.0.1' }, rounds)
    requests.push(request)
    // Like a handler: it gets the end from then on.
    request.signal.addEventListener('abort', () => ended.push(stream.id))
    const whole: FinalReply = {
      status: 200,
      contentType: 'application/json',
      body: Buffer.alloc(0),
      auditId: 'a',
      warnings: [],
      done: outcome => outcomes.push(outcome),
      ...reply,
      headers: { date: 'now', ...reply.headers },
    }
    answers.push(sendHttp2(stream, request, whole, silentLogger))
  }, values)
  return { connection, outcomes, requests, ended, answered: () => Promise.all(answers) }
}

const untilGone: BodyStream = (_sink, signal) => new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))

describe('sendHttp2()', () => {
  const twoBytes = Buffer.from('{}')
  const streamed: BodyStream = async sink => void sink.write(twoBytes)
  const rows: readonly (readonly [name: string, reply: Partial<FinalReply>, fields: Fields, received: readonly string[], bytes: number])[] =
    [
      ['a small body', { body: twoBytes }, get, [`headers 1 :status=200 ${common} content-length=2`, 'data 1 2 end'], 2],
      [
        'parts',
        { body: { parts: [twoBytes, twoBytes], length: 4 } },
        get,
        [`headers 1 :status=200 ${common} content-length=4`, 'data 1 4 end'],
        4,
      ],
      ['no body', {}, get, [`headers 1 :status=200 ${common} end`], 0],
      [
        'a length of its own',
        { body: twoBytes, headers: { 'content-length': '2' } },
        get,
        [`headers 1 :status=200 ${common} content-length=2`, 'data 1 2 end'],
        2,
      ],
      ['HEAD', { body: twoBytes }, asHead, [`headers 1 :status=200 ${common} end`], 2],
      ['a large body for HEAD', { body: Buffer.alloc(100_000) }, asHead, [`headers 1 :status=200 ${common} end`], 100_000],
      ['a stream for HEAD', { body: streamed }, asHead, [`headers 1 :status=200 ${common} end`], 0],
      ...[204, 205, 304].flatMap(
        status =>
          [
            [`${status}`, { status, body: twoBytes }, get, [`headers 1 :status=${status} ${common} end`], 2],
            [`a stream of ${status}`, { status, body: streamed }, get, [`headers 1 :status=${status} ${common} end`], 0],
          ] as const,
      ),
      ['a stream', { body: streamed }, get, [`headers 1 :status=200 ${common}`, 'data 1 2', 'data 1 0 end'], 2],
    ]
  for (const [name, reply, fields, received, bytes] of rows)
    test(`sends ${name}`, async () => {
      const { connection, outcomes, answered } = await setUp(reply)
      assert.deepEqual(await connection.send(headers(1, fields)), received)
      await answered()
      assert.deepEqual(outcomes, [{ bytes, cut: false }])
      assert.equal(connection.streams[0]?.isClosed, true)
    })

  for (const status of [413, 504])
    test(`stops reading a body after a ${status}, also if the response is read late`, async () => {
      for (const values of [[], shut]) {
        const { connection } = await setUp({ status, body: Buffer.from('{}') }, values)
        const received = await connection.send(opening(1))
        if (values === shut) {
          assert.equal(received.length, 1)
          assert.deepEqual(await connection.send(windowUpdate(1, 100)), ['data 1 2 end'])
        } else assert.deepEqual(received.slice(1), ['data 1 2 end', 'reset 1 NO_ERROR'])
      }
    })

  test('is done with a large response when it is read, so that seats limit the waiting bytes', async () => {
    const { connection, outcomes, answered } = await setUp({ body: Buffer.alloc(1_000_000) }, shut)
    assert.match((await connection.send(headers(1)))[0] ?? '', /content-length=1000000$/)
    assert.deepEqual(outcomes, [])
    await connection.send(settings([[setting.initialWindowSize, 900_000]]), windowUpdate(0, 1_000_000))
    assert.deepEqual(outcomes, [])
    await connection.send(windowUpdate(1, 100_000))
    await answered()
    assert.deepEqual(outcomes, [{ bytes: 1_000_000, cut: false }])
    assert.equal(connection.bodies.get(1)?.length, 1_000_000)
  })

  test('cuts a large response if its reader disconnects or reads nothing', async t => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { connection, outcomes, answered } = await setUp({ body: Buffer.alloc(1_000_000) }, shut)
    await connection.send(headers(1), headers(3))
    await connection.send(reset(1, cancel))
    assert.deepEqual(outcomes, [{ bytes: 65_536, cut: true }])
    t.mock.timers.tick(maxStallMs)
    assert.deepEqual(await connection.received(), ['reset 3 INTERNAL_ERROR'])
    await answered()
    assert.deepEqual(outcomes[1], { bytes: 65_536, cut: true })
  })

  test('reports a cut even if the body did not notice it', async () => {
    const gate = Promise.withResolvers<void>()
    const body: BodyStream = async sink => {
      await gate.promise
      sink.write(Buffer.from('x'))
    }
    const { connection, outcomes, answered } = await setUp({ body })
    await connection.send(headers(1))
    await connection.send(reset(1, cancel))
    gate.resolve()
    await answered()
    assert.deepEqual(outcomes, [{ bytes: 1, cut: true }])
  })

  test('resets a response that fails in the middle, and sends nothing to a client that disconnected', async () => {
    const { connection, outcomes, answered } = await setUp({
      body: async sink => {
        sink.write(Buffer.from('half'))
        throw new Error('no more')
      },
    })
    assert.deepEqual((await connection.send(headers(1))).slice(1), ['data 1 4', 'reset 1 INTERNAL_ERROR'])
    await answered()
    assert.deepEqual(outcomes, [{ bytes: 4, cut: true }])
  })

  for (const [name, body] of [
    ['a body', Buffer.from('{}')],
    ['a stream', untilGone],
  ] as const)
    test(`resets a response with ${name} and invalid headers, is done with it, and continues`, async () => {
      const { connection, outcomes, answered } = await setUp({ body, headers: { 'x-bad': 'a\nb' } })
      assert.deepEqual(await connection.send(headers(1)), ['reset 1 INTERNAL_ERROR'])
      await answered()
      assert.deepEqual(outcomes, [{ bytes: 0, cut: true }])
      assert.deepEqual(connection.failures, [])
    })

  test('counts each 401 that is left unread', async () => {
    for (const status of [401, 403]) {
      const { connection } = await setUp({ status, body: Buffer.from('{}') }, shut)
      await connection.send(...Array.from({ length: maxUnreadRefusals + 1 }, (_, i) => headers(2 * i + 1)))
      assert.equal(connection.failures.length, status === 401 ? 1 : 0)
    }
  })

  test('is done with a response to a client that disconnected before', async () => {
    const outcomes: unknown[] = []
    const connection = await TestConnection.greeted()
    await connection.send(headers(1))
    await connection.send(reset(1, cancel))
    const [stream] = connection.streams
    assert.ok(stream)
    const request = new Http2Request(stream, { remoteAddress: '' }, new RequestRounds())
    assert.equal(request.signal.aborted, true)
    const reply = {
      status: 200,
      contentType: '',
      body: untilGone,
      auditId: 'a',
      warnings: [],
      done: (outcome: unknown) => outcomes.push(outcome),
    }
    await sendHttp2(stream, request, reply, silentLogger)
    assert.deepEqual(outcomes, [{ bytes: 0, cut: true }])
  })

  for (const [name, end] of [
    ['a reset', (connection: TestConnection) => connection.send(reset(1, cancel))],
    ['a reset without an error', (connection: TestConnection) => connection.send(reset(1, 0))],
    ['a lost connection', (connection: TestConnection) => connection.socket.destroy()],
  ] as const)
    test(`aborts a running response on ${name}`, async () => {
      const { connection, requests, answered } = await setUp({ body: untilGone })
      await connection.send(headers(1))
      await end(connection)
      await answered()
      assert.equal(requests[0]?.signal.aborted, true)
    })

  test('does not abort a response that was sent completely', async () => {
    for (const body of [Buffer.from('{}'), Buffer.alloc(0), async (sink: Sink) => void sink.write(Buffer.from('{}'))]) {
      const { connection, ended, answered } = await setUp({ body })
      await connection.send(headers(1))
      await answered()
      await connection.received()
      assert.deepEqual([connection.streams[0]?.isAnswered, ended], [true, []])
    }
  })
})

describe('Http2Request', () => {
  const requestOf = async (...frames: Buffer[]) => {
    const connection = await TestConnection.greeted()
    await connection.send(...frames)
    const [stream] = connection.streams
    assert.ok(stream)
    return { connection, request: new Http2Request(stream, { remoteAddress: '' }, new RequestRounds()) }
  }
  const expecting = (fields: Fields): Fields => [...fields, ['expect', '100-continue']]

  test('mostBodyBytes is the announced length, without one that of a whole body, and else has no limit', async () => {
    for (const [frames, most] of [
      [[headers(1)], 0],
      [[opening(1, withLength(2))], 2],
      [[opening(1)], Number.POSITIVE_INFINITY],
      [[opening(1), data(1, 'abc', 1)], 3],
    ] as const)
      assert.equal((await requestOf(...frames)).request.mostBodyBytes, most)
  })

  test('body() sends 100 Continue, but not if the body is complete or too long', async () => {
    const { connection, request } = await requestOf(opening(1, expecting(withLength(2))))
    const body = request.body(2)
    assert.deepEqual(await connection.received(), ['headers 1 :status=100'])
    await connection.send(data(1, 'ab', 1))
    assert.equal((await body).toString(), 'ab')
    const large = await requestOf(opening(1, expecting(withLength(3))))
    await assert.rejects(large.request.body(2), /limit is 2/)
    const whole = await requestOf(headers(1, expecting(post)))
    assert.equal((await whole.request.body(2)).length, 0)
    assert.deepEqual([...(await large.connection.received()), ...(await whole.connection.received())], [])
  })

  test('stream() is undefined without a body', async () => {
    assert.equal((await requestOf(headers(1, post))).request.stream(), undefined)
    assert.notEqual((await requestOf(opening(1))).request.stream(), undefined)
    assert.notEqual((await requestOf(opening(1), data(1, 'x', 1))).request.stream(), undefined)
  })

  test('end() aborts the signal, even if it is used later', async () => {
    const { request } = await requestOf(opening(1))
    request.end(new Error('stopped'))
    assert.match(String(request.signal.reason), /stopped/)
    request.end(new Error('again'))
    assert.match(String(request.signal.reason), /stopped/)
  })
})
