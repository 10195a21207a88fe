// One request and its answer, whatever carries them: HTTP/2, HTTP/1.1 or a call in the same process.
import type { IncomingMessage } from 'node:http'
import type { Duplex, Readable } from 'node:stream'
import type { Credentials } from '../../access/access.ts'
import type { UserInfo } from '../../api/user.ts'
import type { BodyParts } from './body-parts.ts'

/** Lower-case names; a repeated header is joined by the transport, except where noted. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

export interface ServerRequest {
  readonly method: string
  /** As on the request line: path and query, still escaped. */
  readonly url: string
  readonly headers: RequestHeaders
  /** Whether a header begins with `impersonate-`, where the transport has looked. */
  readonly impersonates?: boolean
  readonly credentials: Credentials
  /** Set by the in-process transport only: who calls is known by construction, and authentication is not asked. */
  readonly identity?: UserInfo
  /** The protocol that the client asks to change to, in lower case, where the transport can hand the connection over. */
  readonly upgrade?: string
  /** Aborts when the client goes away or the server stops. Created on first use. */
  readonly signal: AbortSignal
  /** Aborts the signal: what is streamed to the client ends where it is. */
  end(reason: Error): void
  /** The whole body. Throws a 413 as soon as more than `limit` bytes came. */
  body(limit: number): Promise<Buffer>
  /** The body as it comes, for what is passed on and not read; undefined where the request has none. Instead of `body`. */
  readonly stream?: () => Readable | undefined
}

/** An HTTP/1.1 connection after its request's head. Whoever takes it over owns the socket. */
export interface UpgradedConnection {
  readonly message: IncomingMessage
  readonly socket: Duplex
  /** Bytes that came behind the head already. */
  readonly head: Buffer
}

/** Where a streamed answer goes. */
export interface Sink {
  /** False where the reader is behind: wait for `drained()` before more. Bytes written are accepted either way. */
  write(chunk: Buffer): boolean
  /** As one `write` of all of them, by a transport that need not copy them together for that. */
  writeAll?(chunks: readonly Buffer[]): boolean
  /** Resolves when there is room again; rejects with the signal's reason when the reader is gone. */
  drained(): Promise<void>
}

/** Writes the body and resolves at its end. A throw after the head is sent cuts the stream, so that a client never takes a part for the whole. */
export type BodyStream = (sink: Sink, signal: AbortSignal, begun?: () => void) => Promise<void>

export interface Reply {
  readonly status: number
  readonly contentType: string
  readonly body: Buffer | BodyParts | BodyStream
  readonly headers?: Readonly<Record<string, string | string[]>>
  /** A watch or a followed log: it does not count as in flight once started, and audit sees its start. */
  readonly longRunning?: boolean
  /** The body calls `begun` when what it has to send at first is sent; others have begun when they run. */
  readonly reportsBegin?: boolean
  /**
   * Takes the connection over instead of sending a body (`status` is 101): writes the response's head itself and resolves when the connection is
   * done with. Only for a request with `upgrade`.
   */
  readonly upgrade?: (connection: UpgradedConnection) => Promise<void>
  /** Frees what the answer holds beside memory, such as a connection to a backend: called when it is sent, cut, or replaced by another one. */
  readonly free?: () => void
  /** The name that a creation gave, for audit. */
  readonly objectName?: string
}

/** An answer with everything that the transport has to send. */
export interface FinalReply extends Reply {
  readonly auditId: string
  readonly warnings: readonly string[]
  /** Where flow control put the request. */
  readonly flow?: { readonly schema: { readonly metadata: { readonly uid?: string } }; readonly level: { readonly uid: string } }
  /** Called once when the body is out or was cut; `bytes` is what was sent. */
  done(outcome: { readonly bytes: number; readonly cut: boolean }): void
}

/** Every step from a request to its answer: what a transport hands its requests to. */
export type Pipeline = (request: ServerRequest) => Promise<FinalReply>

export function header(headers: RequestHeaders, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' || value === undefined ? value : value.join(',')
}
