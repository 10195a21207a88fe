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
