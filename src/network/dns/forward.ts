// Forwards names outside the cluster to the machine's resolvers, one after the other.
import { createSocket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { codeOf } from '../../base/user-error.ts'
import type { Resolver } from './respond.ts'

const perServerMs = 2_000
const port = 53
const maxPending = 1_000

/** The `nameserver` lines of a resolv.conf, without our own address. */
export function nameserversOf(resolvConf: string, own: string): string[] {
  return resolvConf
    .split('\n')
    .map(line => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? '')
    .filter(address => address !== '' && address !== own)
    .slice(0, 3)
}

export function machineNameservers(own: string): string[] {
  for (const path of ['/run/systemd/resolve/resolv.conf', '/etc/resolv.conf']) {
    try {
      return nameserversOf(readFileSync(path, 'utf8'), own)
    } catch (err) {
      if (codeOf(err) !== 'ENOENT') throw err
    }
  }
  return []
}

export function createForwarder(nameservers: readonly string[]): Resolver {
  let pending = 0
  return {
    async forward(query, signal) {
      if (pending >= maxPending) return undefined
      pending++
      try {
        for (const server of nameservers) {
          const answer = await ask(server, query, signal)
          if (answer !== undefined) return answer
        }
        return undefined
      } finally {
        pending--
      }
    },
  }
}

/** Each question has its own socket: the port is random, and only an answer of that server with our id is accepted. */
function ask(server: string, query: Buffer, signal: AbortSignal): Promise<Buffer | undefined> {
  return new Promise(resolve => {
    const socket = createSocket(server.includes(':') ? 'udp6' : 'udp4')
    const end = (answer: Buffer | undefined) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      socket.removeAllListeners()
      socket.once('error', () => undefined)
      socket.close()
      resolve(answer)
    }
    const onAbort = () => end(undefined)
    const timer = setTimeout(onAbort, perServerMs)
    signal.addEventListener('abort', onAbort, { once: true })
    socket.on('error', onAbort)
    socket.on('message', message => {
      if (message.length >= 12 && message.readUInt16BE(0) === query.readUInt16BE(0)) end(message)
    })
    // Not a callback, which would also be called if the server cannot be reached: this machine may have no way to it.
    socket.once('connect', () => socket.send(query))
    socket.connect(port, server)
  })
}
