// How long each test process took the last time, stored beside the npm packages: the longest starts first.
import { readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'

/** Milliseconds by the name of a file. */
export type Durations = Record<string, number>

/** Empty if there is none, or it is unreadable: then only the order differs. */
export function readDurations(path: string): Durations {
  try {
    const read: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return typeof read !== 'object' || read === null
      ? {}
      : Object.fromEntries(Object.entries(read).filter(([, value]) => typeof value === 'number'))
  } catch {
    return {}
  }
}

export function writeDurations(path: string, durations: Durations): void {
  writeFileSync(path, `${JSON.stringify(durations, undefined, 1)}\n`)
}

/** Files without a duration are new, and come first: they may be long. */
export function longestFirst(files: readonly string[], durations: Durations): string[] {
  const duration = (file: string) => durations[basename(file)] ?? Number.MAX_VALUE
  return [...files].sort((left, right) => duration(right) - duration(left))
}
