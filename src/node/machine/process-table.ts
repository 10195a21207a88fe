// Finds and ends processes of an earlier run by their command lines, so that a kill -9 leaves nothing behind.
import { readdir, readFile } from 'node:fs/promises'
import type { Clock } from '../../base/clock.ts'

export interface ProcessEntry {
  readonly pid: number
  readonly command: readonly string[]
}

export async function listProcesses(): Promise<ProcessEntry[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name))
  const entries = await Promise.all(
    pids.map(async pid => {
      try {
        const text = await readFile(`/proc/${pid}/cmdline`, 'utf8')
        return { pid: Number(pid), command: text.split('\u0000').slice(0, -1) }
      } catch {
        // The process ended between the listing and the read.
        return { pid: Number(pid), command: [] }
      }
    }),
  )
  return entries.filter(({ command }) => command.length > 0)
}

/** SIGTERM, then SIGKILL after `graceMs`; resolves when all of the processes have ended. */
export async function endProcesses(pids: readonly number[], graceMs: number, clock: Clock, signal: AbortSignal): Promise<void> {
  for (const pid of pids) send(pid, 'SIGTERM')
  const killAt = clock.monotonic() + graceMs
  let killed = false
  for (;;) {
    const states = await Promise.all(pids.map(isRunning))
    if (!states.includes(true)) return
    if (!killed && clock.monotonic() >= killAt) {
      for (const pid of pids) send(pid, 'SIGKILL')
      killed = true
    }
    await clock.sleep(20, signal)
  }
}

/** Whether the process exists and is not a zombie. */
async function isRunning(pid: number): Promise<boolean> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    return !/^\S+ \(.*\) Z/s.test(stat)
  } catch {
    return false
  }
}

function send(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (err) {
    // ESRCH: it has already ended.
    if (!(err instanceof Error && 'code' in err && err.code === 'ESRCH')) throw err
  }
}
