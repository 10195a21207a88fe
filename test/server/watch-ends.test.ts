// A watch whose client goes away is over, in whichever way it goes and whether anything was ever sent: else each would hold its place and memory until its timeout.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2'
import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { ListeningServer } from './listening-server.ts'

const limit = { timeout: 60_000 }

let server: ListeningServer
let credentials: { readonly ca: string; readonly cert: string; readonly key: string }
before(async () => {
  server = await ListeningServer.start()
  const { certificate, key } = await server.client('root', ['system:masters'])
  credentials = { ca: server.ca, cert: certificate, key }
})
after(async () => {
  await server[Symbol.asyncDispose]()
})

const quiet = '/api/v1/secrets?watch=1&resourceVersion=1'
const withEvents = '/api/v1/namespaces?watch=1'

async function openWatches(): Promise<number> {
  using session = connected()
  const stream = session.request({ ':path': '/metrics' })
  const lines = (await text(stream)).split('\n').filter(line => line.startsWith('apiserver_longrunning_requests{verb="WATCH"'))
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

function connected(): ClientHttp2Session & Disposable {
  const session = connect(server.url, credentials)
  session.on('error', () => undefined)
  return Object.assign(session, { [Symbol.dispose]: () => session.destroy() })
}

async function begun(session: ClientHttp2Session, path: string): Promise<ClientHttp2Stream> {
  const stream = session.request({ ':path': path })
  stream.on('error', () => undefined)
  const [head] = await once(stream, 'response')
  assert.equal(head[':status'], 200)
  if (path === withEvents) await once(stream, 'data')
  return stream
}

for (const path of [quiet, withEvents]) {
  for (const [how, leave] of [
    ['resets its stream', (stream: ClientHttp2Stream) => stream.close(constants.NGHTTP2_CANCEL)],
    ['closes its stream without an error', (stream: ClientHttp2Stream) => stream.close(constants.NGHTTP2_NO_ERROR)],
    ['closes its connection', (stream: ClientHttp2Stream) => stream.session?.destroy()],
    ['loses its connection', (stream: ClientHttp2Stream) => stream.session?.socket.destroy()],
  ] as const) {
    test(`a watch ${path === quiet ? 'without' : 'with'} events ends when its client ${how}`, limit, async () => {
      using session = connected()
      const streams = [await begun(session, path), await begun(session, path)]
      assert.equal(await openWatches(), 2)
      for (const stream of streams) leave(stream)
      while ((await openWatches()) > 0);
    })
  }

  test(`a watch ${path === quiet ? 'without' : 'with'} events over HTTP/1.1 ends when its client disconnects`, limit, async () => {
    const outgoing = request(`${server.url}${path}`, credentials)
    outgoing.on('error', () => undefined)
    outgoing.end()
    await once(outgoing, 'response')
    assert.equal(await openWatches(), 1)
    outgoing.destroy()
    while ((await openWatches()) > 0);
  })
}
