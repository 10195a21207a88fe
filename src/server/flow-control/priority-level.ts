// One priority level: its configuration, its seats, and its queues.
import type { PriorityLevelConfiguration } from '../../api/types/flowcontrol-v1.ts'
import { writeJson } from '../../base/write-json.ts'
import type { SeatLimits, Shares } from './allocate-seats.ts'
import { Flows } from './flow.ts'
import type { FlowClock } from './flow-clock.ts'
import { LevelQueues, type Queuing } from './level-queues.ts'

const noSeats: SeatLimits = { nominal: 0, lower: 0, upper: 0 }

export class PriorityLevel {
  readonly name: string
  readonly exempt: boolean
  readonly queues: LevelQueues
  #object: PriorityLevelConfiguration
  #flows: Flows
  #shape: string
  limits: SeatLimits = noSeats
  target = 0
  /** Its object was deleted: the level ends once it has no running or waiting requests. */
  quiescing = false

  constructor(object: PriorityLevelConfiguration, clock: FlowClock) {
    this.name = object.metadata.name ?? ''
    this.exempt = object.spec.type === 'Exempt'
    this.#object = object
    this.#shape = shapeOf(object)
    this.#flows = flowsOf(object)
    this.queues = new LevelQueues(clock, queuingOf(object))
  }

  get uid(): string {
    return this.#object.metadata.uid ?? ''
  }

  get flows(): Flows {
    return this.#flows
  }

  get shares(): Shares {
    const { limited, exempt } = this.#object.spec
    const of = this.exempt ? exempt : limited
    return {
      exempt: this.exempt,
      nominalShares: of?.nominalConcurrencyShares ?? (this.exempt ? 0 : defaultShares),
      lendablePercent: of?.lendablePercent ?? 0,
      borrowingPercent: limited?.borrowingLimitPercent,
    }
  }

  /** Waiting requests stay in their queues. Flows are dealt new hands only if the queues changed. */
  update(object: PriorityLevelConfiguration): void {
    this.#object = object
    this.quiescing = false
    const shape = shapeOf(object)
    if (shape === this.#shape) return
    this.#shape = shape
    this.#flows = flowsOf(object)
    this.queues.setQueuing(queuingOf(object))
  }
}

const defaultShares = 30

function queuingOf({ spec }: PriorityLevelConfiguration): Queuing {
  const response = spec.limited?.limitResponse
  if (response?.type !== 'Queue') return { queues: 0, queueLengthLimit: 0 }
  return { queues: response.queuing?.queues ?? 64, queueLengthLimit: response.queuing?.queueLengthLimit ?? 50 }
}

const flowsOf = (object: PriorityLevelConfiguration): Flows =>
  new Flows(queuingOf(object).queues, object.spec.limited?.limitResponse?.queuing?.handSize ?? 8)

const shapeOf = ({ spec }: PriorityLevelConfiguration): string => writeJson(spec.limited?.limitResponse ?? null)
