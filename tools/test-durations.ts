// How long each test file took the last time, stored beside the npm packages: the process of those that took longest starts first.
import { readFileSync, writeFileSync } from 'node:fs'

/** Milliseconds by the path of a file. */
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

/** Groups with a file without a duration come first: it is new, and may be long. */
export function longestFirst(groups: readonly (readonly string[])[], durations: Durations): (readonly string[])[] {
  const duration = (group: readonly string[]) => group.reduce((sum, file) => sum + (durations[file] ?? Number.MAX_SAFE_INTEGER), 0)
  return groups.toSorted((left, right) => duration(right) - duration(left))
}
