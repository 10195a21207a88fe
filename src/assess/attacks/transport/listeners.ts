// What every listener of the cluster answers to clients that do not speak TLS 1.3.
import { networkInterfaces } from 'node:os'
import { writeJson } from '../../../base/write-json.ts'
import { clusterSockets } from '../../cluster-sockets.ts'
import { handshake, sendPlain, type Target, targetOf } from '../../dial.ts'
import { inParallel } from '../../in-parallel.ts'
import type { ProofContext } from '../../proof.ts'

export interface Listener {
  readonly name: string
  readonly target: Target
  /**
   * containerd's streaming server uses Go's default, TLS 1.2 and newer, without a setting (containerd 1.7, internal/cri/config). Its only
   * client is the node agent, which uses TLS 1.3, and it must listen on loopback.
   */
  readonly mayOfferTls12: boolean
  /** DNS over TCP (RFC 7766) has no TLS, and answers nothing but questions about names. */
  readonly speaksDns: boolean
}

const everywhere: ReadonlySet<string> = new Set(['0.0.0.0', '::'])
const probes = 16

/** By address. Without access to the machine, only the API server. */
export async function clusterListeners({ endpoint, machine }: ProofContext): Promise<Map<string, Listener>> {
  const api = targetOf(endpoint.server)
  const found = new Map<string, Listener>([
    [`${api.host}:${api.port}`, { name: `API server ${endpoint.server}`, target: api, mayOfferTls12: false, speaksDns: false }],
  ])
  const own = Object.values(networkInterfaces()).flatMap(list => (list ?? []).map(({ address, scopeid }) => (scopeid ? '' : address)))
  for (const { protocol, address, port, program, loopback, part } of await clusterSockets(machine)) {
    if (protocol === 'udp') continue
    for (const host of everywhere.has(address) ? own.filter(each => each !== '' && (address === '::' || !each.includes(':'))) : [address])
      found.set(`${host}:${port}`, {
        ...{ name: `${part} (${program}) ${host}:${port}`, target: { host, port } },
        mayOfferTls12: program === 'containerd' && loopback,
        speaksDns: part === 'dns',
      })
  }
  return found
}

/** Clients that speak no TLS, and what a service in clear text would answer them. */
const plain = [
  { name: 'plain HTTP', text: 'GET /version HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n' },
  { name: 'HTTP/2 without TLS', text: `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${'\0'.repeat(3)}\x04${'\0'.repeat(5)}` },
  { name: 'a line of text', text: 'bulkhead\r\n\r\n' },
]

/**
 * A TLS server may send an alert (RFC 8446, 5.1), and those in Go this line (net/http, `tlsRecordHeaderLooksLikeHTTP`). Any other answer is a
 * service in clear text, also one that says that it does not know the path.
 */
export const isRefusal = (answer: string | undefined): boolean =>
  answer === undefined ||
  answer === '' ||
  answer.startsWith('\x15\x03') ||
  /^HTTP\/1\.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server\.\n?$/.test(answer)

const isSame = (a: Target, b: Target): boolean => a.host === b.host && a.port === b.port

/** Returns how many listeners offer TLS 1.2 because they may. */
export async function attackListeners(
  { attempts, endpoint }: ProofContext,
  listeners: readonly Listener[],
  signal: AbortSignal,
): Promise<number> {
  const answering = new Set<string>()
  const asked = listeners.flatMap(listener => plain.map(client => ({ listener, client })))
  await inParallel(
    asked,
    async ({ listener: { name, target }, client }) => {
      const answer = await sendPlain(target, client.text, signal)
      if (answer !== undefined && answer !== '') answering.add(name)
      const answered = answer === undefined ? 'no connection' : writeJson(answer.slice(0, 60))
      attempts.record({
        name: `${client.name} to ${name}`,
        sent: client.text.slice(0, 20),
        expected: 'no answer',
        answered,
        held: isRefusal(answer),
      })
    },
    probes,
  )
  // What answers at all speaks TLS. Listeners that are for pods alone close the connections of the machine.
  const api = targetOf(endpoint.server)
  await inParallel(
    listeners.filter(({ name, target, speaksDns }) => (answering.has(name) || isSame(target, api)) && !speaksDns),
    async ({ name, target }) => {
      const version = await handshake(target, 'TLSv1.3', signal)
      attempts.record({
        name: `TLS 1.3 to ${name}`,
        ...{ sent: 'handshake', expected: 'TLSv1.3', answered: version ?? 'refused', held: version === 'TLSv1.3' },
      })
    },
    probes,
  )
  const older = await inParallel(
    listeners,
    async ({ name, target, mayOfferTls12 }) => {
      const version = await handshake(target, 'TLSv1.2', signal)
      const held = version === undefined || (mayOfferTls12 && version === 'TLSv1.2')
      attempts.record({
        name: `TLS 1.2 and older to ${name}`,
        sent: 'handshake',
        expected: 'no handshake',
        answered: version ?? 'refused',
        held,
      })
      return version !== undefined && held
    },
    probes,
  )
  return older.filter(Boolean).length
}
