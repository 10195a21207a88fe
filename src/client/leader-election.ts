// One of several does the work: who holds the Lease leads, and stops before another may take it (client-go's leaderelection).
import { isReason } from '../api/status.ts'
import { type Clock, formatMicroTime, pause } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Client } from './client.ts'
import { type Lease, leases } from './resources.ts'

/** A lease that is not given up keeps the next leader waiting for its end. */
const releaseMs = 5_000

export interface LeaderElectionOptions {
  readonly client: Client
  readonly namespace: string
  readonly name: string
  /** Of this process; one that is stable over restarts takes its own lease back without waiting. */
  readonly identity: string
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
  /** How long a silent leader keeps the lease for others. Default 15 s. */
  readonly leaseDurationMs?: number
  /** After this long without a renewal the leader stops by itself. Default 10 s. */
  readonly renewDeadlineMs?: number
  /** Default 2 s. */
  readonly retryPeriodMs?: number
}

export type LeaseDecision = { readonly decision: 'follow' } | { readonly decision: 'hold'; readonly spec: Lease['spec'] }

/** What this candidate may write now. `seenForMs` is how long ago the candidate first saw the lease as it stands. */
export function planLease(lease: Lease | undefined, seenForMs: number, now: number, identity: string, durationMs: number): LeaseDecision {
  const spec = lease?.spec ?? {}
  const holder = spec.holderIdentity ?? ''
  const time = formatMicroTime(now)
  const leaseDurationSeconds = Math.ceil(durationMs / 1000)
  if (holder === identity) {
    return {
      decision: 'hold',
      spec: { ...spec, holderIdentity: identity, leaseDurationSeconds, renewTime: time, acquireTime: spec.acquireTime ?? time },
    }
  }
  // Only the own clock counts, and only how long it ran: the holder's may be wrong, and both may be set.
  const heldFor = (spec.leaseDurationSeconds ?? leaseDurationSeconds) * 1000
  if (holder !== '' && seenForMs < heldFor) return { decision: 'follow' }
  const leaseTransitions = lease === undefined ? 0 : (spec.leaseTransitions ?? 0) + 1
  return {
    decision: 'hold',
    spec: { holderIdentity: identity, leaseDurationSeconds, acquireTime: time, renewTime: time, leaseTransitions },
  }
}

/** Waits for the lease, runs `lead` while it is held, and returns when `lead` has stopped: after the signal, or because the lease was lost. */
export async function runAsLeader(
  options: LeaderElectionOptions,
  lead: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { clock, log, random, identity } = options
  const retry = options.retryPeriodMs ?? 2000
  const candidate = new Candidate(options)
  while (!(await candidate.tryHold(signal))) {
    if (signal.aborted) return
    await pause(clock, retry * (1 + 0.2 * random()), signal)
    if (signal.aborted) return
  }
  log.info('leadership taken', { lease: options.name, identity })
  const lost = new AbortController()
  const both = AbortSignal.any([signal, lost.signal])
  const renewal = keep(candidate, options, both).then(() => lost.abort(new Error('leadership lost')))
  try {
    await lead(both)
  } finally {
    lost.abort()
    await renewal
    await candidate.release()
  }
}

/** Returns when the lease could not be renewed for the deadline, or on the signal. */
async function keep(candidate: Candidate, options: LeaderElectionOptions, signal: AbortSignal): Promise<void> {
  const { clock, log } = options
  const deadline = options.renewDeadlineMs ?? 10_000
  let renewed = clock.monotonic()
  while (!signal.aborted) {
    await pause(clock, options.retryPeriodMs ?? 2000, signal)
    if (signal.aborted) return
    const left = deadline - (clock.monotonic() - renewed)
    const timeout = new AbortController()
    const timer = clock.sleep(Math.max(0, left), AbortSignal.any([signal, timeout.signal])).then(
      () => timeout.abort(new Error('renewal took too long')),
      () => undefined,
    )
    if (await candidate.tryHold(AbortSignal.any([signal, timeout.signal]))) renewed = clock.monotonic()
    timeout.abort()
    await timer
    if (clock.monotonic() - renewed >= deadline) {
      log.error('leadership lost', { lease: options.name })
      return
    }
  }
}

class Candidate {
  readonly #options: LeaderElectionOptions
  #observed: { readonly version: string; readonly at: number } | undefined
  #held: Lease | undefined

  constructor(options: LeaderElectionOptions) {
    this.#options = options
  }

  /** Takes or renews the lease; false where another holds it or the server did not answer. */
  async tryHold(signal: AbortSignal): Promise<boolean> {
    const { log, name } = this.#options
    try {
      return await this.#tryHold(signal)
    } catch (err) {
      this.#held = undefined
      if (!signal.aborted) log.debug('lease not renewed', { lease: name, err })
      return false
    }
  }

  async #tryHold(signal: AbortSignal): Promise<boolean> {
    const { client, namespace, name, identity, leaseDurationMs = 15_000, clock } = this.#options
    const lease = this.#held ?? (await this.#read(signal))
    const version = lease?.metadata.resourceVersion ?? ''
    if (this.#observed?.version !== version) this.#observed = { version, at: clock.monotonic() }
    const plan = planLease(lease, clock.monotonic() - this.#observed.at, clock.now(), identity, leaseDurationMs)
    if (plan.decision === 'follow') return false
    this.#held =
      lease === undefined
        ? await client.create(leases, namespace, { metadata: { name, namespace }, spec: plan.spec }, signal)
        : await client.update(leases, { ...lease, spec: plan.spec }, signal)
    return true
  }

  async #read(signal: AbortSignal): Promise<Lease | undefined> {
    const { client, namespace, name } = this.#options
    try {
      return await client.get(leases, namespace, name, signal)
    } catch (err) {
      if (isReason(err, 'NotFound')) return undefined
      throw err
    }
  }

  /** Gives the lease up, so that another need not wait for its end. */
  async release(): Promise<void> {
    const { client, clock, log, name } = this.#options
    if (this.#held === undefined) return
    const time = formatMicroTime(clock.now())
    const spec = { ...this.#held.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: time, acquireTime: time }
    try {
      await client.update(leases, { ...this.#held, spec }, AbortSignal.timeout(releaseMs))
    } catch (err) {
      log.debug('lease not released', { lease: name, err })
    }
  }
}
