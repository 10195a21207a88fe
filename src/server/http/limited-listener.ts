// TCP listeners with shared limits of connections: in all and per address. Further connections are closed before a byte is read.
import { createServer, type Server, type Socket } from 'node:net'

export interface ConnectionLimits {
  readonly total: number
  readonly perAddress: number
  /** Per local address, from which the cluster's parts and its administrator connect. Below the total, so that others can connect. */
  readonly perLoopbackAddress: number
}

export const defaultConnectionLimits: ConnectionLimits = { total: 10_000, perAddress: 2000, perLoopbackAddress: 8000 }

/** Files that are not connections of clients: the store, the audit log, connections to nodes and webhooks. */
const reservedFiles = 512

/**
 * The default, or less if the process may open few files: a server that is out of files cannot even accept a connection in order to
 * close it.
 */
export function connectionsWithin(files: number): ConnectionLimits {
  const { total, perAddress, perLoopbackAddress } = defaultConnectionLimits
  const room = Math.max(files - reservedFiles, Math.floor(files / 2))
  if (room >= total) return defaultConnectionLimits
  const part = (of: number) => Math.ceil((room * of) / total)
  return { total: room, perAddress: part(perAddress), perLoopbackAddress: part(perLoopbackAddress) }
}

/** `onRefused` is called for each connection over the limits. */
export function limitedListeners(
  count: number,
  limits: ConnectionLimits,
  accept: (socket: Socket) => void,
  onRefused: () => void,
): readonly Server[] {
  const open = new Map<string, number>()
  let total = 0
  const take = (socket: Socket) => {
    const { remoteAddress: address } = socket
    const ofAddress = address === undefined ? 0 : (open.get(address) ?? 0)
    // Without an address the client is already gone.
    if (
      address === undefined ||
      total >= limits.total ||
      ofAddress >= (isLoopback(address) ? limits.perLoopbackAddress : limits.perAddress)
    ) {
      socket.destroy()
      onRefused()
      return
    }
    total++
    open.set(address, ofAddress + 1)
    socket.once('close', () => {
      total--
      const left = (open.get(address) ?? 0) - 1
      if (left > 0) open.set(address, left)
      else open.delete(address)
    })
    accept(socket)
  }
  return Array.from({ length: count }, () => {
    const server = createServer(take)
    // Closes the handle without creating a socket.
    server.maxConnections = limits.total
    server.on('drop', onRefused)
    return server
  })
}

const isLoopback = (address: string): boolean => address === '::1' || address.replace(/^::ffff:/, '').startsWith('127.')
