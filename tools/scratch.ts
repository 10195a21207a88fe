// A folder for everything that a test run writes. It is removed with the run, also after an interruption: clusters below it are stopped
// first.

import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A cluster stops its parts, containers and mounts within this time. */
const stopMs = 60_000
const lookMs = 200

/** The path is short, for sockets below it. Others may enter it, since some tests check what other users can do there. */
export function createScratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bh'))
  chmodSync(folder, 0o711)
  return folder
}

/** Resolves when nothing runs or is mounted below the folder, and it is removed. */
export async function removeScratch(folder: string): Promise<void> {
  const until = performance.now() + stopMs
  for (const pid of processesIn(folder)) send(pid, 'SIGTERM')
  while (processesIn(folder).length > 0 && performance.now() < until) await new Promise(done => setTimeout(done, lookMs))
  for (const pid of processesIn(folder)) send(pid, 'SIGKILL')
  for (const path of mountsBelow(folder)) spawnSync('umount', ['--lazy', path], { stdio: 'ignore' })
  rmSync(folder, { recursive: true, force: true })
}

/** Processes that name the folder in their command line; not this one. */
function processesIn(folder: string): number[] {
  const pids = tryRead(() => readdirSync('/proc')) ?? []
  return pids.filter(name => /^\d+$/.test(name) && Number(name) !== process.pid && commandLine(name).includes(folder)).map(Number)
}

const commandLine = (pid: string): string => tryRead(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')) ?? ''

/** The deepest first. */
function mountsBelow(folder: string): string[] {
  const lines = (tryRead(() => readFileSync('/proc/self/mounts', 'utf8')) ?? '').split('\n')
  const paths = lines.flatMap(line => line.split(' ', 2)[1] ?? [])
  return paths.filter(path => path.startsWith(`${folder}/`)).sort((a, b) => b.length - a.length)
}

function send(pid: number, signal: NodeJS.Signals): void {
  tryRead(() => process.kill(pid, signal))
}

/** A process that ended meanwhile, or a machine without /proc. */
function tryRead<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (err) {
    if (err instanceof Error && 'code' in err) return undefined
    throw err
  }
}
