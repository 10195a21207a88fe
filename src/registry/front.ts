// The front of the cluster's registry: the only listener, with TLS, in front of a registry that nobody else can reach.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { Socket } from 'node:net'
import type { Logger } from '../base/log.ts'
import { codeOf, UserError } from '../base/user-error.ts'
import { writeJson } from '../base/write-json.ts'
import { answerRequest, type FrontParts } from './answer-request.ts'
import { faultBody, RegistryFault } from './registry-fault.ts'

export interface FrontOptions extends FrontParts {
  readonly hosts: readonly string[]
  readonly port: number
  /** PEM. */
  readonly certificate: string
  readonly key: string
  readonly log: Logger
}

export const maxConnections = 1000
export const maxOfAddress = 300
const maxHeaderBytes = 24 * 1024
/** Until the whole head of a request. */
const headMs = 20_000
/** Without a byte in either direction. */
const idleMs = 120_000

export interface Front extends AsyncDisposable {
  /** The port that it listens on. */
  readonly port: number
}

/** Resolves when it accepts connections. */
export async function openFront(options: FrontOptions): Promise<Front> {
  const { certificate, key, log, hosts } = options
  const servers: Server[] = []
  const closing = new AbortController()
  const close = async () => {
    closing.abort(new Error('the registry is closing'))
    await Promise.all(
      servers.map(server => {
        const closed = new Promise<void>(resolve => server.close(() => resolve()))
        server.closeAllConnections()
        return closed
      }),
    )
  }
  let { port } = options
  try {
    for (const host of hosts) {
      const server = createServer({
        ...{ cert: certificate, key, minVersion: 'TLSv1.3', ALPNProtocols: ['http/1.1'] },
        ...{ maxHeaderSize: maxHeaderBytes, headersTimeout: headMs, requestTimeout: 0, keepAliveTimeout: 60_000 },
      })
      server.maxConnections = maxConnections
      server.timeout = idleMs
      limitAddresses(server)
      server.on('timeout', socket => socket.destroy())
      server.on('request', (request, response) => void handle(request, response, options, closing.signal))
      // Without it, Node would answer 100 before the right is verified.
      server.on('checkContinue', (request, response) => void handle(request, response, options, closing.signal))
      server.on('tlsClientError', (err, socket) => {
        log.debug('registry connection failed', { err })
        socket.destroy()
      })
      await listen(server, port, host)
      servers.push(server)
      const address = server.address()
      if (typeof address === 'object' && address !== null) port = address.port
    }
  } catch (err) {
    await close()
    throw err
  }
  return { port, [Symbol.asyncDispose]: close }
}

/** One address cannot take all connections. */
function limitAddresses(server: Server): void {
  const open = new Map<string, number>()
  server.on('connection', socket => {
    const address = socket instanceof Socket ? (socket.remoteAddress ?? '') : ''
    const count = (open.get(address) ?? 0) + 1
    open.set(address, count)
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1
      if (left > 0) open.set(address, left)
      else open.delete(address)
    })
    if (count > maxOfAddress) socket.destroy()
  })
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, () => {
        server.off('error', reject)
        resolve()
      })
    })
  } catch (cause) {
    if (codeOf(cause) === 'EADDRINUSE')
      throw new UserError(`Port ${port} on ${host} is in use by another program: stop it, or choose another port with --registry-port`, {
        cause,
      })
    throw cause
  }
}

async function handle(request: IncomingMessage, response: ServerResponse, options: FrontOptions, closing: AbortSignal): Promise<void> {
  const gone = new AbortController()
  const { log } = options
  response.once('close', () => {
    if (!response.writableFinished) gone.abort(new Error('the client left'))
  })
  const signal = AbortSignal.any([closing, gone.signal])
  try {
    await answerRequest(request, response, options, signal)
  } catch (err) {
    if (signal.aborted) response.destroy()
    else refuse(request, response, err, log)
  }
}

function refuse(request: IncomingMessage, response: ServerResponse, err: unknown, log: Logger): void {
  const known = err instanceof RegistryFault
  if (!known || err.code === 'UNAVAILABLE') log.error('registry request failed', { err })
  if (response.headersSent) {
    response.destroy()
    return
  }
  const { status, body } = known
    ? { status: err.status, body: faultBody(err) }
    : { status: 500, body: writeJson({ errors: [{ code: 'UNKNOWN', message: 'internal error' }] }) }
  const text = { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(body) }
  // What the client still sends is not read.
  const ends = request.complete ? {} : { connection: 'close' }
  response.writeHead(status, { ...text, ...ends, ...(status === 429 ? { 'retry-after': '1' } : {}) })
  response.end(body, () => {
    if (!request.complete) request.socket.destroySoon()
  })
}
