// A TCP connection to an address that is no pod's, from this process itself.
import { connect, isIP, type Socket } from 'node:net'
import { type ApiError, serviceUnavailable } from '../../api/status.ts'

const dialMs = 10_000

/** Global unicast in Go's sense: no loopback, link-local, multicast or unspecified address. */
export function isReachable(address: string): boolean {
  if (isIP(address) === 4) {
    const [a = 0, b = 0] = address.split('.').map(Number)
    return a !== 127 && !(a === 169 && b === 254) && a < 224 && address !== '0.0.0.0'
  }
  return isIP(address) === 6 && !/^(::1?$|fe[89ab]|ff|::ffff:)/i.test(address)
}

export const hostText = (address: string, port: number): string => `${address.includes(':') ? `[${address}]` : address}:${port}`

/** `address` is an IP address: no name is looked up, so that what was checked is what is dialled. Rejects with a 503 in Go's words. */
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
  // It stays: an error without a listener would end the process.
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
