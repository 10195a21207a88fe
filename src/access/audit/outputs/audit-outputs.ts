// Shows checkpoints to witnesses and sends records to sinks, after they are on disk.
import type { Clock } from '../../../base/clock.ts'
import type { NoteKey } from '../../../base/tlog/note.ts'
import type { AuditAlarms } from '../audit-alarms.ts'
import type { AuditOutputsSettings } from './audit-outputs-settings.ts'
import { deliveryOf } from './deliveries.ts'
import type { NodeWitness } from './show-to-node.ts'
import { type LogPlace, Sink } from './sink.ts'
import { Witnesses } from './witnesses.ts'

export interface AuditOutputsOptions {
  readonly settings: Pick<AuditOutputsSettings, 'witnesses' | 'sinks'>
  /** The nodes that are witnesses now. Default: none. */
  readonly nodes?: () => readonly NodeWitness[]
  readonly directory: string
  readonly logKey: NoteKey
  readonly alarms: AuditAlarms
  readonly clock: Clock
}

export class AuditOutputs implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack()
  readonly #sinks: Sink[] = []
  readonly #witnesses: Witnesses

  private constructor({ settings, ...options }: AuditOutputsOptions) {
    this.#witnesses = this.#stack.use(new Witnesses({ ...options, witnesses: settings.witnesses }))
  }

  static async open(options: AuditOutputsOptions): Promise<AuditOutputs> {
    const outputs = new AuditOutputs(options)
    for (const settings of options.settings.sinks) {
      const { deliver } = outputs.#stack.use(deliveryOf(settings))
      outputs.#sinks.push(outputs.#stack.use(await Sink.open({ ...options, name: settings.name, deliver })))
    }
    return outputs
  }

  /** The oldest file that a sink still needs. */
  get needs(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.#sinks.map(({ needs }) => needs))
  }

  /** `durable`: lines before it are on disk. */
  wake(durable: LogPlace): void {
    for (const sink of this.#sinks) sink.wake(durable)
  }

  show(checkpoint: string): void {
    this.#witnesses.show(checkpoint)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]()
  }
}
