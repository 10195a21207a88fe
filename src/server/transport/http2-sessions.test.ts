import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { ServerHttp2Session } from 'node:http2'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { silentLogger } from '../../base/log.ts'
import { Http2Sessions } from './http2-sessions.ts'

/** A session as Node leaves it where its peer died in the middle of a write: destroyed, without closing its socket. */
function orphan(sessions: Http2Sessions): { readonly socket: Duplex; readonly asked: string[] } {
  const socket = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
  const asked: string[] = []
  const session = Object.assign(new EventEmitter(), {
    destroyed: true,
    close: () => asked.push('close'),
    destroy: () => asked.push('destroy'),
  })
  sessions.keep(session as unknown as ServerHttp2Session, socket as unknown as TLSSocket)
  return { socket, asked }
}

test('Http2Sessions.close() closes the socket that a destroyed session has left open', async () => {
  const sessions = new Http2Sessions(silentLogger)
  const { socket, asked } = orphan(sessions)
  await sessions.close()
  assert.deepEqual([socket.destroyed, ...asked], [true, 'close'])
})

test('Http2Sessions.destroy() ends sessions and sockets, once', async () => {
  const sessions = new Http2Sessions(silentLogger)
  const { socket, asked } = orphan(sessions)
  sessions.destroy()
  await new Promise(resolve => socket.once('close', resolve))
  sessions.destroy()
  assert.deepEqual([socket.destroyed, ...asked], [true, 'destroy'])
})
