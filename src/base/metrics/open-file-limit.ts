// How many files the process may have open at once, connections among them. Node has raised the soft limit to the hard one before any code runs.
import { readFileSync } from 'node:fs'

/** Of the text of /proc/self/limits: infinity where there is no limit, or none is told. */
export function openFileLimit(limits: string = ownLimits()): number {
  const soft = /^Max open files +(\d+|unlimited) /m.exec(limits)?.[1]
  return soft === undefined || soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft)
}

/** Of other systems than Linux there is no such file. */
function ownLimits(): string {
  return process.platform === 'linux' ? readFileSync('/proc/self/limits', 'utf8') : ''
}
