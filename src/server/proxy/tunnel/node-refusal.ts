// The error of a node that does not open a stream.
import type { Duplex } from 'node:stream'
import { ApiError, internalError, type Status } from '../../../api/status.ts'
import { isJsonObject, parseJson } from '../../../base/json.ts'

const maxRefusalLength = 65_536

/** The node's refusal as an error for the client; `failed` names the attempt, by default an upgrade. Throws a 500 for anything but an error with a Status: redirects (CVE-2018-1002102, CVE-2020-8559) and other successes are not forwarded. */
export async function nodeRefusal(status: number, stream: Duplex, failed?: string): Promise<ApiError> {
  if (status < 400 || status > 599) {
    stream.destroy()
    throw internalError(failed === undefined ? `invalid upgrade response: status code ${status}` : `${failed}: the node answered ${status}`)
  }
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream) {
    bytes += chunk.length
    if (bytes > maxRefusalLength) break
    chunks.push(chunk)
  }
  const reported = parsedStatus(Buffer.concat(chunks))
  if (reported === undefined) throw internalError(`${failed ?? 'unable to upgrade connection'}: the node answered ${status}`)
  return new ApiError(reported)
}

/** Only the fields of a Status that this server's own errors have, with limited texts. */
function parsedStatus(body: Buffer): Status | undefined {
  try {
    const parsed: unknown = parseJson(body.toString())
    if (!isJsonObject(parsed) || parsed.kind !== 'Status' || !isErrorCode(parsed.code)) return undefined
    const { code, reason, message, details } = parsed
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      ...textsOf({ message, reason }),
      ...(isJsonObject(details) ? { details: textsOf({ name: details.name, group: details.group, kind: details.kind }) } : {}),
      code,
    } as Status
  } catch {
    // Not JSON, so not a Status.
    return undefined
  }
}

const maxTextLength = 4096

function textsOf(given: Readonly<Record<string, unknown>>): Record<string, string> {
  const texts: Record<string, string> = {}
  for (const [name, value] of Object.entries(given)) if (typeof value === 'string') texts[name] = value.slice(0, maxTextLength)
  return texts
}

const isErrorCode = (code: unknown): code is number => typeof code === 'number' && Number.isInteger(code) && code >= 400 && code <= 599
