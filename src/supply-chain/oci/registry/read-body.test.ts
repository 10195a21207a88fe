import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import { after, before, suite, test } from 'node:test'
import { readBody, wholeBody } from './read-body.ts'
import { RegistryUnavailable, RegistryUntrustworthy } from './registry-error.ts'

const { signal } = new AbortController()

suite('readBody()', () => {
  const server = createServer((_request, response) => serve(response))
  let serve: (response: ServerResponse) => void = () => undefined
  before(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  after(() => {
    server.closeAllConnections()
    server.close()
  })

  async function answer(write: (response: ServerResponse) => void): Promise<IncomingMessage> {
    serve = write
    const address = server.address()
    const { promise, resolve } = Promise.withResolvers<IncomingMessage>()
    get({ port: typeof address === 'object' && address !== null ? address.port : 0, host: '127.0.0.1' }, resolve).on(
      'error',
      () => undefined,
    )
    return await promise
  }
  const rejects = (promise: Promise<unknown>, type: new (message: string) => Error, message: RegExp): Promise<void> =>
    assert.rejects(promise, err => err instanceof type && message.test(err.message))

  test('gives up a body that stops, and one that never ends', async () => {
    const stopped = await answer(response => void response.write('a'))
    const read = async (): Promise<void> => {
      for await (const _ of readBody(stopped, 100, 'The body', signal, 50));
    }
    await rejects(read(), RegistryUnavailable, /^The body did not continue for 0\.05 s$/)
    const slow = await answer(response => {
      const timer = setInterval(() => response.write('a'), 5)
      response.once('close', () => clearInterval(timer))
    })
    await rejects(wholeBody(slow, 1_000_000, 'The body', signal, 100), RegistryUnavailable, /^The body was not there after 0\.1 s$/)
  })

  test('refuses more bytes than allowed, and framing that is far larger than the body', async () => {
    await rejects(
      wholeBody(await answer(response => response.end('abc')), 2, 'The body', signal),
      RegistryUntrustworthy,
      /^The body has more than 2 bytes$/,
    )
    const framed = await answer(response => {
      response.writeHead(200, { 'transfer-encoding': 'chunked' }).flushHeaders()
      const chunk = `1;${'x'.repeat(4000)}\r\na\r\n`
      const more = (err?: Error | null): void => {
        if (!err) response.socket?.write(chunk.repeat(20), more)
      }
      more()
    })
    await rejects(wholeBody(framed, 1000, 'The body', signal), Error, /has more than 1000 bytes|was cut/)
    assert.equal((await wholeBody(await answer(response => response.end('abc')), 3, 'The body', signal)).toString(), 'abc')
  })
})
