// Limits the requests that wait for the backend of one APIService: in all and per client, so that one client cannot use a slow backend alone.
import { limitHolder } from '../../../access/limit-subject.ts'
import { tooManyRequests } from '../../../api/status.ts'
import { writeJson } from '../../../base/write-json.ts'

export const maxWaiting = { inAll: 200, ofCaller: 50 }

export class WaitingRequests {
  readonly #counts = new Map<string, number>()

  /** Returns a function that ends the wait. Throws a 429 if too many wait. */
  begin(api: string, userName: string): () => void {
    const ofCaller = writeJson([api, limitHolder(userName)])
    if (this.#count(api) >= maxWaiting.inAll || this.#count(ofCaller) >= maxWaiting.ofCaller)
      throw tooManyRequests(`too many requests wait for the API service ${writeJson(api)}, please try again later`)
    this.#add(api, 1)
    this.#add(ofCaller, 1)
    return () => {
      this.#add(api, -1)
      this.#add(ofCaller, -1)
    }
  }

  #count(key: string): number {
    return this.#counts.get(key) ?? 0
  }

  #add(key: string, by: 1 | -1): void {
    const count = this.#count(key) + by
    if (count === 0) this.#counts.delete(key)
    else this.#counts.set(key, count)
  }
}
