// The responses to malformed HTTP/1.1: plain text, as from Go's server, because there is no request that a Status could name.
import type { IncomingMessage } from 'node:http'
import { STATUS_CODES } from '../../base/net/node-http.ts'

export interface WireRefusal {
  readonly status: number
  /** The problem; it follows the name of the status. */
  readonly detail?: string
}

export const upgradeOutOfTurn: WireRefusal = { status: 400, detail: 'an upgrade before the answers that are due' }

/** The connection closes after this response. */
export function refusalParts({ status, detail }: WireRefusal): {
  readonly text: string
  readonly headers: Readonly<Record<string, string>>
} {
  const text = `${status} ${STATUS_CODES[status]}${detail === undefined ? '' : `: ${detail}`}`
  return { text, headers: { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' } }
}

/** The whole response. */
export function refusalBytes(refusal: WireRefusal): Buffer {
  const { text, headers } = refusalParts(refusal)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`HTTP/1.1 ${text}\r\n${lines.join('')}\r\n${text}`)
}

/** Undefined if the connection itself failed, so that nobody can read a response. */
export function parserRefusal({ code }: { readonly code?: string }): WireRefusal | undefined {
  if (code === 'HPE_HEADER_OVERFLOW') return { status: 431 }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return { status: 408 }
  return code?.startsWith('HPE_') ? { status: 400 } : undefined
}

/** Characters that a host may contain; the same set as in Go's server. */
const hostText = /^[\w!$%&'()*+,.:;=[\]~-]*$/

/** Problems of a head that the parser accepts: a proxy in front might interpret it differently, and so see another beginning of the next request. */
export function headRefusal({ httpVersionMajor, httpVersionMinor, headers, rawHeaders }: IncomingMessage): WireRefusal | undefined {
  if (httpVersionMajor !== 1) return { status: 505, detail: 'unsupported protocol version' }
  const { host } = headers
  if (host === undefined) {
    if (httpVersionMinor > 0) return { status: 400, detail: 'missing required Host header' }
  } else {
    if (!hostText.test(host)) return { status: 400, detail: 'malformed Host header' }
    if (repeatsHost(rawHeaders)) return { status: 400, detail: 'too many Host headers' }
  }
  const coding = headers['transfer-encoding']
  if (coding === undefined) return undefined
  if (httpVersionMinor === 0) return { status: 400, detail: 'HTTP/1.0 has no Transfer-Encoding' }
  return coding.toLowerCase() === 'chunked' ? undefined : { status: 501, detail: 'unsupported transfer encoding' }
}

function repeatsHost(rawHeaders: readonly string[]): boolean {
  let count = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]
    if (name?.length === 4 && name.toLowerCase() === 'host') count++
  }
  return count > 1
}
