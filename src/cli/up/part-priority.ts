// Nice values of parts, for a machine with more work than cores.
import { setPriority } from 'node:os'

/** From -20 (first) to 19 (last). Linux keeps them per thread, and a new thread inherits the value of its creator. */
export interface PartPriority {
  /** For all threads, from the start. */
  readonly all?: number
  /**
   * For the thread of the event loop only, once the part is ready: its threads for garbage collection, compilation and disks exist by then
   * and keep theirs. Only root may set negative values; for other users nothing changes.
   */
  readonly loop?: number
}

/** Errors that are not faults: the process has ended, or this user may not set the value. */
const harmless = new Set(['ESRCH', 'EACCES', 'EPERM'])

export function setNice(pid: number | undefined, nice: number | undefined): void {
  if (pid === undefined || nice === undefined) return
  try {
    setPriority(pid, nice)
  } catch (err) {
    if (!harmless.has(systemCodeOf(err))) throw err
  }
}

/** Node puts the system's own code into `info`. */
function systemCodeOf(err: unknown): string {
  const info = err instanceof Error && 'info' in err ? err.info : undefined
  return typeof info === 'object' && info !== null && 'code' in info ? String(info.code) : ''
}
