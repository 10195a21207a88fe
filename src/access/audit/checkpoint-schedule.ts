// When checkpoints of the log are made: soon after records came, and never two at a time.
import { CoalescedWork } from '../../base/async/coalesced-work.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { messageOf } from '../../base/user-error.ts'
import type { AuditAlarms } from './audit-alarms.ts'
import type { Checkpoints } from './checkpoints.ts'

/** With the time that it takes, checkpoints are at most a second apart. */
const delayMs = 700

export interface CheckpointScheduleOptions {
  readonly checkpoints: Pick<Checkpoints, 'make'>
  readonly alarms: AuditAlarms
  readonly clock: Clock
  readonly log: Logger
  /** Ends it. */
  readonly signal: AbortSignal
}

export class CheckpointSchedule {
  readonly #options: CheckpointScheduleOptions
  readonly #work = new CoalescedWork(() => this.#make())

  constructor(options: CheckpointScheduleOptions) {
    this.#options = options
  }

  /** Call when records are on disk. */
  recorded(): void {
    if (!this.#options.signal.aborted) this.#work.request()
  }

  /** Resolves when no checkpoint is being made; call it after the signal. */
  async ended(): Promise<void> {
    await this.#work.idle()
  }

  async #make(): Promise<void> {
    const { checkpoints, alarms, clock, log, signal } = this.#options
    if (signal.aborted) return
    try {
      await clock.sleep(delayMs, signal)
      await checkpoints.make(signal)
      alarms.clear('checkpoints')
    } catch (err) {
      if (signal.aborted) return
      if (alarms.raise('checkpoints', `no checkpoint can be made: ${messageOf(err)}`)) log.error('audit checkpoint not signed', { err })
      // Records that are there wait for their signature, whether others follow or not.
      this.#work.request()
    }
  }
}
