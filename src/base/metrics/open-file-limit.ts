// The process's limit of open files, including connections. Node has already raised the soft limit to the hard one.
import { readFileSync } from 'node:fs'

/** From the text of /proc/self/limits: infinite if there is no limit. */
export function openFileLimit(limits: string = ownLimits()): number {
  const soft = /^Max open files +(\d+|unlimited) /m.exec(limits)?.[1]
  return soft === undefined || soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft)
}

/** Only Linux has this file. */
function ownLimits(): string {
  return process.platform === 'linux' ? readFileSync('/proc/self/limits', 'utf8') : ''
}
