// Sends one request and returns the whole answer: proofs need status codes and headers, which the typed client hides.
import { parseJson } from '../base/json.ts'
import { proofAgent } from '../base/proof-agent.ts'
import { writeJson } from '../base/write-json.ts'
import { readText } from '../client/client.ts'
import { createHttpTransport, type HttpTransport, type HttpTransportOptions } from '../client/transport/http-transport.ts'
import type { ApiRequest, Transport } from '../client/transport/transport.ts'
import type { Endpoint } from './proof.ts'

export interface ProofRequest {
  readonly method: ApiRequest['method']
  readonly path: string
  /** Sent as JSON. */
  readonly body?: unknown
  /** Default: `application/json`. */
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string | string[]>>
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  /** The `message` of a Status, else ''. */
  readonly message: string
}

export const jsonPatch = 'application/json-patch+json'
export const mergePatch = 'application/merge-patch+json'
export const strategicPatch = 'application/strategic-merge-patch+json'
export const applyPatch = 'application/apply-patch+yaml'

export async function request(transport: Transport, question: ProofRequest, signal: AbortSignal): Promise<Answer> {
  const { method, path, body, contentType = 'application/json', headers = {} } = question
  const response = await transport.request(
    {
      method,
      path,
      headers: { ...(body === undefined ? {} : { 'content-type': contentType }), ...headers },
      ...(body === undefined ? {} : { body: Buffer.from(writeJson(body)) }),
    },
    signal,
  )
  const text = await readText(response)
  return { status: response.status, headers: response.headers, text, message: response.status < 400 ? '' : messageOfStatus(text) }
}

export const succeeded = ({ status }: Pick<Answer, 'status'>): boolean => status >= 200 && status < 300

/** A new connection with only these credentials. */
export function connectWith(
  { server, ca }: Endpoint,
  credentials: Pick<HttpTransportOptions, 'certificate' | 'key' | 'token'> = {},
): HttpTransport {
  return createHttpTransport({ server, ca, ...credentials, userAgent: proofAgent })
}

export interface Cause {
  readonly reason: string
  readonly field: string
}

/** The `details.causes` of a Status. */
export function causesOf({ status, text }: Answer): Cause[] {
  if (status < 400 || !text.startsWith('{')) return []
  const causes = memberOf(memberOf(parseJson(text), 'details'), 'causes')
  const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
  return Array.isArray(causes)
    ? causes.map(cause => ({ reason: textOf(memberOf(cause, 'reason')), field: textOf(memberOf(cause, 'field')) }))
    : []
}

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined

function messageOfStatus(text: string): string {
  if (!text.startsWith('{')) return ''
  const value: unknown = parseJson(text)
  const message = typeof value === 'object' && value !== null && 'message' in value ? value.message : undefined
  return typeof message === 'string' ? message : ''
}
