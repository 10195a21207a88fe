// Floods of frames: the connection is closed after a small budget, an honest client is answered all the while, and nothing is left of it.
import assert from 'node:assert/strict'
import { connect as connectHttp2 } from 'node:http2'
import { after, before, test } from 'node:test'
import { collectGarbage } from '../../src/base/v8/collect-garbage.ts'
import { code, field, fields, flag, frame, get, post, RawClient, request, settings, type, uint32 } from './http2-frames.ts'
import { type ClientCertificate, ListeningServer } from './listening-server.ts'

const { endStream, endHeaders } = flag
const widest = uint32(2 ** 31 - 1)
const watch = '/api/v1/configmaps?watch=1'
const maps = '/api/v1/namespaces/default/configmaps'

interface Flood {
  readonly name: string
  /** The user; default: none. */
  readonly as?: 'admin'
  /** Sent before. */
  readonly begin?: Buffer
  /** The frames of a round; `stream` is an odd number that no round had before, nor `begin`. */
  round(stream: number): Buffer
}

/** A header block that repeats the same four KiB a hundred times. */
const bomb = (stream: number) =>
  frame(type.headers, endStream | endHeaders, stream, Buffer.concat([field('x', 'y'.repeat(4000), true), Buffer.alloc(100, 0x80 | 62)]))
/** The table of the block is made empty and whole again thousands of times; the request itself has no path. */
const resizes = (stream: number) =>
  frame(
    type.headers,
    endStream | endHeaders,
    stream,
    Buffer.concat(Array.from({ length: 4000 }, () => Buffer.from([0x20, 0x3f, 0xe1, 0x1f]))),
  )
const stray = (stream: number) => Buffer.concat([get(stream, watch), frame(type.reset, 0, stream, uint32(8))])

const floods: readonly Flood[] = [
  { name: 'pings (CVE-2019-9512)', round: () => frame(type.ping, 0, 0, Buffer.alloc(8)) },
  { name: 'answers to pings', round: () => frame(type.ping, flag.ack, 0, Buffer.alloc(8)) },
  { name: 'settings (CVE-2019-9515)', round: () => settings([4, 0xffff]) },
  { name: 'acknowledged settings', round: () => frame(type.settings, flag.ack, 0) },
  { name: 'frames of thousands of settings', round: () => settings(...Array.from({ length: 2700 }, (_, at) => [4, at] as const)) },
  { name: 'requests that are reset at once (CVE-2019-9514 and CVE-2023-44487)', round: stream => stray(stream) },
  { name: 'requests of a user that are reset at once', as: 'admin', round: stream => stray(stream) },
  { name: 'resets of what is over', begin: stray(1), round: () => frame(type.reset, 0, 1, uint32(8)) },
  { name: 'window updates of zero', round: () => frame(type.windowUpdate, 0, 0, uint32(0)) },
  { name: 'window updates beyond the widest', round: () => frame(type.windowUpdate, 0, 0, widest) },
  { name: 'window updates of one', round: () => frame(type.windowUpdate, 0, 0, uint32(1)) },
  { name: 'window updates of one on a watch', as: 'admin', begin: get(1, watch), round: () => frame(type.windowUpdate, 0, 1, uint32(1)) },
  { name: 'window updates on what is over', begin: stray(1), round: () => frame(type.windowUpdate, 0, 1, uint32(1)) },
  { name: 'data frames that say nothing (CVE-2019-9518)', as: 'admin', begin: post(1, maps), round: () => frame(type.data, 0, 1) },
  {
    name: 'data frames of padding alone',
    as: 'admin',
    begin: post(1, maps),
    round: () => frame(type.data, flag.padded, 1, Buffer.alloc(1)),
  },
  { name: 'data on what is over', begin: stray(1), round: () => frame(type.data, 0, 1, Buffer.alloc(1)) },
  {
    name: 'headers without an end (CVE-2024-27316)',
    begin: frame(type.headers, 0, 1, request('GET')),
    round: stream => frame(type.continuation, 0, 1, fields({ [`x-${stream}`]: 'y' })),
  },
  {
    name: 'headers that go on with nothing',
    begin: frame(type.headers, 0, 1, request('GET')),
    round: () => frame(type.continuation, 0, 1),
  },
  { name: 'priorities', round: stream => frame(type.priority, 0, stream, Buffer.alloc(5)) },
  { name: 'updates of priorities', round: () => frame(type.priorityUpdate, 0, 0, Buffer.concat([uint32(1), Buffer.from('u=1')])) },
  { name: 'farewells', round: () => frame(type.goAway, 0, 0, Buffer.alloc(8)) },
  { name: 'frames of no known type', round: () => frame(type.unknown, 0, 0, Buffer.alloc(100)) },
  { name: 'requests without a path', round: stream => frame(type.headers, endStream | endHeaders, stream, fields({ ':method': 'GET' })) },
  { name: 'header blocks that grow when they are read', round: bomb },
  { name: 'header blocks that change the size of the table', round: resizes },
  { name: 'requests beyond the streams that are allowed', as: 'admin', round: stream => get(stream, watch) },
  // "Made you reset": the server's reset frees a slot for the next, and each request continues.
  {
    name: 'requests that are reset for a window update of zero',
    as: 'admin',
    round: stream => Buffer.concat([get(stream, watch), frame(type.windowUpdate, 0, stream, uint32(0))]),
  },
  {
    name: 'requests that are reset for too wide a window',
    as: 'admin',
    round: stream => Buffer.concat([get(stream, watch), frame(type.windowUpdate, 0, stream, widest)]),
  },
  {
    name: 'requests that are reset for data behind their end',
    as: 'admin',
    round: stream => Buffer.concat([get(stream, watch), frame(type.data, 0, stream, Buffer.alloc(1))]),
  },
  {
    name: 'requests that are reset for headers behind their end',
    as: 'admin',
    round: stream => Buffer.concat([get(stream, watch), frame(type.headers, endStream | endHeaders, stream, field('x', 'y'))]),
  },
  {
    name: 'requests that are reset for trailers without an end',
    as: 'admin',
    round: stream => Buffer.concat([post(stream, maps), frame(type.headers, endHeaders, stream, field('x', 'y'))]),
  },
  {
    name: 'requests that are reset for more than they announce (CVE-2025-8671)',
    as: 'admin',
    round: stream => Buffer.concat([post(stream, maps, { 'content-length': '1' }), frame(type.data, 0, stream, Buffer.alloc(2))]),
  },
  {
    name: 'requests that are reset for less than they announce',
    as: 'admin',
    round: stream => Buffer.concat([post(stream, maps, { 'content-length': '2' }), frame(type.data, endStream, stream, Buffer.alloc(1))]),
  },
  {
    name: 'requests that depend on themselves',
    round: stream =>
      frame(type.headers, endStream | endHeaders | flag.priority, stream, Buffer.concat([uint32(stream), Buffer.alloc(1), request('GET')])),
  },
  { name: 'priorities of a wrong length', round: stream => Buffer.concat([get(stream), frame(type.priority, 0, stream, Buffer.alloc(4))]) },
]

