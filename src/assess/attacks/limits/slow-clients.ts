// Clients that open connections and then hold them: too many, without a handshake, and with a head that never ends.
import { connect, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { targetOf } from '../../dial.ts'
import type { Endpoint, ProofContext } from '../../proof.ts'
import { until } from '../../until.ts'

/** Of files that a process of the scratch cluster may open: connections of one address are limited to a part of it. */
export const scratchFiles = 1024
/** More than that part, 410, and fewer than the limit of all connections, 512: others can still connect. */
const crowd = 450
/** Another address of loopback, which counts by itself. */
const other = '127.0.0.2'
/** docs/limits.md gives a handshake and a head ten seconds; a busy machine may need more. */
const holdMs = 40_000
const settleMs = 30_000
const pollMs = 100

/** The server must have `scratchFiles`. */
export async function crowdConnections({ attempts, clock }: ProofContext, { server, ca }: Endpoint, signal: AbortSignal): Promise<void> {
  const { host, port } = targetOf(server)
  const sockets: Socket[] = []
  const refused = Promise.withResolvers<void>()
  try {
    for (let opened = 0; opened < crowd; opened++) {
      const socket = connect({ host, port, localAddress: host })
      socket.on('error', () => socket.destroy())
      socket.once('close', () => refused.resolve())
      sockets.push(socket)
    }
    await inTime(refused.promise, settleMs, signal)
    const closed = sockets.filter(({ destroyed }) => destroyed).length
    // The oldest connection is the first whose handshake times out; a refused one is among the newest.
    const isFirstOpen = sockets[0]?.destroyed === false
    attempts.record({
      ...{
        name: 'connections of one address',
        sent: `${crowd} connections from ${host}`,
        expected: 'the last are closed, the first are not',
      },
      ...{ answered: `${closed} closed, ${isFirstOpen ? 'not the first' : 'the first too'}`, held: closed > 0 && isFirstOpen },
    })
    const protocol = await handshakeFrom({ host, port, localAddress: other, ca }, signal)
    attempts.record({
      ...{ name: 'a connection of another address meanwhile', sent: `a handshake from ${other}`, expected: 'TLSv1.3' },
      ...{ answered: protocol ?? 'closed', held: protocol === 'TLSv1.3' },
    })
  } finally {
    for (const socket of sockets) socket.destroy()
  }
  // The server still counts those that it has not seen closing.
  await until(clock, async () => await handshakeFrom({ host, port, localAddress: host, ca }, signal), signal, pollMs)
}

/** Each connection must be closed within its time limit. */
export async function holdConnections({ attempts }: ProofContext, { server, ca }: Endpoint, signal: AbortSignal): Promise<void> {
  const target = targetOf(server)
  const silent = connect(target)
  const slow = connectTls({ ...target, ca, minVersion: 'TLSv1.3', ALPNProtocols: ['http/1.1'] }, () =>
    slow.write('GET /livez HTTP/1.1\r\nhost: localhost\r\n'),
  )
  const held = [
    { name: 'a connection without a handshake', socket: silent },
    { name: 'a head of a request that never ends', socket: slow },
  ]
  await Promise.all(
    held.map(async ({ name, socket }) => {
      const closed = Promise.withResolvers<void>()
      socket.on('error', () => socket.destroy())
      socket.resume()
      socket.once('end', () => closed.resolve())
      socket.once('close', () => closed.resolve())
      const ended = await inTime(closed.promise, holdMs, signal)
      socket.destroy()
      attempts.record({
        ...{ name, sent: 'nothing more', expected: 'it is closed' },
        ...{ answered: ended ? 'closed' : 'still open', held: ended },
      })
    }),
  )
}

/** Whether it happens in time. */
async function inTime(happens: Promise<void>, milliseconds: number, signal: AbortSignal): Promise<boolean> {
  const late = AbortSignal.any([signal, AbortSignal.timeout(milliseconds)])
  const over = new Promise<false>(resolve => late.addEventListener('abort', () => resolve(false), { once: true }))
  const result = await Promise.race([happens.then(() => true), over])
  signal.throwIfAborted()
  return result
}

function handshakeFrom(options: ConnectionOptions & { readonly localAddress: string }, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ ...options, minVersion: 'TLSv1.3' }, () => {
      resolve(socket.getProtocol() ?? undefined)
      socket.destroy()
    })
    socket.on('error', () => (signal.aborted ? reject(signal.reason) : resolve(undefined)))
    socket.once('close', () => resolve(undefined))
    signal.addEventListener('abort', () => socket.destroy(signal.reason), { once: true })
  })
}
