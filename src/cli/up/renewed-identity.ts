// The certificate of a part that may not reach the signer itself: the supervisor issues it, and sends the part a new one before it expires.
import { keepRenewed, validityOf } from '../../base/async/renewal.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { ClientIdentity } from '../../cluster/client-identity.ts'

/** Of each certificate. The signer's policy has the same limit. */
export const partCertificateSeconds = 7 * 86_400

export interface RenewedIdentityOptions {
  /** Of the part. */
  readonly name: string
  readonly clock: Clock
  readonly log: Logger
  /** In [0, 1). */
  readonly random: () => number
  issue(): Promise<ClientIdentity>
  /** Sends the identity to the part, in this run and at the start of each later one. */
  send(identity: ClientIdentity): void
}

export class RenewedIdentity {
  readonly #options: RenewedIdentityOptions
  #current: ClientIdentity | undefined

  constructor(options: RenewedIdentityOptions) {
    this.#options = options
  }

  /** A new one for each start of the part, which replaces what an earlier run was sent. */
  async forStart(): Promise<ClientIdentity> {
    const isRestart = this.#current !== undefined
    this.#current = await this.#options.issue()
    if (isRestart) this.#options.send(this.#current)
    return this.#current
  }

  /** Resolves at the signal, or at once if the part was never started. */
  async keep(signal: AbortSignal): Promise<void> {
    if (this.#current === undefined) return
    const { name, clock, log, random, issue, send } = this.#options
    const validity = () => validityOf(this.#current?.certificate ?? '')
    const renew = async () => {
      this.#current = await issue()
      send(this.#current)
    }
    await keepRenewed({ name, clock, log, random, validity, renew }, signal)
  }
}
