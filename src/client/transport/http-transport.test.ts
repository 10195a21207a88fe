import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createSecureServer, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { loadX509 } from '../../base/net/x509.ts'
import { createHttpTransport } from './http-transport.ts'
import type { ApiResponse } from './transport.ts'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

async function selfSigned(
  name: string,
  { ip = '127.0.0.1', notAfter = Date.now() + 86_400_000 } = {},
): Promise<{ cert: string; key: string }> {
  const x509 = await loadX509()
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    notBefore: new Date(notAfter - 2 * 86_400_000),
    notAfter: new Date(notAfter),
    keys,
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(true), new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: ip }])],
  })
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  return { cert: certificate.toString('pem'), key: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n` }
}

let sessions = 0
let handle: (stream: ServerHttp2Stream, path: string) => void = stream => stream.respond({ ':status': 204 }, { endStream: true })
const signal = new AbortController().signal

const { cert: ca, key } = await selfSigned('server')
const server = createSecureServer({ cert: ca, key, minVersion: 'TLSv1.3' })
server.on('session', () => sessions++)
server.on('stream', (stream, headers) => {
  stream.on('error', () => undefined)
  handle(stream, String(headers[':path']))
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`

after(() => server.close())

async function text(response: ApiResponse): Promise<string> {
  let all = ''
  for await (const chunk of response.body) all += chunk.toString()
  return all
}

const reply = (stream: ServerHttp2Stream, body: string) => {
  stream.respond({ ':status': 200 })
  stream.end(body)
}

test('createHttpTransport() sends many requests on one connection', async () => {
  handle = (stream, path) => reply(stream, path)
  const count = sessions
  await using transport = createHttpTransport({ server: url, ca })
  const answers = await Promise.all(['/a', '/b', '/c'].map(async path => text(await transport.request({ method: 'GET', path }, signal))))
  assert.deepEqual(answers, ['/a', '/b', '/c'])
  assert.equal(sessions - count, 1)
})

test('createHttpTransport() refuses a server that its authorities did not sign', async () => {
  handle = stream => reply(stream, 'secret')
  const other = await selfSigned('other')
  await using transport = createHttpTransport({ server: url, ca: other.cert })
  await assert.rejects(transport.request({ method: 'GET', path: '/' }, signal), /self-signed certificate|unable to verify|certificate/)
})

const impostors: readonly [string, object, boolean, RegExp][] = [
  ['of the same name that another authority vouches for', {}, false, /self-signed certificate|unable to verify|certificate/],
  ['of another address', { ip: '192.0.2.1' }, true, /IP: 127\.0\.0\.1 is not in the cert's list/],
  ['whose certificate has expired', { notAfter: Date.now() - 1000 }, true, /certificate has expired/],
]
for (const [what, content, isTrusted, reason] of impostors) {
  test(`CVE-2025-9708: createHttpTransport() refuses a server ${what}`, async t => {
    const own = await selfSigned('server', content)
    const impostor = createSecureServer({ ...own, minVersion: 'TLSv1.3' }, (_request, response) => response.end('secret'))
    impostor.on('sessionError', () => undefined)
    await once(impostor.listen(0, '127.0.0.1'), 'listening')
    t.after(() => impostor.close())
    const { port } = impostor.address() as AddressInfo
    await using transport = createHttpTransport({ server: `https://127.0.0.1:${port}`, ca: isTrusted ? own.cert : ca })
    await assert.rejects(transport.request({ method: 'GET', path: '/' }, signal), reason)
  })
}

test('CVE-2019-11243: createHttpTransport() sends only the credentials that it was created with', async t => {
  const own = await selfSigned('server')
  const seen: unknown[] = []
  const asking = createSecureServer({ ...own, minVersion: 'TLSv1.3', requestCert: true, rejectUnauthorized: false })
  asking.on('stream', (stream, headers) => {
    const socket = stream.session?.socket as TLSSocket | undefined
    seen.push([headers.authorization, headers.cookie, socket?.getPeerCertificate().subject?.CN])
    stream.respond({ ':status': 200, 'set-cookie': 'session=hunter2' }, { endStream: true })
  })
  await once(asking.listen(0, '127.0.0.1'), 'listening')
  t.after(() => asking.close())
  const address = { server: `https://127.0.0.1:${(asking.address() as AddressInfo).port}`, ca: own.cert }
  const ask = async (credentials: object) => {
    await using transport = createHttpTransport({ ...address, ...credentials })
    for (let count = 0; count < 2; count++) await text(await transport.request({ method: 'GET', path: '/' }, signal))
  }
  const ann = await selfSigned('ann')
  await ask({ token: 'hunter2', certificate: ann.cert, key: ann.key })
  await ask({})
  const known = ['Bearer hunter2', undefined, 'ann']
  const nobody = [undefined, undefined, undefined]
  assert.deepEqual(seen, [known, known, nobody, nobody])
})

test('createHttpTransport() refuses a server without TLS', () => {
  assert.throws(() => createHttpTransport({ server: 'http://127.0.0.1:1', ca }), /the scheme must be "https:", got "http:"/)
})

test('createHttpTransport() returns a redirect to its caller', async () => {
  handle = (stream, path) =>
    path === '/' ? stream.respond({ ':status': 302, location: '/elsewhere' }, { endStream: true }) : reply(stream, 'followed')
  await using transport = createHttpTransport({ server: url, ca })
  const response = await transport.request({ method: 'GET', path: '/' }, signal)
  assert.equal(response.status, 302)
  assert.equal(await text(response), '')
})

test('createHttpTransport() aborts an answer that is too large', async () => {
  handle = stream => reply(stream, 'x'.repeat(2000))
  await using transport = createHttpTransport({ server: url, ca, maxResponseBytes: 1000 })
  await assert.rejects(transport.request({ method: 'GET', path: '/' }, signal).then(text), /more than 1000 bytes/)
})

test('createHttpTransport() gives up an unanswered request, but not a stream', async t => {
  const arrived = Promise.withResolvers<void>()
  let finish: () => void = () => undefined
  handle = (stream, path) => {
    if (!path.includes('watch')) return arrived.resolve()
    stream.respond({ ':status': 200 })
    finish = () => stream.end('late')
  }
  await using transport = createHttpTransport({ server: url, ca, timeoutMs: 60 })
  // The test controls time: the limit passes when it says so.
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const stream = await transport.request({ method: 'GET', path: '/pods?watch=true' }, signal)
  const silent = assert.rejects(transport.request({ method: 'GET', path: '/silent' }, signal), /no answer within 60 ms/)
  await arrived.promise
  t.mock.timers.tick(60)
  await silent
  finish()
  assert.equal(await text(stream), 'late')
})

test('createHttpTransport() cancels by signal', async () => {
  const arrived = Promise.withResolvers<void>()
  handle = () => arrived.resolve()
  await using transport = createHttpTransport({ server: url, ca })
  const stop = new AbortController()
  const pending = transport.request({ method: 'GET', path: '/' }, stop.signal)
  await arrived.promise
  stop.abort(new Error('no longer wanted'))
  await assert.rejects(pending, /no longer wanted/)
})

test('createHttpTransport() connects again after the connection broke', async () => {
  handle = stream => reply(stream, 'here')
  await using transport = createHttpTransport({ server: url, ca })
  const closed = Promise.withResolvers<void>()
  server.once('session', session => {
    session.on('close', () => closed.resolve())
    handle = stream => {
      reply(stream, 'here')
      stream.on('close', () => session.destroy())
    }
  })
  assert.equal(await text(await transport.request({ method: 'GET', path: '/' }, signal)), 'here')
  await closed.promise
  handle = stream => reply(stream, 'again')
  assert.equal(await text(await transport.request({ method: 'GET', path: '/' }, signal)), 'again')
})
