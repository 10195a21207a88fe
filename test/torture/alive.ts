import { codeOf } from '../../src/base/user-error.ts'

/** Whether a process has the number. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (err) {
    if (codeOf(err) === 'ESRCH') return false
    throw err
  }
}

/** Sends the signal; no effect if the process has ended, as one whose fault is not over yet may at any moment. */
export function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (err) {
    if (codeOf(err) !== 'ESRCH') throw err
  }
}
