// The node's one connection for requests of the API server: dialled out, upgraded, then served as HTTP/2 with reversed roles.
import { performServerHandshake, type ServerHttp2Session } from 'node:http2'
import { tunnelKeyHeader, tunnelPath, tunnelUpgrade } from '../../api/nodes/node-protocol.ts'
import { type Clock, pause } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { NodeIdentity } from '../registration/identity-file.ts'
import { readHttpHead } from './http-head.ts'
import { answerNodeRequest, type NodeRequestOptions } from './node-requests.ts'
import { dial } from './stream-proxy.ts'

export interface TunnelOptions {
  /** `https://host:port` of the API server. */
  readonly server: string
  readonly ca: string
  /** Read for each connection. When it changes, a new tunnel is opened, and requests in the old one continue there. */
  readonly identity: { readonly current: NodeIdentity; readonly changed: Promise<void> }
  readonly serverName?: string
  readonly nodeName: string
  readonly requests: NodeRequestOptions
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
}

const firstRetryMs = 200
const maxRetryMs = 10_000
const connectMs = 10_000
/** A dead peer is noticed within two of these. */
const pingMs = 15_000

interface OpenTunnel {
  /** The token by which the next tunnel replaces this one. */
  readonly key: string | undefined
  /** Resolves when it is closed; rejects with the reason if it broke. */
  readonly closed: Promise<void>
}

/** Maintains the tunnel until the signal; resolves when it and the tunnels that it replaced are closed. */
export async function runTunnel(options: TunnelOptions, signal: AbortSignal): Promise<void> {
  const { identity, clock, log, random } = options
  const replaced = new Set<Promise<void>>()
  let wait = firstRetryMs
  /** Of the open tunnel. */
  let openKey: string | undefined
  while (!signal.aborted) {
    try {
      const { changed } = identity
      const { closed, key } = await open(options, openKey, signal)
      openKey = key
      wait = firstRetryMs
      const renewed = await Promise.race([closed.then(() => false), changed.then(() => true)])
      if (renewed) {
        // The API server closes it once it has the new one, after its last stream.
        const rest = closed.catch((err: unknown) => log.debug('replaced tunnel lost', { err })).finally(() => replaced.delete(rest))
        replaced.add(rest)
        continue
      }
      openKey = undefined
      log.info('tunnel closed, opening it again')
    } catch (err) {
      if (signal.aborted) break
      log.error('tunnel lost', { err, retryAfterMs: wait })
    }
    await pause(clock, wait * (0.5 + random()), signal)
    wait = Math.min(wait * 2, maxRetryMs)
  }
  await Promise.all(replaced)
}

async function open(options: TunnelOptions, replaces: string | undefined, signal: AbortSignal): Promise<OpenTunnel> {
  const { server, ca, identity, nodeName, requests, clock, log } = options
  const url = new URL(server)
  const { certificate, key } = identity.current
  const limit = AbortSignal.any([signal, AbortSignal.timeout(connectMs)])
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const socket = await dial(
    {
      host,
      port: Number(url.port || 443),
      ca,
      cert: certificate,
      key,
      minVersion: 'TLSv1.3',
      ALPNProtocols: ['http/1.1'],
      ...(options.serverName === undefined ? {} : { servername: options.serverName }),
    },
    limit,
  )
  let session: ServerHttp2Session
  let tunnelKey: string | undefined
  try {
    const shown = replaces === undefined ? '' : `${tunnelKeyHeader}: ${replaces}\r\n`
    socket.write(
      `GET ${tunnelPath(nodeName)} HTTP/1.1\r\nHost: ${url.host}\r\nConnection: Upgrade\r\nUpgrade: ${tunnelUpgrade}\r\n${shown}\r\n`,
    )
    const head = await readHttpHead(socket, limit)
    tunnelKey = head.headers.get(tunnelKeyHeader)
    if (head.status === 409)
      throw new Error(
        'another process holds the tunnel of this node and answers: was its certificate copied, or is a second agent running?',
      )
    if (head.status !== 101) throw new Error(`the API server answered ${head.status} to the tunnel's upgrade`)
    session = performServerHandshake(socket)
  } catch (err) {
    socket.destroy()
    throw err
  }
  log.info('tunnel open', { node: nodeName })
  const ended = new AbortController()
  const close = () => session.destroy()
  signal.addEventListener('abort', close, { once: true })
  session.on('stream', (stream, headers) => {
    void answerNodeRequest(stream, headers, requests, AbortSignal.any([signal, ended.signal]))
  })
  void keepAlive(session, clock, ended.signal)
  const closed = new Promise<void>((resolve, reject) => {
    session.once('close', resolve)
    session.once('error', reject)
    socket.once('error', reject)
  }).finally(() => {
    ended.abort()
    signal.removeEventListener('abort', close)
    session.destroy()
    socket.destroy()
  })
  return { closed, key: tunnelKey }
}

async function keepAlive(session: ServerHttp2Session, clock: Clock, signal: AbortSignal): Promise<void> {
  let answered = true
  while (!signal.aborted && !session.destroyed) {
    await pause(clock, pingMs, signal)
    if (signal.aborted || session.destroyed) return
    if (!answered) return session.destroy(new Error('the API server does not answer pings'))
    answered = false
    session.ping(err => {
      if (!err) answered = true
    })
  }
}
