// Witnesses and sinks of the audit log, loaded only if there are some: an AuditConfiguration names them, or a node is a witness.
import type { AuditLog } from '../../access/audit/audit-log.ts'
import type { AuditOutputs } from '../../access/audit/outputs/audit-outputs.ts'
import type { NodeWitness } from '../../access/audit/outputs/show-to-node.ts'
import { CoalescedWork } from '../../base/async/coalesced-work.ts'
import { systemClock } from '../../base/clock.ts'
import { parseKey } from '../../base/tlog/note.ts'
import { messageOf } from '../../base/user-error.ts'
import type { ServeApiOptions } from './serve-api.ts'
import { auditFolder } from './server.ts'

export type ServerAuditOutputsOptions = Pick<ServeApiOptions, 'signer' | 'settings' | 'signal'> & { readonly audit: AuditLog }

const alarmName = 'witness nodes'

export class ServerAuditOutputs implements AsyncDisposable {
  readonly #options: ServerAuditOutputsOptions
  #outputs: AuditOutputs | undefined
  #nodes: () => readonly NodeWitness[] = () => []
  #newest: string | undefined
  readonly #opening = new CoalescedWork(() => this.#openForNodes())

  private constructor(options: ServerAuditOutputsOptions) {
    this.#options = options
  }

  /** Rejects if what the AuditConfiguration names cannot be opened. */
  static async open(options: ServerAuditOutputsOptions): Promise<ServerAuditOutputs> {
    const outputs = new ServerAuditOutputs(options)
    if (options.settings.auditOutputs !== undefined) await outputs.#open()
    return outputs
  }

  /** From now on these are witnesses, too: the source is asked at each checkpoint. */
  witnessNodes(nodes: () => readonly NodeWitness[]): void {
    this.#nodes = nodes
  }

  /** The oldest file that a sink still needs. */
  get needs(): number {
    return this.#outputs?.needs ?? Number.POSITIVE_INFINITY
  }

  /** Shows the checkpoint to witnesses, and sends to sinks what is on disk. */
  follow(checkpoint: string): void {
    this.#newest = checkpoint
    if (this.#outputs !== undefined) {
      this.#outputs.show(checkpoint)
      this.#outputs.wake(this.#options.audit.place)
    } else if (this.#nodes().length > 0) this.#opening.request()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opening.idle()
    await this.#outputs?.[Symbol.asyncDispose]()
  }

  async #open(): Promise<void> {
    const { audit, signer, settings, signal } = this.#options
    const { AuditOutputs } = await import('../../access/audit/outputs/audit-outputs.ts')
    const { logKey } = await signer.auditKey(signal)
    this.#outputs = await AuditOutputs.open({
      ...{ settings: settings.auditOutputs ?? { witnesses: [], sinks: [] }, directory: auditFolder(settings.directory) },
      ...{ alarms: audit.alarms, clock: systemClock, logKey: parseKey(logKey), nodes: () => this.#nodes() },
    })
    this.#outputs.wake(audit.place)
  }

  /** After a failure the next checkpoint tries again. */
  async #openForNodes(): Promise<void> {
    const { audit, signal } = this.#options
    if (this.#outputs !== undefined || signal.aborted) return
    try {
      await this.#open()
      audit.alarms.clear(alarmName)
      if (this.#newest !== undefined) this.follow(this.#newest)
    } catch (err) {
      if (!signal.aborted) audit.alarms.raise(alarmName, `they cannot be shown the log: ${messageOf(err)}`)
    }
  }
}
