// Writes of the server itself: requests with its own identity, authorized, admitted and audited like all others.
import { ApiError, type Status } from '../../api/status.ts'
import { parseJson } from '../../base/json.ts'
import { writeJson } from '../../base/write-json.ts'
import type { InProcessTransport } from './in-process.ts'

export interface PatchOperation {
  readonly op: 'add' | 'replace' | 'remove'
  readonly path: string
  readonly value?: unknown
}

export interface OwnAnswer {
  readonly status: number
  readonly text: string
}

const shownCharacters = 300

export class OwnRequests {
  readonly #transport: InProcessTransport
  readonly #signal: AbortSignal

  constructor(transport: InProcessTransport, signal: AbortSignal) {
    this.#transport = transport
    this.#signal = signal
  }

  /** Sends a JSON patch for the version `revision`. False if the object has changed or is gone, so the caller looks again; rejects if refused. */
  async patch(path: string, revision: number, operation: PatchOperation): Promise<boolean> {
    const operations = [{ op: 'replace', path: '/metadata/resourceVersion', value: String(revision) }, operation]
    const { status, text } = await this.send('PATCH', path, operations)
    if (status === 404 || status === 409) return false
    if (status >= 300) throw new Error(`PATCH ${path} answered ${status}: ${text}`)
    return true
  }

  /** Rejects with the ApiError that any client would get. */
  async write(method: 'POST' | 'DELETE', path: string, value: object): Promise<void> {
    const { status, text } = await this.#answer(method, path, value)
    if (status >= 300) throw new ApiError(parseJson(text) as Status)
  }

  /** `text` is the beginning of the response. */
  async send(method: string, path: string, value?: object): Promise<OwnAnswer> {
    const { status, text } = await this.#answer(method, path, value)
    return { status, text: text.slice(0, shownCharacters) }
  }

  async #answer(method: string, path: string, value?: object): Promise<OwnAnswer> {
    const headers = { 'content-type': method === 'PATCH' ? 'application/json-patch+json' : 'application/json' }
    const body = value === undefined ? {} : { body: Buffer.from(writeJson(value)) }
    const response = await this.#transport.request({ method, path, headers, ...body }, this.#signal)
    const chunks: Buffer[] = []
    for await (const chunk of response.body) chunks.push(chunk)
    return { status: response.status, text: Buffer.concat(chunks).toString() }
  }
}
