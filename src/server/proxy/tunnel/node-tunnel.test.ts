import assert from 'node:assert/strict'
import { once } from 'node:events'
import { performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { duplexPair } from 'node:stream'
import { test } from 'node:test'
import { ApiError } from '../../../api/status.ts'
import { silentLogger } from '../../../base/log.ts'
import { frameFlag, frameType } from '../../http2/wire/frames.ts'
import { NodeTunnels, tunnelPingMs } from './node-tunnel.ts'
import { TunnelBudget } from './tunnel-budget.ts'

/** A node's side that first sends its name and then echoes its input. Its key is its name. */
function open(tunnels: NodeTunnels, said: string, replaces?: string): ServerHttp2Session {
  const [serverSide, nodeSide] = duplexPair()
  const session = performServerHandshake(nodeSide)
  session.on('stream', (stream: ServerHttp2Stream) => {
    stream.respond({ ':status': 200 })
    stream.write(said)
    stream.pipe(stream)
  })
  tunnels.accept('n1', serverSide, said, replaces)
  return session
}

const request = { kind: 'exec', pod: { namespace: 'd', name: 'p', uid: 'u' }, container: 'c', query: '' } as const
const asked = { nodeName: 'n1', remoteAddress: '192.0.2.7', credential: 'X509SHA256=ab' }
const answerOf = async (tunnels: NodeTunnels): Promise<string> => {
  const { stream } = await tunnels.requestNode('n1', request, AbortSignal.timeout(60_000))
  const [said] = await once(stream, 'data')
  stream.destroy()
  return String(said)
}
const isConflict = (err: unknown): boolean => err instanceof ApiError && err.status.code === 409

test('NodeTunnels continues requests of a replaced tunnel, and uses the new one for further requests', async () => {
  const tunnels = new NodeTunnels(silentLogger)
  const signal = AbortSignal.timeout(60_000)
  const first = open(tunnels, 'one')
  const older = await tunnels.requestNode('n1', request, signal)
  assert.equal(String((await once(older.stream, 'data'))[0]), 'one')
  await tunnels.ensureFree(asked, 'one')
  open(tunnels, 'two', 'one')
  const newer = await tunnels.requestNode('n1', request, signal)
  assert.equal(String((await once(newer.stream, 'data'))[0]), 'two')
  older.stream.write('still here')
  assert.equal(String((await once(older.stream, 'data'))[0]), 'still here')
  assert.equal(first.closed, true)
  assert.equal(first.destroyed, false)
  const closed = once(first, 'close')
  older.stream.end()
  older.stream.resume()
  await closed
  assert.deepEqual(tunnels.nodes, ['n1'])
  newer.stream.destroy()
  tunnels.close()
})

const { ack, endHeaders } = frameFlag
const raw = (type: number, flags: number, stream: number, payload = Buffer.alloc(0)) => {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

for (const [title, flood] of [
  ['widened windows', raw(frameType.windowUpdate, 0, 0, Buffer.from([0, 0, 0, 1]))],
  ['pings', raw(frameType.ping, 0, 0, Buffer.alloc(8))],
  ['answers to pings', raw(frameType.ping, ack, 0, Buffer.alloc(8))],
  ['settings', raw(frameType.settings, 0, 0)],
  ['values of settings', raw(frameType.settings, 0, 0, Buffer.from([0, 4, 0, 0, 255, 255, 0, 4, 0, 0, 255, 254]))],
  ['empty DATA', raw(frameType.data, 0, 1)],
  ['padding alone', raw(frameType.data, frameFlag.padded, 1, Buffer.from([3, 0, 0, 0]))],
  ['resets', raw(frameType.rstStream, 0, 1, Buffer.alloc(4))],
  ['heads', raw(frameType.headers, endHeaders, 1, Buffer.from([0x88]))],
  ['unknown frames', raw(99, 0, 0)],
] as const)
  test(`NodeTunnels closes the tunnel of a node that floods it with ${title}`, async () => {
    const tunnels = new NodeTunnels(silentLogger)
    const [serverSide, nodeSide] = duplexPair()
    tunnels.accept('n1', serverSide, 'key')
    nodeSide.resume()
    nodeSide.write(raw(frameType.settings, 0, 0))
    const closed = new Promise<void>(resolve => serverSide.once('close', resolve))
    let sent = 0
    // Far more than any of them may be.
    for (; sent < 5000 && !serverSide.destroyed; sent++) {
      nodeSide.write(flood)
      if (sent % 100 === 0) await new Promise(resolve => setImmediate(resolve))
    }
    await closed
    assert.ok(sent <= 1200, `${sent} frames were taken`)
    tunnels.close()
  })

test('TunnelBudget allows a node WINDOW_UPDATEs for received bytes, and responses to requests', () => {
  const budget = new TunnelBudget()
  const widened = Buffer.concat(Array.from({ length: 100 }, () => raw(frameType.windowUpdate, 0, 0, Buffer.from([0, 0, 0, 1]))))
  const answered = Buffer.concat([
    raw(frameType.headers, endHeaders, 1, Buffer.from([0x88])),
    raw(frameType.rstStream, 0, 1, Buffer.alloc(4)),
  ])
  for (let i = 0; i < 1000; i++) {
    budget.sent(100 * 256)
    budget.received(widened)
    budget.requested()
    budget.received(answered)
  }
})

test('NodeTunnels refuses a second tunnel without the key of the responsive one, and reports the peer', async () => {
  const tunnels = new NodeTunnels(silentLogger)
  const refused: unknown[] = []
  tunnels.onRefused(each => refused.push(each))
  await tunnels.ensureFree(asked, undefined)
  open(tunnels, 'one')
  for (const shown of [undefined, '', 'two', 'on\u{13e}']) await assert.rejects(tunnels.ensureFree(asked, shown), isConflict)
  assert.deepEqual(refused, [asked, asked, asked, asked])
  assert.equal(await answerOf(tunnels), 'one')
  tunnels.close()
})

test('NodeTunnels pings an open tunnel once for any number of attempts to replace it', async () => {
  const tunnels = new NodeTunnels(silentLogger)
  const session = open(tunnels, 'one')
  let pings = 0
  session.on('ping', () => pings++)
  for (let attempt = 0; attempt < 20; attempt++) await assert.rejects(tunnels.ensureFree(asked, undefined), isConflict)
  assert.equal(pings, 1)
  tunnels.close()
})

test('NodeTunnels closes the second of two tunnels that were allowed at once', async () => {
  const tunnels = new NodeTunnels(silentLogger)
  await Promise.all([tunnels.ensureFree(asked, undefined), tunnels.ensureFree(asked, undefined)])
  open(tunnels, 'one')
  const [second] = duplexPair()
  tunnels.accept('n1', second, 'two')
  assert.equal(second.destroyed, true)
  assert.equal(await answerOf(tunnels), 'one')
  tunnels.close()
})

test('NodeTunnels replaces a tunnel that does not answer a PING', async t => {
  const tunnels = new NodeTunnels(silentLogger)
  const [silent] = duplexPair()
  tunnels.accept('n1', silent, 'silent')
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const waiting = [tunnels.ensureFree(asked, undefined), tunnels.ensureFree(asked, undefined)]
  t.mock.timers.tick(tunnelPingMs)
  await Promise.all(waiting)
  t.mock.timers.reset()
  open(tunnels, 'two')
  assert.equal(await answerOf(tunnels), 'two')
  tunnels.close()
})

test('NodeTunnels accepts a node again after its tunnel was closed', async () => {
  const tunnels = new NodeTunnels(silentLogger)
  const first = open(tunnels, 'one')
  assert.equal(await answerOf(tunnels), 'one')
  first.destroy()
  await once(first, 'close')
  await tunnels.ensureFree(asked, undefined)
  open(tunnels, 'two')
  assert.equal(await answerOf(tunnels), 'two')
  tunnels.close()
})
