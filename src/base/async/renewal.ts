// Renews certificates before they expire, and retries failed renewals.
import { X509Certificate } from 'node:crypto'
import { type Clock, pause } from '../clock.ts'
import type { Logger } from '../log.ts'

/** Milliseconds since the epoch. */
export interface Validity {
  readonly from: number
  readonly to: number
}

export interface Renewal {
  /** The certificate's owner, for the log. */
  readonly name: string
  readonly clock: Clock
  readonly log: Logger
  /** In [0, 1). */
  readonly random: () => number
  /** Validity of the current certificate; called again after each renewal. */
  validity(): Validity
  /** Installs a new certificate. A rejection is retried. */
  renew(signal: AbortSignal): Promise<void>
}

const firstRetryMs = 2_000
const maxRetryMs = 300_000
/** Checks at least this often: if the clock was set, an expired or not yet valid certificate is renewed within this time. */
const maxPause = 60_000

export function validityOf(certificate: string): Validity {
  const { validFromDate, validToDate } = new X509Certificate(certificate)
  return { from: validFromDate.getTime(), to: validToDate.getTime() }
}

/** Between 70 % and 90 % of the lifetime, as the kubelet, so that certificates of the same time are not all renewed at once. */
export function renewalTime({ from, to }: Validity, random: number): number {
  return from + (to - from) * (0.7 + 0.2 * random)
}

/** Resolves at the signal. A failed renewal is retried at growing intervals, also when the certificate has expired. */
export async function keepRenewed({ name, clock, log, random, validity, renew }: Renewal, signal: AbortSignal): Promise<void> {
  let due = renewalTime(validity(), random())
  let retry = firstRetryMs
  // By the monotonic clock. Never again at once, whatever the signer returned.
  let notBefore = Number.NEGATIVE_INFINITY
  while (!signal.aborted) {
    // A certificate that is not valid yet is as useless as an expired one: the clock was set back.
    const left = Math.max(isEarly() ? 0 : due - clock.now(), notBefore - clock.monotonic())
    if (left > 0) {
      await pause(clock, Math.min(left, maxPause), signal)
      continue
    }
    try {
      await renew(signal)
      log.info('certificate renewed', { name, expires: new Date(validity().to).toISOString() })
      due = renewalTime(validity(), random())
      notBefore = clock.monotonic() + retry
      retry = isEarly() ? longer(retry) : firstRetryMs
    } catch (err) {
      if (signal.aborted) return
      const retryAfterMs = Math.round(retry * (0.75 + 0.5 * random()))
      const expires = new Date(validity().to).toISOString()
      log.error('certificate not renewed, trying again', { name, expires, expired: validity().to <= clock.now(), retryAfterMs, err })
      notBefore = clock.monotonic() + retryAfterMs
      retry = longer(retry)
    }
  }

  function isEarly(): boolean {
    return clock.now() < validity().from
  }
}

const longer = (retryMs: number): number => Math.min(retryMs * 2, maxRetryMs)
