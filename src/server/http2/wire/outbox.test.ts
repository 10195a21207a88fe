import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { describe, test } from 'node:test'
import { Outbox } from './outbox.ts'

/** A socket whose writes complete when the test says so. */
class Held extends Writable {
  readonly writes: string[] = []
  #done: (() => void) | undefined

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    this.writes.push(bytes.toString())
    this.#done = done
  }

  async take(): Promise<void> {
    const done = this.#done
    this.#done = undefined
    done?.()
    await turn()
  }
}

const turn = () => new Promise(resolve => setImmediate(resolve))

function write(outbox: Outbox, text: string): void {
  for (const byte of Buffer.from(text)) outbox.open().byte(byte)
}

describe('Outbox', () => {
  test('sends the writes of one turn together, and later ones after them', async () => {
    const socket = new Held()
    const outbox = new Outbox(socket)
    write(outbox, 'a')
    write(outbox, 'b')
    assert.deepEqual([socket.writes, outbox.waiting, outbox.isWriting], [[], 2, false])
    await turn()
    assert.deepEqual([socket.writes, outbox.waiting, outbox.isWriting, outbox.writes], [['ab'], 0, true, 0])
    write(outbox, 'c')
    await turn()
    write(outbox, 'd')
    assert.deepEqual([socket.writes, outbox.waiting], [['ab'], 2])
    await socket.take()
    assert.deepEqual([socket.writes, outbox.writes], [['ab', 'cd'], 1])
    await socket.take()
    assert.deepEqual([outbox.isWriting, outbox.writes], [false, 2])
    write(outbox, 'e')
    await turn()
    assert.deepEqual(socket.writes, ['ab', 'cd', 'e'])
  })

  test('reports each completed write before pending data is sent', async () => {
    const socket = new Held()
    const outbox: Outbox = new Outbox(socket, () => {
      if (outbox.writes === 1) write(outbox, '+')
    })
    write(outbox, 'a')
    await turn()
    write(outbox, 'b')
    await socket.take()
    assert.deepEqual(socket.writes, ['a', 'b+'])
  })

  test('close() waits for pending data, and for data added until it is sent', async () => {
    const socket = new Held()
    const outbox = new Outbox(socket)
    let closed = 0
    write(outbox, 'a')
    await turn()
    write(outbox, 'b')
    outbox.close(() => assert.fail('another one came'))
    outbox.close(() => closed++)
    await socket.take()
    write(outbox, 'c')
    await socket.take()
    assert.deepEqual([socket.writes, closed], [['a', 'b', 'c'], 0])
    await socket.take()
    assert.equal(closed, 1)
    write(outbox, 'd')
    await turn()
    await socket.take()
    assert.equal(closed, 1)
  })

  test('close() calls back in a later turn if nothing is pending', async () => {
    let closed = 0
    new Outbox(new Held()).close(() => closed++)
    assert.equal(closed, 0)
    await turn()
    assert.equal(closed, 1)
  })

  test('writes nothing to a socket that has ended', async () => {
    const socket = new Held()
    const failures: unknown[] = []
    socket.on('error', err => failures.push(err))
    const outbox = new Outbox(socket)
    write(outbox, 'a')
    await turn()
    socket.end()
    write(outbox, 'b')
    await socket.take()
    socket.destroy()
    write(outbox, 'c')
    await turn()
    assert.deepEqual([socket.writes, failures], [['a'], []])
  })
})
