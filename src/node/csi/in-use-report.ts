// The attached volumes that this node uses, in its status. The controller detaches a volume that is not listed, while pods may still write to it.
import { OneByOne } from '../../base/async/serial-queue.ts'
import { type Clock, pause } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { writeJson } from '../../base/write-json.ts'
import type { Client } from '../../client/client.ts'
import { nodes } from '../../client/resources.ts'

export interface InUseReportOptions {
  readonly inUse: () => Promise<readonly string[]>
  readonly client: Client
  readonly nodeName: string
  readonly clock: Clock
  readonly log: Logger
}

const retryMs = 1_000

export class InUseReport {
  readonly #options: InUseReportOptions
  /** An older list must not replace a newer one. */
  readonly #writes = new OneByOne()
  /** What the status lists; undefined before the first report and after one that failed, which the server may have carried out. */
  #written: string | undefined

  constructor(options: InUseReportOptions) {
    this.#options = options
  }

  /** Resolves when the status lists what is in use. */
  write(signal: AbortSignal): Promise<void> {
    const { inUse, client, nodeName } = this.#options
    return this.#writes.run(async () => {
      const before = this.#written
      this.#written = undefined
      const volumesInUse = await inUse()
      const text = writeJson(volumesInUse)
      if (text !== before)
        await client.patch(nodes, '', nodeName, { status: { volumesInUse } }, { type: 'merge', subresource: 'status' }, signal)
      this.#written = text
    })
  }

  /**
   * Until the signal: reports at the start, since the agent may have died before a report, again after a report that failed, and to a Node that
   * was made again.
   */
  async run(signal: AbortSignal, nodeUid: () => string | undefined = () => undefined): Promise<void> {
    const { clock, log } = this.#options
    let uid = nodeUid()
    while (!signal.aborted) {
      const now = nodeUid()
      if (now !== uid) this.#written = undefined
      uid = now
      try {
        if (this.#written === undefined) await this.write(signal)
      } catch (err) {
        if (!signal.aborted) log.error('CSI volumes in use not reported', { err, retryAfterMs: retryMs })
      }
      await pause(clock, retryMs, signal)
    }
  }
}
