// Floods of frames from a client without a certificate (CVE-2019-9512, CVE-2019-9514, CVE-2019-9515, CVE-2019-9518, CVE-2023-44487,
// CVE-2024-27983): the connection is closed after a small budget, and an honest client is answered all the while.
import assert from 'node:assert/strict'
import { connect as connectHttp2 } from 'node:http2'
import { after, before, test } from 'node:test'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { ListeningServer } from './listening-server.ts'

const type = { data: 0, headers: 1, priority: 2, reset: 3, settings: 4, ping: 6, windowUpdate: 8, continuation: 9, unknown: 99 } as const
const endStream = 1
const endHeaders = 4

/** RFC 9113, section 4.1. */
function frame(kind: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(kind, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** Literal fields that are never indexed, RFC 7541, section 6.2.3; names and values below 127 bytes. */
function fields(values: Readonly<Record<string, string>>): Buffer {
  const text = (value: string) => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)])
  return Buffer.concat(Object.entries(values).flatMap(([name, value]) => [Buffer.from([0x10]), text(name), text(value)]))
}

const request = (method: string) => fields({ ':method': method, ':scheme': 'https', ':authority': 'x', ':path': '/livez' })
const cancel = Buffer.from([0, 0, 0, 8])

interface Flood {
  readonly name: string
  /** What goes before. */
  readonly begin?: Buffer
  /** The frames of a round; `stream` is an odd number that no round had before. */
  round(stream: number): Buffer
}

const floods: readonly Flood[] = [
  { name: 'pings', round: () => frame(type.ping, 0, 0, Buffer.alloc(8)) },
  { name: 'settings', round: () => frame(type.settings, 0, 0, Buffer.from([0, 4, 0, 0, 0xff, 0xff])) },
  {
    name: 'requests that are reset at once',
    round: stream =>
      Buffer.concat([frame(type.headers, endStream | endHeaders, stream, request('GET')), frame(type.reset, 0, stream, cancel)]),
  },
  { name: 'window updates of zero', round: () => frame(type.windowUpdate, 0, 0, Buffer.alloc(4)) },
  {
    name: 'data frames that say nothing',
    begin: frame(type.headers, endHeaders, 1, request('POST')),
    round: () => frame(type.data, 0, 1),
  },
  {
    name: 'headers without an end',
    begin: frame(type.headers, 0, 1, request('GET')),
    round: stream => frame(type.continuation, 0, 1, fields({ [`x-${stream}`]: 'y' })),
  },
  { name: 'frames of no known type', round: () => frame(type.unknown, 0, 0, Buffer.alloc(100)) },
]

const roundsAtOnce = 500
/** Far beyond every budget. */
const mostRounds = 200_000

let server: ListeningServer
before(async () => {
  server = await ListeningServer.start()
})
after(async () => {
  await server[Symbol.asyncDispose]()
})

async function connect(): Promise<TLSSocket> {
  const { hostname: host, port } = new URL(server.url)
  const socket = connectTls({ host, port: Number(port), ca: server.ca, ALPNProtocols: ['h2'] })
  // The server cuts it in the middle of our writes.
  socket.on('error', () => undefined)
  await new Promise<void>(resolve => socket.once('secureConnect', resolve))
  socket.resume()
  socket.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(type.settings, 0, 0)]))
  return socket
}

async function livez(): Promise<number | undefined> {
  const session = connectHttp2(server.url, { ca: server.ca })
  try {
    return await new Promise((resolve, reject) => {
      session.once('error', reject)
      const stream = session.request({ ':path': '/livez' })
      stream.once('response', head => resolve(head[':status']))
      stream.once('error', reject)
      stream.resume().end()
    })
  } finally {
    session.destroy()
  }
}

for (const { name, begin, round } of floods)
  test(`a flood of ${name} ends with its connection`, async () => {
    const socket = await connect()
    if (begin !== undefined) socket.write(begin)
    let rounds = 0
    while (!socket.closed && rounds < mostRounds) {
      const batch = Array.from({ length: roundsAtOnce }, (_, at) => round(2 * (rounds + at) + 1))
      rounds += roundsAtOnce
      if (!socket.destroyed) await new Promise<void>(resolve => socket.write(Buffer.concat(batch), () => resolve()))
      // What the server says, its reset too, is read in the loop's next turns.
      await new Promise(resolve => setImmediate(resolve))
      if (rounds === roundsAtOnce) assert.equal(await livez(), 200)
    }
    const ended = socket.closed
    socket.destroy()
    assert.ok(ended, `open still after ${rounds} rounds`)
    assert.equal(await livez(), 200)
  })
