// One flow: the requests of one FlowSchema with the same distinguisher (a user or a namespace).
import { dealHand, flowHash } from './shuffle-shard.ts'

export interface Flow {
  readonly schema: string
  readonly distinguisher: string
  /** The queues that it may wait in; empty if its level has none. */
  readonly hand: readonly number[]
  /** Seats held by its requests. */
  held: number
  /** Bytes that the large bodies of its requests with a seat may have. */
  bodyBytes: number
  waiting: number
}

const maxFlows = 10_000
/** Limit of characters of all names: a client that may impersonate chooses names as long as a header. */
const maxCharacters = 2 ** 20

/** The flows of one level. If there are many, idle ones are forgotten, because requests can name any namespace. */
export class Flows {
  readonly #flows = new Map<string, Flow>()
  #characters = 0
  readonly #queues: number
  readonly #handSize: number

  constructor(queues: number, handSize: number) {
    this.#queues = queues
    this.#handSize = handSize
  }

  of(schema: string, distinguisher: string): Flow {
    const key = `${schema}\0${distinguisher}`
    const known = this.#flows.get(key)
    if (known !== undefined) return known
    if (this.#flows.size >= maxFlows || this.#characters >= maxCharacters) this.#forgetIdle()
    const hand = this.#queues === 0 ? [] : dealHand(flowHash(schema, distinguisher), this.#queues, this.#handSize)
    const flow: Flow = { schema, distinguisher, hand, held: 0, bodyBytes: 0, waiting: 0 }
    this.#flows.set(key, flow)
    this.#characters += key.length
    return flow
  }

  #forgetIdle(): void {
    for (const [key, { held, waiting }] of this.#flows) {
      if (held > 0 || waiting > 0) continue
      this.#flows.delete(key)
      this.#characters -= key.length
    }
  }
}
