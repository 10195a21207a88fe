// When checkpoints of the log are made: soon after records came, and never two at a time.
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
  #signing: Promise<void> | undefined
  /** Records came that the checkpoint which is being made does not have. */
  #isBehind = false

  constructor(options: CheckpointScheduleOptions) {
    this.#options = options
  }

  /** Call when records are on disk. */
  recorded(): void {
    if (this.#options.signal.aborted) return
    this.#isBehind = true
    this.#signing ??= this.#make().finally(() => {
      this.#signing = undefined
      if (this.#isBehind) this.recorded()
    })
  }

  /** Resolves when no checkpoint is being made; call it after the signal. */
  async ended(): Promise<void> {
    await this.#signing
  }

  async #make(): Promise<void> {
    const { checkpoints, alarms, clock, log, signal } = this.#options
    try {
      await clock.sleep(delayMs, signal)
      this.#isBehind = false
      await checkpoints.make(signal)
      alarms.clear('checkpoints')
    } catch (err) {
      if (signal.aborted) return
      log.error('audit checkpoint not signed', { err })
      alarms.raise('checkpoints', `no checkpoint can be made: ${messageOf(err)}`)
    }
  }
}
