// One request and its response, independent of the transport: HTTP/2, HTTP/1.1 or a call within the process.
import type { IncomingMessage } from 'node:http'
import type { Duplex, Readable } from 'node:stream'
import type { Credentials } from '../../access/access.ts'
import type { UserInfo } from '../../api/user.ts'
import type { BodyParts } from './body-parts.ts'

/** By lower-case names. The transport joins repeated headers, except where noted. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

export interface ServerRequest {
  readonly method: string
  /** Path and query as on the request line, still percent-encoded. */
  readonly url: string
  readonly headers: RequestHeaders
  /** Whether a header begins with `impersonate-`; undefined if the transport did not check. */
  readonly impersonates?: boolean
  readonly credentials: Credentials
  /** Set by the in-process transport only: the identity is known by construction, so authentication is skipped. */
  readonly identity?: UserInfo
  /** The requested protocol in lower case, if the transport can hand over the connection. */
  readonly upgrade?: string
  /** Aborts when the client disconnects or the server stops. Created on first use. */
  readonly signal: AbortSignal
  /** Aborts the signal, which cuts a response that is being streamed. */
  end(reason: Error): void
  /** The most bytes that the body may have, before it is read; infinite if only its end will show. Undefined within the process, where it is in memory. */
  readonly mostBodyBytes?: number
  /** Whether the whole body has arrived; undefined within the process. */
  readonly isWhole?: boolean
  /** Resolves in a round in which it is the turn of the request's connection; undefined within the process. */
  nextRound?(): Promise<void>
  /** The whole body. Rejects with 413 as soon as more than `limit` bytes came. */
  body(limit: number): Promise<Buffer>
  /** The body as a stream, for requests that are forwarded; undefined if there is none. Use either this or `body`. */
  readonly stream?: () => Readable | undefined
}

/** An HTTP/1.1 connection after the head of its request. The handler that takes it over owns the socket. */
export interface UpgradedConnection {
  readonly message: IncomingMessage
  readonly socket: Duplex
  /** Bytes that already arrived after the head. */
  readonly head: Buffer
}

/** Receives a streamed body. */
export interface Sink {
  /** False if the reader is behind: wait for `drained()` before the next write. The bytes are accepted in either case. */
  write(chunk: Buffer): boolean
  /** Like one `write` of all chunks, for transports that can do so without joining them. */
  writeAll?(chunks: readonly Buffer[]): boolean
  /** Resolves when there is room again; rejects with the signal's reason if the reader is gone. */
  drained(): Promise<void>
}

/** Writes the body and resolves at its end. An error after the head was sent cuts the stream, so that no client takes a part for the whole. */
export type BodyStream = (sink: Sink, signal: AbortSignal, begun?: () => void) => Promise<void>

export interface Reply {
  readonly status: number
  readonly contentType: string
  readonly body: Buffer | BodyParts | BodyStream
  readonly headers?: Readonly<Record<string, string | string[]>>
  /** A watch or a followed log: it does not count as in flight once started, and its start is audited. */
  readonly longRunning?: boolean
  /** The body calls `begun` once its initial part is sent. Other bodies count as begun when they run. */
  readonly reportsBegin?: boolean
  /**
   * Takes over the connection instead of sending a body (`status` is 101). It writes the head of the response and resolves when the connection is
   * no longer used. Only for a request with `upgrade`.
   */
  readonly upgrade?: (connection: UpgradedConnection) => Promise<void>
  /** Releases resources of the reply, such as a connection to a backend. Called when the reply was sent, cut or replaced. */
  readonly free?: () => void
  /** The name of a created object, for audit. */
  readonly objectName?: string
}

/** A reply with everything that the transport has to send. */
export interface FinalReply extends Reply {
  readonly auditId: string
  readonly warnings: readonly string[]
  /** How flow control classified the request. */
  readonly flow?: { readonly schema: { readonly metadata: { readonly uid?: string } }; readonly level: { readonly uid: string } }
  /** Called once when the body was sent or cut; `bytes` is what was sent. */
  done(outcome: { readonly bytes: number; readonly cut: boolean }): void
}

/** All steps from a request to its reply. Transports call it. */
export type Pipeline = (request: ServerRequest) => Promise<FinalReply>

export function header(headers: RequestHeaders, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' || value === undefined ? value : value.join(',')
}
