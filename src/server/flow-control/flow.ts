// One flow: the requests of one FlowSchema that its distinguisher holds for one (a user's, or a namespace's).
import { dealHand, flowHash } from './shuffle-shard.ts'

export interface Flow {
  readonly schema: string
  readonly distinguisher: string
  /** The queues that it may wait in; empty where its level has none. */
  readonly hand: readonly number[]
  /** Seats that its requests hold now. */
  held: number
  waiting: number
}

const maxFlows = 10_000
/** Of their names: who may act as others chooses names as long as a header. */
const maxCharacters = 2 ** 20

/** The flows of one level. Those that ask for nothing are forgotten when there are many: namespaces come from the paths of requests. */
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
    const flow: Flow = { schema, distinguisher, hand, held: 0, waiting: 0 }
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
