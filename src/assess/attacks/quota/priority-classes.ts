// Two PriorityClasses for the scopes of quotas. Classes belong to the whole cluster, so they exist only while the attack runs: no pod of it
// is ever scheduled, and nothing else has their names.
import { isReason } from '../../../api/status.ts'
import type { Client } from '../../../client/client.ts'
import { resourceRef } from '../../../client/resource-ref.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import type { Classes } from './quota-room.ts'

const priorityClasses = resourceRef('scheduling.k8s.io', 'v1', 'priorityclasses', 'PriorityClass')
const cleanUpMs = 30_000

export class ProofPriorityClasses implements AsyncDisposable {
  readonly names: Classes
  readonly #client: Client

  private constructor(client: Client, names: Classes) {
    this.#client = client
    this.names = names
  }

  static async create({ client }: ProofContext, { name }: ProofNamespace, signal: AbortSignal): Promise<ProofPriorityClasses> {
    const names = { x: `${name}-x`, y: `${name}-y` }
    await using stack = new AsyncDisposableStack()
    const made = stack.use(new ProofPriorityClasses(client, names))
    for (const own of [names.x, names.y])
      await client.create(priorityClasses, '', Object.assign({ metadata: { name: own } }, { value: 0, preemptionPolicy: 'Never' }), signal)
    stack.move()
    return made
  }

  /** It has its own time limit, because it must also run after the proof's. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of [this.names.x, this.names.y]) {
      try {
        await this.#client.delete(priorityClasses, '', name, {}, AbortSignal.timeout(cleanUpMs))
      } catch (err) {
        if (!isReason(err, 'NotFound')) throw err
      }
    }
  }
}