const bytesAtOnce = 64 * 1024
const roundsAtOnce = 500
/** Ten times the budget. */
const maxRounds = 10_000

let server: ListeningServer
let admin: ClientCertificate
before(async () => {
  server = await ListeningServer.start()
  admin = await server.client('admin', ['system:masters'])
})
after(async () => {
  await server[Symbol.asyncDispose]()
})

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

/** Resolves with how many rounds the connection outlived. */
async function flood({ as, begin, round }: Flood): Promise<number> {
  using client = await RawClient.connect(server, as === 'admin' ? { certificate: admin } : {})
  if (begin !== undefined) await client.send(begin)
  let rounds = 0
  while (!client.isClosed && rounds < maxRounds) {
    const batch: Buffer[] = []
    for (let bytes = 0; bytes < bytesAtOnce && batch.length < roundsAtOnce; ) {
      const next = round(2 * (rounds + batch.length) + 3)
      bytes += next.length
      batch.push(next)
    }
    const isFirst = rounds === 0
    rounds += batch.length
    await client.send(...batch)
    // Available answers are read, and the next rounds follow.
    if (isFirst) assert.equal(await livez(), 200)
  }
  if (!client.isClosed) return rounds
  // The reason may be lost if the server had not read everything that we sent, and is the right one if it arrives.
  const reason = client.goneFor
  const reasons: readonly number[] = [code.calm, code.protocol, code.flowControl, code.frameSize]
  assert.ok(reason === undefined || reasons.includes(reason), `closed for ${reason}`)
  return rounds
}

for (const one of floods)
  test(`a flood of ${one.name} ends with its connection`, async () => {
    const rounds = await flood(one)
    assert.ok(rounds < maxRounds, `open still after ${rounds} rounds`)
    assert.equal(await livez(), 200)
  })

/** A few requests start in each turn of the loop, and those of closed connections end there: this many turns suffice for all. */
const turns = 5000

test('nothing is left of floods', async () => {
  const inUse = async () => {
    for (const one of floods) await flood(one)
    for (let turn = 0; turn < turns; turn++) await new Promise(resolve => setImmediate(resolve))
    // The audit log of tests is kept in memory.
    server.api.events.length = 0
    collectGarbage()
    return process.memoryUsage().heapUsed
  }
  // Code that is loaded and compiled once stays.
  await inUse()
  const baseline = await inUse()
  const more = (await inUse()) - baseline
  // A kilobyte for each of the 10,000 requests that were made and reset would be five times as much.
  assert.ok(more < 2 * 1024 * 1024, `${more} bytes more`)
})
