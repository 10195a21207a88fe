// Memory and start time of a process, from the kernel.
import { readFileSync } from 'node:fs'
import { codeOf } from '../../base/user-error.ts'

export interface ProcessFacts {
  /** Resident set size in bytes. */
  readonly memoryBytes: number
  readonly uptimeSeconds: number
}

/** USER_HZ, the unit of times in /proc; 100 on every Linux that Node supports (proc_pid_stat(5)). */
const ticksPerSecond = 100

/** Undefined if the process no longer exists. */
export function processFacts(pid: number): ProcessFacts | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [now = '0'] = readFileSync('/proc/uptime', 'utf8').split(' ')
    // The fields after the name, which may contain anything, begin with the third; the start time is the 22nd.
    const started = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
    const kibibytes = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0)
    return { memoryBytes: kibibytes * 1024, uptimeSeconds: Math.max(0, Math.round(Number(now) - started / ticksPerSecond)) }
  } catch (err) {
    if (['ENOENT', 'ESRCH'].includes(codeOf(err))) return undefined
    throw err
  }
}
