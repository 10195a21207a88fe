import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { TestConnection } from './connection.testing.ts'
import { Http2Connections } from './connections.ts'

describe('Http2Connections', () => {
  const accept = (connections: Http2Connections) => {
    const { socket } = new TestConnection()
    socket.removeAllListeners('data')
    const connection = connections.accept(socket, { request: () => undefined, failed: () => undefined })
    return { socket, connection }
  }

  test('looks at each connection at intervals, and at none that is closed', async t => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    const connections = new Http2Connections()
    const [{ socket: silent }, gone] = [accept(connections), accept(connections)]
    const look = t.mock.method(gone.connection, 'look')
    gone.socket.destroy()
    await new Promise(resolve => gone.socket.once('close', resolve))
    t.mock.timers.tick(30_000)
    assert.equal(silent.destroyed, false)
    t.mock.timers.tick(30_000)
    assert.equal(silent.destroyed, true)
    assert.equal(look.mock.callCount(), 0)
    await connections.close()
    const later = accept(connections)
    later.socket.isPolite = false
    const lookLater = t.mock.method(later.connection, 'look')
    t.mock.timers.tick(30_000)
    assert.equal(lookLater.mock.callCount(), 0)
    later.socket.destroy()
  })

  test('close() resolves when every socket is closed, also new ones, and destroy() closes the rest', async () => {
    const connections = new Http2Connections()
    const { socket: rude } = accept(connections)
    rude.isPolite = false
    let isOver = false
    const over = connections.close().then(() => {
      isOver = true
    })
    const { socket: late } = accept(connections)
    await new Promise(resolve => late.once('close', resolve))
    assert.deepEqual([rude.writableEnded, rude.destroyed, isOver], [true, false, false])
    connections.destroy()
    await over
    assert.equal(rude.destroyed, true)
  })
})
