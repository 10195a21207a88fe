// Nice values of parts: who goes first where the machine has more to do than cores.
import { setPriority } from 'node:os'

/** From -20, first, to 19, last. Linux keeps them per thread, and a thread takes that of the one that makes it. */
export interface PartPriority {
  /** Of all threads, from the start. */
  readonly all?: number
  /**
   * Of the event loop's thread alone, once the part is ready: its threads for collection, compilation and disks are there by then and keep theirs.
   * Below zero for root alone; elsewhere the loop stays as it is.
   */
  readonly loop?: number
}

/** What keeps a nice value from being given and is no fault: the process has ended, whose exit says why, or the user may not. */
const harmless = new Set(['ESRCH', 'EACCES', 'EPERM'])

export function setNice(pid: number | undefined, nice: number | undefined): void {
  if (pid === undefined || nice === undefined) return
  try {
    setPriority(pid, nice)
  } catch (err) {
    if (!harmless.has(systemCodeOf(err))) throw err
  }
}

/** Node tells the system's own code in `info`. */
function systemCodeOf(err: unknown): string {
  const info = err instanceof Error && 'info' in err ? err.info : undefined
  return typeof info === 'object' && info !== null && 'code' in info ? String(info.code) : ''
}
