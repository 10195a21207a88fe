// The process side of a part's unix sockets: reads requests as frames, answers each, and limits what a peer can make this process hold.
import { chown, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import type { Logger } from '../log.ts'
import { createFrameReader, encodeFrame, FrameError } from './frame.ts'
import { listenOnSocket } from './listen-on-socket.ts'

export interface FrameSocket {
  /** Replaces an existing socket at this path. */
  readonly path: string
  /** The owner of the socket (mode 0600), who can connect besides root and the part's user. Needs the right to change owners. */
  readonly owner?: { readonly uid: number; readonly gid: number }
  /** Mode 0660: the group of the socket can connect too. A set-group-id folder sets the group without the right to change owners. */
  readonly groupMayConnect?: boolean
}

export interface FrameServerOptions<S extends FrameSocket> {
  readonly sockets: readonly S[]
  readonly log: Logger
  /** For logs: `signer`. */
  readonly name: string
  /** Never rejects. */
  respond(value: unknown, socket: S, signal: AbortSignal): Promise<{ readonly id: number }>
  /** The answer for one that does not fit into a frame. */
  tooLarge(id: number): unknown
}

const maxInFlight = 256
/** Limit of bytes of unanswered requests. */
const maxInFlightBytes = 4 << 20
/** Each process has one connection; others are those that it lost without noticing. */
const maxConnections = 32
/** Limit of unread answers of a peer; until it reads them, none of its requests is read. */
const maxUnreadBytes = 1024 * 1024

/** Listens on all sockets; resolves when they accept. Closing ends connections and removes the sockets. */
export async function serveFrames<S extends FrameSocket>(options: FrameServerOptions<S>): Promise<AsyncDisposable> {
  const { name, log } = options
  const closing = new AbortController()
  const connections = new Set<Socket>()
  const servers: { readonly server: Server; readonly path: string }[] = []
  const close = async () => {
    closing.abort(new Error(`the ${name} is closing`))
    for (const connection of connections) connection.destroy()
    await Promise.all(servers.map(({ server }) => new Promise<void>(resolve => server.close(() => resolve()))))
    for (const { path } of servers) await rm(path, { force: true })
  }
  try {
    for (const socket of options.sockets) {
      await rm(socket.path, { force: true })
      const server = createServer(connection => {
        connections.add(connection)
        connection.once('close', () => connections.delete(connection))
        serveConnection(connection, socket, options, closing.signal)
      })
      server.maxConnections = maxConnections
      server.on('drop', () => log.error(`${name} refused a connection: too many are open`, { path: socket.path }))
      await listenOnSocket(server, socket.path, socket.groupMayConnect === true ? 0o660 : 0o600)
      servers.push({ server, path: socket.path })
      if (socket.owner) await chown(socket.path, socket.owner.uid, socket.owner.gid)
    }
  } catch (err) {
    await close()
    throw err
  }
  return { [Symbol.asyncDispose]: close }
}

function serveConnection<S extends FrameSocket>(connection: Socket, socket: S, options: FrameServerOptions<S>, signal: AbortSignal): void {
  const { name, log } = options
  const { path } = socket
  let inFlight = 0
  let inFlightBytes = 0
  const answer = (frame: { readonly id: number }) => {
    if (!connection.destroyed) connection.write(encodeAnswer(frame, options))
    pace()
  }
  /** Continues to read when half of the requests are done and the answers are read. */
  const pace = () => {
    if (inFlight >= maxInFlight || inFlightBytes >= maxInFlightBytes || connection.writableLength > maxUnreadBytes) connection.pause()
    else if (connection.isPaused() && inFlight < maxInFlight / 2 && inFlightBytes < maxInFlightBytes / 2 && !connection.writableNeedDrain)
      connection.resume()
  }
  const read = createFrameReader((value, bytes) => {
    inFlight++
    inFlightBytes += bytes
    pace()
    void options.respond(value, socket, signal).then(frame => {
      inFlight--
      inFlightBytes -= bytes
      answer(frame)
    })
  })
  connection.on('data', chunk => {
    try {
      read(chunk)
    } catch (err) {
      if (err instanceof FrameError) log.info(`${name} connection ended`, { path, err })
      else log.error(`${name} connection failed`, { path, err })
      connection.destroy()
    }
  })
  connection.on('drain', pace)
  connection.on('error', err => log.debug(`${name} connection lost`, { path, err }))
}

/** Never throws: if an answer does not fit into a frame, the caller gets an error. */
function encodeAnswer<S extends FrameSocket>(answer: { readonly id: number }, { tooLarge }: FrameServerOptions<S>): Buffer {
  try {
    return encodeFrame(answer)
  } catch (err) {
    if (!(err instanceof FrameError)) throw err
    return encodeFrame(tooLarge(answer.id))
  }
}
