// Resident memory of a process and its children, as the kernel counts it.
import { readdirSync, readFileSync } from 'node:fs'

export interface ProcessMemory {
  readonly name: string
  readonly pid: number
  /** MB; pages shared with others count whole. */
  readonly rss: number
  /** MB; a page shared by n processes counts 1/n in each, so that the sum is the memory of the machine. */
  readonly pss: number
}

/** The process itself and its direct children; `name` is the last argument, which for a part is its name. */
export function memoryOf(pid: number): ProcessMemory[] {
  return [pid, ...childrenOf(pid)].map(process => {
    const rollup = readFileSync(`/proc/${process}/smaps_rollup`, 'utf8')
    const name = process === pid ? 'up' : (readFileSync(`/proc/${process}/cmdline`, 'utf8').split('\0').at(-2) ?? '')
    return { name, pid: process, rss: megabytes(rollup, 'Rss'), pss: megabytes(rollup, 'Pss') }
  })
}

/** MB; cheap enough to call many times a second, unlike the sums above over all pages. */
export function residentOf(pid: number): number {
  return (Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * pageBytes) / 1024 / 1024
}

const pageBytes = 4096

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .filter(name => {
      try {
        // The name in brackets may hold anything; the parent is the second field behind it.
        return readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1] === String(parent)
      } catch {
        return false // gone meanwhile
      }
    })
    .map(Number)
}

function megabytes(rollup: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1]) / 1024
}
