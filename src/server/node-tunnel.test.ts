import assert from 'node:assert/strict'
import { once } from 'node:events'
import { performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { duplexPair } from 'node:stream'
import { test } from 'node:test'
import { silentLogger } from '../base/log.ts'
import { NodeTunnels } from './node-tunnel.ts'

/** A node's side that says its name first and then gives back what it gets. */
function open(tunnels: NodeTunnels, said: string): ServerHttp2Session {
  const [serverSide, nodeSide] = duplexPair()
  const session = performServerHandshake(nodeSide)
  session.on('stream', (stream: ServerHttp2Stream) => {
    stream.respond({ ':status': 200 })
    stream.write(said)
    stream.pipe(stream)
  })
  tunnels.accept('n1', serverSide)
  return session
}

const request = { kind: 'exec', pod: { namespace: 'd', name: 'p', uid: 'u' }, container: 'c', query: '' } as const

test('NodeTunnels lets what runs in a replaced tunnel go on, and asks the new one from then on', async () => {
  const tunnels = new NodeTunnels(silentLogger)
  const signal = AbortSignal.timeout(60_000)
  const first = open(tunnels, 'one')
  const older = await tunnels.requestNode('n1', request, signal)
  assert.equal(String((await once(older.stream, 'data'))[0]), 'one')
  open(tunnels, 'two')
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
