// One gRPC call without TLS over its own connection: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md. @grpc/grpc-js never
// closes the socket to a server that does not speak HTTP/2, so each probe would leak one.

import { type ClientHttp2Session, connect as connectHttp2, constants, type IncomingHttpHeaders } from 'node:http2'
import { connect } from 'node:net'
import { status } from '@grpc/grpc-js'
import { STATUS_CODES } from '../../base/net/node-http.ts'
import { writeJson } from '../../base/write-json.ts'

export type GrpcAnswer =
  | { readonly code: 0; readonly message: Buffer }
  /** Any code but 0. */
  | { readonly code: number; readonly details: string }

/** Far above what health answers need; a pod's server must not fill the agent's memory. */
const maxMessageLength = 64 * 1024

/** The gRPC code for an HTTP status without a gRPC answer: https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md. */
const codeOfHttp: Readonly<Record<number, number>> = {
  400: status.INTERNAL,
  401: status.UNAUTHENTICATED,
  403: status.PERMISSION_DENIED,
  404: status.UNIMPLEMENTED,
  429: status.UNAVAILABLE,
  502: status.UNAVAILABLE,
  503: status.UNAVAILABLE,
  504: status.UNAVAILABLE,
}

/** Resolves when the server has sent its SETTINGS, the proof that it speaks HTTP/2; otherwise rejects, with everything closed. */
export async function openGrpc(host: string, port: number, signal: AbortSignal): Promise<ClientHttp2Session> {
  signal.throwIfAborted()
  const socket = connect({ host, port })
  const session = connectHttp2(`http://${host.includes(':') ? `[${host}]` : host}:${port}`, {
    createConnection: () => socket,
    settings: { enablePush: false },
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const stop = () => reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  // Both report; the first one ends the other.
  session.on('error', reject)
  socket.on('error', reject)
  socket.once('close', () => {
    reject(new Error('the connection was closed'))
    session.destroy()
  })
  // Without this, a server that silently ends its side would be awaited.
  socket.once('end', () => reject(new Error('the connection was closed')))
  session.once('remoteSettings', () => resolve())
  try {
    await promise
    return session
  } catch (err) {
    session.destroy()
    socket.destroy()
    throw err
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** Rejects only with the signal's reason. */
export async function callUnary(
  session: ClientHttp2Session,
  path: string,
  request: Buffer,
  userAgent: string,
  signal: AbortSignal,
): Promise<GrpcAnswer> {
  signal.throwIfAborted()
  if (session.destroyed) return { code: status.UNAVAILABLE, details: 'the connection was closed' }
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    te: 'trailers',
    'content-type': 'application/grpc',
    'user-agent': userAgent,
  })
  const { promise, resolve, reject } = Promise.withResolvers<GrpcAnswer>()
  const stop = () => reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  const chunks: Buffer[] = []
  let bytes = 0
  let trailers: IncomingHttpHeaders = {}
  stream.once('response', headers => {
    const refused = notGrpc(headers)
    if (refused) resolve(refused)
    // A trailers-only answer has its status in the head.
    else trailers = headers
  })
  stream.once('trailers', headers => {
    trailers = headers
  })
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    chunks.push(chunk)
    if (bytes > maxMessageLength) {
      const details = `grpc: received message larger than max (${bytes} vs. ${maxMessageLength})`
      resolve({ code: status.RESOURCE_EXHAUSTED, details })
      stream.close(constants.NGHTTP2_CANCEL)
    }
  })
  stream.once('error', err => resolve({ code: status.UNAVAILABLE, details: err.message }))
  stream.once('close', () => resolve(answerOf(trailers, Buffer.concat(chunks), stream.rstCode ?? 0)))
  stream.end(Buffer.concat([frameHead(request.length), request]))
  try {
    return await promise
  } finally {
    signal.removeEventListener('abort', stop)
    stream.close(constants.NGHTTP2_CANCEL)
  }
}

function frameHead(length: number): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(length, 1)
  return head
}

function notGrpc(headers: IncomingHttpHeaders): GrpcAnswer | undefined {
  const code = Number(headers[':status'])
  const type = headers['content-type']
  const why: string[] = []
  if (code !== 200) why.push(`unexpected HTTP status code received from server: ${code} (${STATUS_CODES[code] ?? ''})`)
  if (type === undefined) why.push('malformed header: missing HTTP content-type')
  else if (!/^application\/grpc($|[+;])/.test(type)) why.push(`transport: received unexpected content-type ${writeJson(type)}`)
  return why.length === 0 ? undefined : { code: codeOfHttp[code] ?? status.UNKNOWN, details: why.join('; ') }
}

function answerOf(trailers: IncomingHttpHeaders, body: Buffer, reset: number): GrpcAnswer {
  const code = trailers['grpc-status']
  if (code === undefined) {
    const details =
      reset === constants.NGHTTP2_NO_ERROR
        ? 'server closed the stream without sending trailers'
        : `stream terminated by RST_STREAM with error code: ${reset}`
    return { code: reset === constants.NGHTTP2_REFUSED_STREAM ? status.UNAVAILABLE : status.INTERNAL, details }
  }
  const number = /^\d{1,9}$/.test(String(code)) ? Number(code) : status.UNKNOWN
  if (number !== 0) return { code: number, details: percentDecoded(String(trailers['grpc-message'] ?? '')) }
  if (body.length < 5 || body.readUInt32BE(1) !== body.length - 5) return { code: status.INTERNAL, details: 'grpc: the message is cut' }
  if (body[0] !== 0) return { code: status.INTERNAL, details: 'grpc: compressed flag set with identity or empty encoding' }
  return { code: 0, message: body.subarray(5) }
}

/** Text that is no escape stays unchanged, as the protocol requires. */
function percentDecoded(text: string): string {
  const bytes = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString()
}
