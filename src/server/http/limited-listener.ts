// TCP listeners that together take so many connections in all and so many of one address; others are closed before a byte is read.
import { createServer, type Server, type Socket } from 'node:net'

export interface ConnectionLimits {
  readonly total: number
  readonly perAddress: number
  /** Of an address of this machine: the parts of the cluster and its administrator come from there. Below the total, so that others find room. */
  readonly perLoopbackAddress: number
}

export const defaultConnectionLimits: ConnectionLimits = { total: 10_000, perAddress: 2000, perLoopbackAddress: 8000 }

/** For what is no connection of a client: the store, the audit log, ways to nodes and webhooks. */
const reservedFiles = 512

/**
 * The default, or less where the process may open only so many files: a server that can open none more cannot even take a connection in order to
 * close it.
 */
export function connectionsWithin(files: number): ConnectionLimits {
  const { total, perAddress, perLoopbackAddress } = defaultConnectionLimits
  const room = Math.max(files - reservedFiles, Math.floor(files / 2))
  if (room >= total) return defaultConnectionLimits
  const part = (of: number) => Math.ceil((room * of) / total)
  return { total: room, perAddress: part(perAddress), perLoopbackAddress: part(perLoopbackAddress) }
}

/** `onRefused` hears of each one that is closed. */
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
    // No address: the client is gone already.
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
    // Closed without a socket being made of it.
    server.maxConnections = limits.total
    server.on('drop', onRefused)
    return server
  })
}

const isLoopback = (address: string): boolean => address === '::1' || address.replace(/^::ffff:/, '').startsWith('127.')
