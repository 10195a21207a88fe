// API Priority and Fairness (KEP-1040): decides by FlowSchemas and PriorityLevelConfigurations which requests run, wait, or are rejected.
import type { FlowSchema, PriorityLevelConfiguration } from '../../api/types/flowcontrol-v1.ts'
import type { UserInfo } from '../../api/user.ts'
import type { RequestInfo } from '../request/request-info.ts'
import { allocateSeats, seatLimits } from './allocate-seats.ts'
import { mandatoryLevels, mandatorySchemas } from './bootstrap-objects.ts'
import { type Classification, Classifier, type SchemaAtLevel } from './classify.ts'
import { type FlowClock, monotonicClock } from './flow-clock.ts'
import { FlowCounters } from './flow-counters.ts'
import type { Seat } from './level-queues.ts'
import { PriorityLevel } from './priority-level.ts'
import { type StreamLimitOptions, StreamLimits } from './stream-limits.ts'
import { estimateWork, type ResourceFacts } from './work-estimate.ts'

export interface FlowLimits extends StreamLimitOptions {
  /** Seats of all levels together: upstream's --max-requests-inflight and --max-mutating-requests-inflight. */
  readonly seats: number
  /** The longest wait for a seat of a request that has no deadline of its own. */
  readonly maxWaitMs: number
}

export const defaultFlowLimits: FlowLimits = { seats: 600, maxWaitMs: 15_000, watchesPerUser: 5000, sessionsPerUser: 500 }

/** How often unused seats of levels are reallocated. */
export const borrowingPeriodMs = 10_000

export interface FlowRequest {
  readonly user: UserInfo
  readonly info: RequestInfo
  /** 1 for a mutating request. */
  readonly mutating: 0 | 1
  /** The most bytes that its body may have; 0 if it is not read. */
  readonly bodyBytes: number
  /** Time limit of the request; it may wait for a quarter of it. */
  readonly deadlineMs: number | undefined
  /** Called only if the request waits. */
  signal(): AbortSignal
}

export interface FlowObjects {
  readonly schemas: readonly FlowSchema[]
  readonly levels: readonly PriorityLevelConfiguration[]
}

export class FlowControl {
  readonly streams: StreamLimits
  readonly #limits: FlowLimits
  readonly #clock: FlowClock
  readonly #facts: ResourceFacts
  /** Survive changes of the objects, so that counters only grow. */
  readonly #counters = new Map<string, FlowCounters>()
  #levels = new Map<string, PriorityLevel>()
  #classifier: Classifier
  #fairFraction = 0
  #outdated: (() => FlowObjects) | undefined

  constructor(facts: ResourceFacts, limits: FlowLimits = defaultFlowLimits, clock: FlowClock = monotonicClock) {
    this.#facts = facts
    this.#limits = limits
    this.#clock = clock
    this.streams = new StreamLimits(limits)
    this.#classifier = this.#configured({ schemas: [], levels: [] })
  }

  /** Applies the current objects. Waiting requests continue to wait. */
  configure(objects: FlowObjects): void {
    this.#outdated = undefined
    this.#classifier = this.#configured(objects)
  }

  /** The objects have changed: they are read before the next request is classified. */
  outdated(read: () => FlowObjects): void {
    this.#outdated = read
  }

  #configured(objects: FlowObjects): Classifier {
    const levels = withMandatory(objects.levels, mandatoryLevels)
    const next = new Map<string, PriorityLevel>()
    for (const object of levels) {
      const name = object.metadata.name ?? ''
      const before = this.#levels.get(name)
      if (before?.exempt === (object.spec.type === 'Exempt')) before.update(object)
      next.set(name, before?.exempt === (object.spec.type === 'Exempt') ? before : new PriorityLevel(object, this.#clock))
    }
    for (const [name, level] of this.#levels) {
      if (next.has(name) || level.queues.isIdle) continue
      level.quiescing = true
      next.set(name, level)
    }
    this.#levels = next
    const all = [...next.values()]
    seatLimits(
      this.#limits.seats,
      all.map(({ shares }) => shares),
    ).forEach((limits, index) => {
      const level = all[index]
      if (level) level.limits = limits
    })
    this.#allocate()
    const schemas = withMandatory(objects.schemas, mandatorySchemas).flatMap(schema => this.#atLevel(schema) ?? [])
    for (const [key, counters] of this.#counters)
      if (counters.executing === 0 && counters.waiting === 0 && !schemas.some(at => at.counters === counters)) this.#counters.delete(key)
    const fallback = schemas.find(({ schema }) => schema.metadata.name === 'catch-all')
    if (fallback === undefined) throw new Error('there is no catch-all FlowSchema')
    return new Classifier(schemas, fallback)
  }

  /** Undefined for a schema whose level does not exist, which matches no request. */
  #atLevel(schema: FlowSchema): SchemaAtLevel | undefined {
    const name = schema.metadata.name ?? ''
    const level = this.#levels.get(schema.spec.priorityLevelConfiguration.name)
    if (level === undefined || level.quiescing) return undefined
    const key = `${level.name}\0${name}`
    const counters = this.#counters.get(key) ?? new FlowCounters(name, level.name)
    this.#counters.set(key, counters)
    return { schema, level, counters }
  }

  classify(user: UserInfo, info: RequestInfo): Classification {
    if (this.#outdated) this.configure(this.#outdated())
    return this.#classifier.classify(user, info)
  }

  /** A seat, at once if one is free. Throws the 429 if the request may not wait, and the wait rejects with it if it was too long. Exempt requests always run. */
  start({ level, flow, counters }: Classification, { user, info, mutating, bodyBytes, deadlineMs, signal }: FlowRequest): Seat {
    if (level.exempt) return { release: level.queues.startExempt(counters, mutating) }
    const work = estimateWork(info, level.limits.nominal, this.#facts)
    const { maxWaitMs } = this.#limits
    const maxWait = deadlineMs === undefined ? maxWaitMs : Math.min(maxWaitMs, deadlineMs / 4)
    return level.queues.start({ user, info, flow, work, counters, mutating, bodyBytes, maxWait, signal })
  }

  /** Reallocates unused seats; called once per period. */
  adjust(): void {
    const now = this.#clock.now()
    for (const { queues } of this.#levels.values()) queues.demand.endPeriod(now)
    for (const [name, { quiescing, queues }] of this.#levels) if (quiescing && queues.isIdle) this.#levels.delete(name)
    this.#allocate()
  }

  #allocate(): void {
    const levels = [...this.#levels.values()]
    const demands = levels.map(({ exempt, limits, queues }) => {
      const { highWatermark, smoothed } = queues.demand.summary
      return { exempt, limits, highWatermark, smoothed }
    })
    const { seats, targets, fairFraction } = allocateSeats(demands)
    this.#fairFraction = fairFraction
    levels.forEach((level, index) => {
      level.target = targets[index] ?? 0
      level.queues.setLimit(seats[index] ?? 0)
    })
  }

  get levels(): readonly PriorityLevel[] {
    return [...this.#levels.values()]
  }

  get counters(): Iterable<FlowCounters> {
    return this.#counters.values()
  }

  get fairFraction(): number {
    return this.#fairFraction
  }
}

/** Adds missing mandatory objects, without which some requests would have no schema or level. */
function withMandatory<T extends { metadata: { name?: string } }>(objects: readonly T[], mandatory: readonly T[]): readonly T[] {
  const names = new Set(objects.map(({ metadata }) => metadata.name))
  return [...objects, ...mandatory.filter(({ metadata }) => !names.has(metadata.name))]
}
