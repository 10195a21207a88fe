// What a node answers instead of opening a stream.
import type { Duplex } from 'node:stream'
import { ApiError, internalError, type Status } from '../../api/status.ts'
import { parseJson } from '../../base/json.ts'

const longestRefusal = 65_536

/** The node's refusal as an error for the client. Throws a 500 for anything but an error with a Status: neither a redirect (CVE-2018-1002102, CVE-2020-8559) nor another success is passed on. */
export async function nodeRefusal(status: number, stream: Duplex): Promise<ApiError> {
  if (status < 400 || status > 599) {
    stream.destroy()
    throw internalError(`invalid upgrade response: status code ${status}`)
  }
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream) {
    bytes += chunk.length
    if (bytes > longestRefusal) break
    chunks.push(chunk)
  }
  const told = parsedStatus(Buffer.concat(chunks))
  if (told === undefined) throw internalError(`unable to upgrade connection: the node answered ${status}`)
  return new ApiError(told)
}

function parsedStatus(body: Buffer): Status | undefined {
  try {
    const parsed: unknown = parseJson(body.toString())
    return isStatus(parsed) ? parsed : undefined
  } catch {
    // No JSON, so no Status either.
    return undefined
  }
}

function isStatus(value: unknown): value is Status {
  return (
    typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status' && 'code' in value && isErrorCode(value.code)
  )
}

const isErrorCode = (code: unknown): boolean => typeof code === 'number' && code >= 400 && code <= 599
