// Writes the status of trust roots: conditions, and the versions that were accepted, which the cluster remembers where the disk of the part is lost.
import { isReason } from '../../api/status.ts'
import type { Condition } from '../../api/types/meta-v1.ts'
import type { TrustRoot, TrustRootStatus } from '../../api/types/supply-v1.ts'
import { type Clock, formatTime } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { writeJson } from '../../base/write-json.ts'
import type { Client } from '../../client/client.ts'
import type { EventRecorder } from '../../client/event-recorder.ts'
import { trustRoots } from '../../client/resources.ts'
import { WorkQueue } from '../../client/work-queue.ts'
import type { Followed } from '../policy-state.ts'
import type { RememberedTuf } from './trust-memory.ts'

export interface TrustStatusParts {
  readonly client: Client
  readonly roots: Followed<TrustRoot>
  readonly events: Pick<EventRecorder, 'record'>
  readonly clock: Clock
  readonly log: Logger
}

export interface ConditionState {
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
}

const maxMessage = 1024

interface Wanted {
  readonly conditions: Map<string, ConditionState | undefined>
  tuf?: Partial<TrustRootStatus>
}

export class TrustStatusWriter {
  readonly #parts: TrustStatusParts
  readonly #queue: WorkQueue
  /** By name: what was not written yet. */
  readonly #wanted = new Map<string, Wanted>()

  constructor(parts: TrustStatusParts) {
    this.#parts = parts
    this.#queue = new WorkQueue({ clock: parts.clock, firstBackoffMs: 50, maxBackoffMs: 30_000 })
  }

  /** How the TUF repository stands. */
  current(root: TrustRoot, state: ConditionState): void {
    this.#want(root, 'Current', state)
  }

  /** Newer metadata, or the same again, was accepted. */
  accepted(root: TrustRoot, { rootVersion, versions, expires, updated }: RememberedTuf): void {
    const wanted = this.#want(root, 'Current', {
      status: 'True',
      reason: 'Updated',
      message: `TUF root version ${rootVersion}, valid until ${formatTime(expires)}`,
    })
    wanted.tuf = {
      tufVersion: rootVersion,
      ...{ tufTimestamp: versions.timestamp, tufSnapshot: versions.snapshot, tufTargets: versions.targets },
      ...{ tufExpires: formatTime(expires), updated: formatTime(updated) },
    }
  }

  /** Why nothing of it counts; undefined if it does. Only what was refused once has this condition. */
  usable(root: TrustRoot, problem: string | undefined): void {
    const has = conditionOf(root.status, 'Accepted') !== undefined
    if (problem === undefined && !has && this.#wanted.get(root.metadata.name ?? '')?.conditions.get('Accepted') === undefined) return
    this.#want(
      root,
      'Accepted',
      problem === undefined
        ? { status: 'True', reason: 'Accepted', message: 'It is used' }
        : { status: 'False', reason: 'RolledBack', message: `It is not used: ${problem}` },
    )
  }

  #want(root: TrustRoot, type: string, state: ConditionState): Wanted {
    const { name = '' } = root.metadata
    const wanted = this.#wanted.get(name) ?? { conditions: new Map() }
    this.#wanted.set(name, wanted)
    wanted.conditions.set(type, state)
    this.#queue.add(name)
    return wanted
  }

  /** Writes until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = () => this.#queue.stop()
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    for (;;) {
      const name = await this.#queue.take()
      if (name === undefined) return
      try {
        await this.#write(name, signal)
        this.#queue.forget(name)
      } catch (err) {
        if (signal.aborted) return
        if (!isReason(err, 'Conflict')) this.#parts.log.error('cannot write the status of a TrustRoot', { trustRoot: name, err })
        this.#queue.addBackedOff(name)
      } finally {
        this.#queue.done(name)
      }
    }
  }

  async #write(name: string, signal: AbortSignal): Promise<void> {
    const { client, roots, clock } = this.#parts
    const wanted = this.#wanted.get(name)
    const object = roots.get('', name)
    this.#wanted.delete(name)
    if (wanted === undefined || object === undefined) return
    const status = nextStatus(object.status, wanted.conditions, wanted.tuf, formatTime(clock.now()))
    if (status === undefined) return
    try {
      await client.updateStatus(trustRoots, { ...object, status }, signal)
    } catch (err) {
      this.#again(name, wanted)
      // It was deleted meanwhile.
      if (isReason(err, 'NotFound')) return
      throw err
    }
    this.#recordEvents(object, wanted)
  }

  /** What came meanwhile is newer. */
  #again(name: string, { conditions, tuf }: Wanted): void {
    const newer = this.#wanted.get(name)
    this.#wanted.set(name, {
      conditions: new Map([...conditions, ...(newer?.conditions ?? [])]),
      ...(newer?.tuf === undefined && tuf === undefined ? {} : { tuf: { ...tuf, ...newer?.tuf } }),
    })
  }

  #recordEvents(object: TrustRoot, { conditions }: Wanted): void {
    const { metadata } = object
    const reference = {
      ...{ apiVersion: 'supply.bulkhead.dev/v1', kind: 'TrustRoot', name: metadata.name ?? '' },
      ...(metadata.uid === undefined ? {} : { uid: metadata.uid }),
    }
    for (const [type, state] of conditions) {
      const before = conditionOf(object.status, type)
      if (state === undefined || (before?.status === state.status && before.reason === state.reason)) continue
      // The first success is no news.
      if (state.status === 'True' && before === undefined) continue
      this.#parts.events.record(reference, state.status === 'True' ? 'Normal' : 'Warning', state.reason, state.message)
    }
  }
}

const conditionOf = (status: TrustRootStatus | undefined, type: string): Condition | undefined =>
  status?.conditions?.find(condition => condition.type === type)

/** Undefined if the status says so already. Pure. */
export function nextStatus(
  before: TrustRootStatus | undefined,
  wanted: ReadonlyMap<string, ConditionState | undefined>,
  tuf: Partial<TrustRootStatus> | undefined,
  now: string,
): TrustRootStatus | undefined {
  const conditions = new Map((before?.conditions ?? []).map(condition => [condition.type, condition]))
  for (const [type, state] of wanted) {
    if (state === undefined) continue
    const old = conditions.get(type)
    const message = state.message.slice(0, maxMessage)
    const lastTransitionTime = old?.status === state.status ? old.lastTransitionTime : now
    conditions.set(type, { type, status: state.status, reason: state.reason, message, lastTransitionTime })
  }
  const next = { ...before, ...tuf, conditions: [...conditions.values()] }
  return writeJson(next) === writeJson(before) ? undefined : next
}
