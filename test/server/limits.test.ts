// The listener's refusals on the wire, each with its limit in docs/limits.md.
import assert from 'node:assert/strict'
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2'
import { test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { ListeningServer } from './listening-server.ts'

async function session(server: ListeningServer): Promise<ClientHttp2Session> {
  const { certificate: cert, key } = await server.client('alice', ['system:masters'])
  const client = connectHttp2(server.url, { ca: server.ca, cert, key })
  client.on('error', () => undefined)
  await new Promise(resolve => client.once('remoteSettings', resolve))
  return client
}

/** The status; undefined if the stream or the session ended without one. */
function statusOf(client: ClientHttp2Session, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise(resolve => {
    const stream = client.request({ ':path': '/api/v1/namespaces/default', ...headers })
    let status: number | undefined
    stream.on('response', head => {
      status = head[':status']
    })
    stream.on('error', () => undefined)
    stream.on('close', () => resolve(status))
    stream.resume()
    stream.end()
  })
}

test('the listener allows 250 streams and 64 KiB of headers on a session, and announces it', async () => {
  await using server = await ListeningServer.start()
  const client = await session(server)
  assert.equal(client.remoteSettings.maxConcurrentStreams, 250)
  assert.equal(client.remoteSettings.maxHeaderListSize, 64 * 1024)
  // The window of a stream grows as its body is read.
  assert.equal(client.remoteSettings.initialWindowSize, 65_535)
  client.close()
})

test('the listener answers no request with more than 100 headers, and continues', async () => {
  await using server = await ListeningServer.start()
  const many = Object.fromEntries(Array.from({ length: 120 }, (_, at) => [`x-${at}`, 'y']))
  const client = await session(server)
  assert.notEqual(await statusOf(client, many), 200)
  client.destroy()
  const next = await session(server)
  assert.equal(await statusOf(next, {}), 200)
  next.close()
})

test('the listener serves no stream beyond the 250 that it allows', async () => {
  await using server = await ListeningServer.start()
  const client = await session(server)
  const watch = { ':path': '/api/v1/configmaps?watch=1' }
  await Promise.all(
    Array.from({ length: 250 }, async () => {
      const stream = client.request(watch)
      stream.on('error', () => undefined)
      await new Promise(resolve => stream.once('response', resolve))
    }),
  )
  // The client itself holds the next one back until another ends.
  let answered = false
  const next = client.request(watch)
  next.on('error', () => undefined)
  next.on('response', () => {
    answered = true
  })
  await new Promise<void>((resolve, reject) => client.ping(err => (err ? reject(err) : resolve())))
  await new Promise<void>((resolve, reject) => client.ping(err => (err ? reject(err) : resolve())))
  assert.equal(answered, false)
  client.destroy()
})

test('the listener answers 431 to an HTTP/1.1 header of more than 64 KiB, and closes', async () => {
  await using server = await ListeningServer.start()
  const { port } = new URL(server.url)
  const text = await new Promise<string>(resolve => {
    const socket = connectTls({ host: '127.0.0.1', port: Number(port), ca: server.ca, ALPNProtocols: ['http/1.1'] })
    let seen = ''
    socket.on('data', chunk => {
      seen += chunk.toString()
    })
    socket.on('close', () => resolve(seen))
    // A reset after the answer is no failure: the answer before it counts.
    socket.on('error', () => undefined)
    socket.write(`GET /readyz HTTP/1.1\r\nhost: x\r\nx-long: ${'y'.repeat(70 * 1024)}\r\n\r\n`)
  })
  assert.match(text, /^HTTP\/1\.1 431 Request Header Fields Too Large\r\n/)
})
