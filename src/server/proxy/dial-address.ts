// A direct TCP connection from this process to an address that belongs to not a pod.
import { BlockList, connect, isIP, type Socket } from 'node:net'
import { type ApiError, serviceUnavailable } from '../../api/status.ts'

const dialMs = 10_000

// Two lists, because one list would treat an IPv4 address like its mapped IPv6 address.
const forbidden4 = listOf('ipv4', [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 3],
])
const forbidden6 = listOf('ipv6', [
  ['::', 96],
  ['::ffff:0:0', 96],
  ['fe80::', 10],
  ['ff00::', 8],
])

function listOf(family: 'ipv4' | 'ipv6', networks: readonly (readonly [network: string, bits: number])[]): BlockList {
  const list = new BlockList()
  for (const [network, bits] of networks) list.addSubnet(network, bits, family)
  return list
}

/** Global unicast in Go's sense, in any notation: not loopback, link-local, multicast or unspecified, and not such an IPv4 address mapped to IPv6. */
export function isReachable(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !forbidden4.check(address)
    case 6:
      // An address with a zone is link-local.
      return !address.includes('%') && !forbidden6.check(address, 'ipv6')
    default:
      return false
  }
}

export const hostText = (address: string, port: number): string => `${address.includes(':') ? `[${address}]` : address}:${port}`

/** `address` is an IP address: without a DNS lookup, the checked address is the dialled one. Rejects with a 503 in Go's words. */
export function dialAddress(address: string, port: number, signal: AbortSignal): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const unreachable = (why: string) => serviceUnavailable(`error trying to reach service: dial tcp ${hostText(address, port)}: ${why}`)
  if (!isReachable(address)) return Promise.reject(unreachable('address not allowed'))
  const limit = AbortSignal.any([signal, AbortSignal.timeout(dialMs)])
  const socket = connect({ host: address, port })
  const fail = (err: ApiError) => {
    socket.destroy()
    reject(err)
  }
  const abort = () => fail(unreachable('i/o timeout'))
  limit.addEventListener('abort', abort, { once: true })
  if (limit.aborted) abort()
  // This listener stays: an error without a listener would end the process.
  socket.on('error', err => fail(unreachable(reasonOf(err))))
  socket.once('connect', () => {
    limit.removeEventListener('abort', abort)
    socket.setNoDelay(true)
    resolve(socket)
  })
  return promise
}

function reasonOf(err: Error): string {
  switch ('code' in err ? err.code : '') {
    case 'ECONNREFUSED':
      return 'connect: connection refused'
    case 'EHOSTUNREACH':
      return 'connect: no route to host'
    case 'ENETUNREACH':
      return 'connect: network is unreachable'
    case 'ECONNRESET':
      return 'connect: connection reset by peer'
    default:
      return err.message
  }
}
