// The head of an answer over HTTP/2.
import { type OutgoingHttpHeaders, type ServerHttp2Stream, sensitiveHeaders } from 'node:http2'
import { headersByName } from './answer-headers.ts'

/** Node takes lists from 24.7 on. */
export const takesLists = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 24 || (major === 24 && minor >= 7)
}

const lists = takesLists(process.versions.node)

/** New in every answer: in the connection's table of headers it would drive out what comes again, which costs a small answer a tenth. */
const neverIndexed = ['audit-id']

/** `headers` are names and values in turn; the list is Node's from here on. With `endStream` nothing follows. */
export function respond(
  stream: Pick<ServerHttp2Stream, 'respond'>,
  status: number,
  headers: string[],
  endStream = false,
  asList = lists,
): void {
  const head: readonly string[] | OutgoingHttpHeaders = asList
    ? [':status', String(status), ...headers]
    : { ':status': status, ...headersByName(headers) }
  stream.respond(Object.assign(head, { [sensitiveHeaders]: neverIndexed }), { endStream })
}
