// Where the next page of a list begins. Signed, so that a client cannot make the server read from a place it was not given.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { badRequest } from '../../api/status.ts'
import { parseJson } from '../../base/json.ts'

export interface ContinuePoint {
  /** The revision that the chain of pages shows; undefined for a chain that lost it and shows the newest. */
  readonly revision: number | undefined
  readonly namespace: string
  readonly name: string
  /** When the first page of the chain was taken, in ms. */
  readonly since: number
}

/** A chain of pages shows one state for so long: upstream's, whose compaction ends it after five to ten minutes. */
export const pagesLastMs = 8 * 60_000

const macLength = 16

/** Key: 32 random bytes; servers of one cluster share it. */
export class ContinueTokens {
  readonly #key: Buffer
  constructor(key: Buffer) {
    this.#key = key
  }

  /** `scope` is the resource and namespace that the list is of: a token of one list is none of another. */
  seal(point: ContinuePoint, scope: string): string {
    const payload = Buffer.from(JSON.stringify([point.revision ?? -1, point.namespace, point.name, point.since]))
    return Buffer.concat([this.#mac(payload, scope), payload]).toString('base64url')
  }

  /** Throws a 400 for anything that `seal` did not make. */
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
