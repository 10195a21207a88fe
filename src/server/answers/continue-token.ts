// The continue token of a paged list. Signed, so that a client cannot choose where the server reads.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { badRequest } from '../../api/status.ts'
import { parseJson } from '../../base/json.ts'
import { writeJson } from '../../base/write-json.ts'

export interface ContinuePoint {
  /** The revision of the list; undefined if it has expired and the pages show the newest state. */
  readonly revision: number | undefined
  readonly namespace: string
  readonly name: string
  /** Time of the first page, in milliseconds. */
  readonly since: number
}

/** How long all pages show the same state. Upstream's compaction ends it after five to ten minutes. */
export const pagesLastMs = 8 * 60_000

const macLength = 16

/** `key` is 32 random bytes, shared by the servers of a cluster. */
export class ContinueTokens {
  readonly #key: Buffer
  constructor(key: Buffer) {
    this.#key = key
  }

  /** `scope` is the resource and namespace of the list: a token is valid for its list only. */
  seal(point: ContinuePoint, scope: string): string {
    const payload = Buffer.from(writeJson([point.revision ?? -1, point.namespace, point.name, point.since]))
    return Buffer.concat([this.#mac(payload, scope), payload]).toString('base64url')
  }

  /** Throws a 400 for anything not made by `seal`. */
  open(token: string, scope: string): ContinuePoint {
    const bytes = Buffer.from(token, 'base64url')
    const payload = bytes.subarray(macLength)
    if (bytes.length <= macLength || !timingSafeEqual(bytes.subarray(0, macLength), this.#mac(payload, scope))) {
      throw badRequest('invalid continue token: continue key is not valid: the token was not made by this server for this list')
    }
    const [revision, namespace, name, since] = parseJson(payload.toString()) as unknown[]
    return {
      revision: revision === -1 ? undefined : Number(revision),
      namespace: String(namespace),
      name: String(name),
      since: Number(since),
    }
  }

  #mac(payload: Buffer, scope: string): Buffer {
    return createHmac('sha256', this.#key).update(scope).update('\0').update(payload).digest().subarray(0, macLength)
  }
}
