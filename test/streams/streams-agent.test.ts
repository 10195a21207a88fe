// The agent's half of a stream: between the tunnel and the container runtime.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientHttp2Session, type ClientHttp2Stream, connect, performServerHandshake } from 'node:http2'
import { type Duplex, duplexPair } from 'node:stream'
import { test } from 'node:test'
import { carryBytes } from '../../src/node/streams/stream-proxy.ts'
import { NodeStream } from '../../src/server/proxy/tunnel/node-stream.ts'

const limit = { timeout: 60_000 }

/** One request through a tunnel in this process: the API server's end of it, and the runtime's socket. */
async function carried(): Promise<{
  readonly api: NodeStream
  readonly raw: ClientHttp2Stream
  readonly runtime: Duplex
  readonly proxied: Duplex
  readonly stop: AbortController
  readonly done: Promise<void>
  readonly session: ClientHttp2Session
}> {
  const [near, far] = duplexPair()
  const [proxied, runtime] = duplexPair()
  const stop = new AbortController()
  const { promise, resolve } = Promise.withResolvers<{ readonly done: Promise<void> }>()
  performServerHandshake(near).on('stream', stream => {
    stream.on('error', () => stream.close())
    stream.respond({ ':status': 200 })
    // Wrapped: a promise would be waited for.
    resolve({ done: carryBytes(stream, proxied, stop.signal) })
  })
  const session = connect('http://node.invalid', { createConnection: () => far })
  const raw = session.request({ ':method': 'POST', ':path': '/' }, { endStream: false })
  await once(raw, 'response')
  const api = new NodeStream(raw)
  const { done } = await promise
  return { api, raw, runtime, proxied, stop, done, session }
}

/** Until the end of the data; the other direction stays open, which some versions of Node would close with it. */
async function read(stream: Duplex): Promise<string> {
  let text = ''
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) text += String(chunk)
  return text
}

test("the runtime's end is passed on behind its last byte, while the API server's half is still open", limit, async () => {
  const { api, runtime, done, session } = await carried()
  const large = 'x'.repeat(300_000)
  runtime.end(large)
  assert.equal(await read(api), large)
  // Bytes for a runtime that is gone are dropped without an error.
  await new Promise<void>((resolve, reject) => api.write('late', err => (err ? reject(err) : resolve())))
  api.destroy()
  await done
  session.close()
})

test('bytes go to the runtime, and the end of the input without the end of the output', limit, async () => {
  const { api, runtime, done, session } = await carried()
  api.end('input')
  assert.equal(await read(runtime), 'input')
  runtime.end('output')
  assert.equal(await read(api), 'output')
  await done
  session.close()
})

test('a runtime that breaks is an error to the API server, not an end', limit, async () => {
  const { api, proxied, done, session } = await carried()
  const failed = once(api, 'error')
  api.resume()
  proxied.destroy(new Error('broken'))
  await failed
  await done
  session.close()
})

for (const [name, end] of [
  ['the API server ends the stream', ({ api }) => api.destroy()],
  ['the tunnel closes', ({ session }) => session.destroy()],
  ['the agent stops', ({ stop }) => stop.abort(new Error('stopping'))],
] as const satisfies readonly (readonly [string, (parts: Awaited<ReturnType<typeof carried>>) => void])[]) {
  test(`the runtime's connection is closed when ${name}`, limit, async () => {
    const parts = await carried()
    const closed = new Promise<void>(resolve => parts.proxied.once('close', resolve))
    parts.api.on('error', () => parts.api.destroy()).resume()
    end(parts)
    await closed
    await parts.done
    parts.session.destroy()
  })
}

test('bytes that arrive with the head are kept for a later reader', limit, async () => {
  const { api, runtime, done, session } = await carried()
  runtime.write('early')
  await new Promise(setImmediate)
  runtime.end(' and late')
  await new Promise(setImmediate)
  assert.equal(await read(api), 'early and late')
  api.destroy()
  await done
  session.close()
})
