// One of several processes works at a time, chosen by a Lease, as client-go's leaderelection: no clocks are compared. A process that saw no
// renewal for the length of the lease, by its own clock, may take it; the holder stops before that if it cannot renew.
import { isReason } from '../api/status.ts'
import { type Clock, formatMicroTime, pause } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Client } from './client.ts'
import { type Lease, leases } from './resources.ts'

export interface ElectionTimes {
  /** How long others wait for a renewal before they take the lease. Whole seconds. */
  readonly leaseMs: number
  /** The holder that could not renew for so long stops its work. */
  readonly renewDeadlineMs: number
  readonly retryMs: number
}

/** Shorter than upstream's 15 s, 10 s and 2 s: with the retry, work moves within 15 s. */
export const electionTimes: ElectionTimes = { leaseMs: 10_000, renewDeadlineMs: 7_000, retryMs: 2_000 }
/** As upstream: candidates do not all try at the same moment. */
const jitterShare = 1.2

export interface ElectionOptions {
  readonly client: Client
  /** For example `kube-scheduler`. */
  readonly name: string
  /** Different for every process. */
  readonly identity: string
  readonly clock: Clock
  readonly log: Logger
  /** In [0, 1). */
  readonly random: () => number
  readonly times?: ElectionTimes
}

const namespace = 'kube-system'

/**
 * Runs `work` whenever this process holds the lease, until the signal. `work` must end when its own signal is aborted. Gives the lease up at
 * the end, so that another process continues at once.
 */
export async function runWhileLeading(
  options: ElectionOptions,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const election = new Election(options)
  while (await election.acquired(signal)) {
    const lost = new AbortController()
    const until = AbortSignal.any([signal, lost.signal])
    const working = work(until)
    // Reported where it is awaited.
    working.catch(() => lost.abort(new Error('the work has ended')))
    await election.kept(until)
    lost.abort(new Error(`the lease "${options.name}" was lost`))
    try {
      await working
    } finally {
      await election.release()
    }
  }
}

class Election {
  readonly #options: ElectionOptions
  readonly #times: ElectionTimes
  #seen: Lease | undefined
  /** Monotonic time at which the lease was seen to change. */
  #changedAt = Number.NEGATIVE_INFINITY

  constructor(options: ElectionOptions) {
    this.#options = options
    this.#times = options.times ?? electionTimes
  }

  /** Resolves with true when this process holds the lease; false after the signal. */
  async acquired(signal: AbortSignal): Promise<boolean> {
    const { log, name, identity } = this.#options
    while (!signal.aborted) {
      if (await this.#try(signal)) {
        log.info('leads', { lease: name, identity })
        return true
      }
      await this.#pause(signal)
    }
    return false
  }

  /** Resolves when the lease could not be renewed in time, or after the signal. */
  async kept(signal: AbortSignal): Promise<void> {
    const { clock, log, name } = this.#options
    let renewedAt = clock.monotonic()
    while (!signal.aborted) {
      await this.#pause(signal)
      if (signal.aborted) return
      const begun = clock.monotonic()
      const left = Math.max(1, Math.round(renewedAt + this.#times.renewDeadlineMs - begun))
      if (await this.#try(AbortSignal.any([signal, AbortSignal.timeout(left)]))) renewedAt = begun
      else if (this.#isOthers() || clock.monotonic() - renewedAt >= this.#times.renewDeadlineMs) {
        if (!signal.aborted) log.error('leads no longer', { lease: name })
        return
      }
    }
  }

  /** Others need not wait for the end of the lease. */
  async release(): Promise<void> {
    const { client, clock, log, identity, name } = this.#options
    const seen = this.#seen
    if (seen?.spec.holderIdentity !== identity) return
    const now = formatMicroTime(clock.now())
    const spec = { ...seen.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: now, acquireTime: now }
    try {
      this.#observe(await client.update(leases, { ...seen, spec }, AbortSignal.timeout(this.#times.retryMs)))
    } catch (err) {
      log.info('a lease ends by itself', { lease: name, err })
    }
  }

  #pause(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options
    return pause(clock, this.#times.retryMs * (1 + random() * (jitterShare - 1)), signal)
  }

  #isOthers(): boolean {
    const holder = this.#seen?.spec.holderIdentity ?? ''
    return holder !== '' && holder !== this.#options.identity
  }

  /** Takes or renews the lease; false if it is another's, or the API does not answer. */
  async #try(signal: AbortSignal): Promise<boolean> {
    const { log, name, identity } = this.#options
    try {
      // The holder knows what is stored: it wrote it.
      const known = this.#seen?.spec.holderIdentity === identity ? this.#seen : await this.#read(signal)
      return known === undefined ? await this.#create(signal) : await this.#update(known, signal)
    } catch (err) {
      if (isReason(err, 'Conflict') || isReason(err, 'NotFound') || isReason(err, 'AlreadyExists')) this.#seen = undefined
      else if (!signal.aborted) log.info('cannot take or renew a lease', { lease: name, err })
      return false
    }
  }

  async #read(signal: AbortSignal): Promise<Lease | undefined> {
    const { client, name } = this.#options
    try {
      const lease = await client.get(leases, namespace, name, signal)
      if (lease.metadata.resourceVersion !== this.#seen?.metadata.resourceVersion) this.#observe(lease)
      return lease
    } catch (err) {
      if (isReason(err, 'NotFound')) return undefined
      throw err
    }
  }

  async #create(signal: AbortSignal): Promise<boolean> {
    const { client, clock, name, identity } = this.#options
    const now = formatMicroTime(clock.now())
    const spec = { holderIdentity: identity, leaseDurationSeconds: this.#seconds, acquireTime: now, renewTime: now, leaseTransitions: 0 }
    const lease: Lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace }, spec }
    this.#observe(await client.create(leases, namespace, lease, signal))
    return true
  }

  async #update(known: Lease, signal: AbortSignal): Promise<boolean> {
    const { client, clock, identity } = this.#options
    const { holderIdentity = '', leaseDurationSeconds = this.#seconds, leaseTransitions = 0, acquireTime } = known.spec
    const isOwn = holderIdentity === identity
    if (!isOwn && holderIdentity !== '' && clock.monotonic() < this.#changedAt + leaseDurationSeconds * 1000) return false
    const now = formatMicroTime(clock.now())
    const spec = {
      holderIdentity: identity,
      leaseDurationSeconds: this.#seconds,
      acquireTime: isOwn && acquireTime !== undefined ? acquireTime : now,
      renewTime: now,
      leaseTransitions: isOwn ? leaseTransitions : leaseTransitions + 1,
    }
    this.#observe(await client.update(leases, { ...known, spec }, signal))
    return true
  }

  get #seconds(): number {
    return Math.ceil(this.#times.leaseMs / 1000)
  }

  #observe(lease: Lease): void {
    this.#seen = lease
    this.#changedAt = this.#options.clock.monotonic()
  }
}
