// Renewing certificates before they expire: when, and what follows where it fails.
import { X509Certificate } from 'node:crypto'
import { type Clock, pause } from '../clock.ts'
import type { Logger } from '../log.ts'

/** Milliseconds since the epoch. */
export interface Validity {
  readonly from: number
  readonly to: number
}

export interface Renewal {
  /** For the log: whose certificate it is. */
  readonly name: string
  readonly clock: Clock
  readonly log: Logger
  /** In [0, 1). */
  readonly random: () => number
  /** Of what is in use now; asked again after each renewal. */
  validity(): Validity
  /** Puts another one in use. A rejection is retried. */
  renew(signal: AbortSignal): Promise<void>
}

const firstRetryMs = 2_000
const maxRetryMs = 300_000
/** The clock may be set meanwhile: what has expired or does not hold yet by then is renewed within this time. */
const maxPause = 60_000

export function validityOf(certificate: string): Validity {
  const { validFromDate, validToDate } = new X509Certificate(certificate)
  return { from: validFromDate.getTime(), to: validToDate.getTime() }
}

/** Between 70 % and 90 % of the life, as the kubelet does, so that not all certificates of one moment are renewed in one. */
export function renewalTime({ from, to }: Validity, random: number): number {
  return from + (to - from) * (0.7 + 0.2 * random)
}

/** Resolves at the signal. A failed renewal is tried again at growing intervals, also when the certificate has expired. */
export async function keepRenewed({ name, clock, log, random, validity, renew }: Renewal, signal: AbortSignal): Promise<void> {
  let due = renewalTime(validity(), random())
  let retry = firstRetryMs
  // By the clock that nobody sets. Never at once again, whatever the signer gave.
  let notBefore = Number.NEGATIVE_INFINITY
  while (!signal.aborted) {
    // Before it begins a certificate holds as little as behind its end: the clock was set back.
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
