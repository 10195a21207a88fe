import assert from 'node:assert/strict'
import { createServer as createHttp2Server } from 'node:http2'
import { connect, createServer, type Server as NetServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { Server, ServerCredentials, type sendUnaryData } from '@grpc/grpc-js'
import { grpcProbe } from './grpc-probe.ts'

type Answer = (request: Buffer) => Buffer | { code: number; details: string } | undefined

/** Writes raw bytes, so that the probe's own encoding is tested too. Undefined means no answer. */
async function serve(t: TestContext, answer: Answer, path = '/grpc.health.v1.Health/Check'): Promise<number> {
  const server = new Server()
  const raw = (bytes: Buffer) => bytes
  server.addService(
    { Check: { path, requestStream: false, responseStream: false, ...codecs(raw) } },
    {
      Check: ({ request }: { request: Buffer }, done: sendUnaryData<Buffer>) => {
        const said = answer(request)
        if (Buffer.isBuffer(said)) done(null, said)
        else if (said !== undefined) done(said)
      },
    },
  )
  t.after(() => server.forceShutdown())
  return await new Promise((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (err, port) => (err ? reject(err) : resolve(port))),
  )
}

function listen(server: Pick<NetServer, 'listen' | 'address'>): Promise<number> {
  return new Promise(resolve =>
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : 0)
    }),
  )
}

const codecs = (raw: (bytes: Buffer) => Buffer) => ({
  requestSerialize: raw,
  requestDeserialize: raw,
  responseSerialize: raw,
  responseDeserialize: raw,
})

const probe = (port: number, service = '', timeoutSeconds = 60) =>
  grpcProbe({ host: '127.0.0.1', port, service, timeoutSeconds }, new AbortController().signal)

const failure = (output: string) => ({ result: 'failure', output })

const answers: [name: string, answer: ReturnType<Answer>, output: string][] = [
  ['no field is UNKNOWN', Buffer.alloc(0), 'service unhealthy (responded with "UNKNOWN")'],
  ['2 is NOT_SERVING', Buffer.from([8, 2]), 'service unhealthy (responded with "NOT_SERVING")'],
  ['3 is SERVICE_UNKNOWN', Buffer.from([8, 3]), 'service unhealthy (responded with "SERVICE_UNKNOWN")'],
  ['a number without a name stays one', Buffer.from([8, 0xac, 2]), 'service unhealthy (responded with "300")'],
  [
    'an unknown service',
    { code: 5, details: 'unknown service' },
    'error: health rpc probe failed: rpc error: code = NotFound desc = unknown service',
  ],
  ['a refusal', { code: 16, details: 'who?' }, 'error: health rpc probe failed: rpc error: code = Unauthenticated desc = who?'],
]

for (const [name, answer, output] of answers) {
  test(`grpcProbe() fails with the kubelet's text: ${name}`, async t => {
    assert.deepEqual(await probe(await serve(t, () => answer)), failure(output))
  })
}

test('grpcProbe() succeeds on SERVING, whatever other fields the answer has', async t => {
  const port = await serve(t, () => Buffer.from([0x12, 1, 0x41, 8, 1]))
  assert.deepEqual(await probe(port), { result: 'success', output: 'service healthy' })
})

test('grpcProbe() sends the service as field 1, long names too', async t => {
  const seen: Buffer[] = []
  const port = await serve(t, request => {
    seen.push(request)
    return Buffer.from([8, 1])
  })
  await probe(port)
  await probe(port, 'a.B')
  await probe(port, 'x'.repeat(300))
  assert.deepEqual(seen, [
    Buffer.alloc(0),
    Buffer.from([0x0a, 3, ...Buffer.from('a.B')]),
    Buffer.from([0x0a, 0xac, 2, ...Buffer.from('x'.repeat(300))]),
  ])
})

test('grpcProbe() distinguishes a server without the health protocol from one that does not answer', async t => {
  const { output } = await probe(await serve(t, () => undefined, '/other.Service/Check'))
  assert.match(output, /^error: this server does not implement the grpc health protocol \(grpc\.health\.v1\.Health\): /)
  // Asked within the limit, however slow the machine: the test decides when the limit passes.
  const limit = new AbortController()
  const limits = t.mock.method(AbortSignal, 'timeout', () => limit.signal)
  const asked = Promise.withResolvers<undefined>()
  const silent = probe(await serve(t, () => void asked.resolve(undefined)), '', 1)
  await asked.promise
  limit.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'))
  assert.deepEqual(await silent, failure('timeout: health rpc did not complete within 1s'))
  assert.deepEqual(limits.mock.calls[0]?.arguments, [1000])
})

test('grpcProbe() waits for the limit if nothing listens or no gRPC answers, and leaves no connection open', async () => {
  const silent = createServer(socket => socket.resume())
  const rude = createServer(socket => socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  const closed = createServer()
  const ports = await Promise.all([silent, rude, closed].map(listen))
  const end = (server: NetServer) => new Promise(resolve => server.close(resolve))
  await end(closed)
  const outcomes = await Promise.all(ports.map(port => probe(port, '', 1)))
  assert.deepEqual(
    outcomes,
    ports.map(port => failure(`timeout: failed to connect service "127.0.0.1:${port}" within 1s: context deadline exceeded`)),
  )
  // These servers end when their last connection has ended.
  await Promise.all([end(silent), end(rude)])
})

test('grpcProbe() retries if the first connection breaks', async t => {
  const port = await serve(t, () => Buffer.from([8, 1]))
  let connections = 0
  const late = createServer(socket => {
    if (connections++ === 0) return socket.destroy()
    const behind = connect({ host: '127.0.0.1', port })
    socket.pipe(behind).pipe(socket)
    socket.once('close', () => behind.destroy())
  })
  t.after(() => late.close())
  assert.equal((await probe(await listen(late))).result, 'success')
  assert.equal(connections, 2)
})

test('grpcProbe() rejects an endless answer and a malformed message', async t => {
  const endless = await probe(await serve(t, () => Buffer.alloc(1 << 20)))
  assert.match(endless.output, /code = ResourceExhausted desc = grpc: received message larger than max/)
  const broken = await probe(await serve(t, () => Buffer.from([0x0a, 0xff])))
  assert.match(broken.output, /code = Internal desc = grpc: failed to unmarshal the received message/)
})

test('grpcProbe() reports the answer of an HTTP/2 server that is no gRPC server', async t => {
  const server = createHttp2Server()
  server.on('stream', stream => {
    stream.respond({ ':status': 404, 'content-type': 'text/html' })
    stream.end('no')
  })
  t.after(() => server.close())
  assert.deepEqual(
    await probe(await listen(server)),
    failure(
      'error: this server does not implement the grpc health protocol (grpc.health.v1.Health): unexpected HTTP status code received from ' +
        'server: 404 (Not Found); transport: received unexpected content-type "text/html"',
    ),
  )
})

test('grpcProbe() rejects with the signal’s reason, before and during the call', async t => {
  const port = await serve(t, () => undefined)
  const stop = new AbortController()
  const options = { host: '127.0.0.1', port, service: '', timeoutSeconds: 60 }
  const running = grpcProbe(options, stop.signal)
  stop.abort(new Error('over'))
  await assert.rejects(running, /^Error: over$/)
  await assert.rejects(grpcProbe(options, stop.signal), /^Error: over$/)
})
