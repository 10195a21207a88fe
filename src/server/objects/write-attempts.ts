// How often a write without a precondition is decided anew when another one was faster.
import type { WriteConflict } from '../../store/store.ts'

/** Of requests of this server, one is first in each attempt. */
export const attempts = 10
/** Other servers may be first many times in a row. Upstream's storage tries without end. */
const attemptsAmongServers = 100
/** From then on each waits a different time, so that they do not meet again. */
const patientFrom = 3
const stepMs = 2
const maxPauseMs = 40

/** Whether to try again, after a pause if it did not help so far. */
export async function mayRetry({ byOther }: WriteConflict, attempt: number): Promise<boolean> {
  if (!byOther) return attempt < attempts
  if (attempt >= attemptsAmongServers) return false
  const ms = attempt < patientFrom ? 0 : Math.random() * Math.min(maxPauseMs, attempt * stepMs)
  if (ms > 0) await new Promise(resolve => setTimeout(resolve, ms))
  return true
}
