// Processes that a killed `bulkhead up` left: they still have keys in memory and write into their folders.
import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'

/** Programs of parts; what a node's containerd runs is ended by the reset itself. */
const programs = ['node', 'docker-registry']

/** Whether the process is a part of the cluster: `up` gives each part a home folder in the data directory. Pure. */
export function isPart(environment: string, command: readonly string[], dataDirectory: string): boolean {
  const home = environment.split('\0').find(entry => entry.startsWith('HOME='))
  const isOurs = home?.startsWith(`HOME=${dataDirectory}/`) ?? false
  return isOurs && programs.some(program => basename(command[0] ?? '').startsWith(program))
}

/** Process ids; those whose environment this user may not read are left out. */
export function partProcesses(dataDirectory: string): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter(name => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0')
        return isPart(readFileSync(`/proc/${name}/environ`, 'utf8'), command, dataDirectory)
      } catch {
        // It ended meanwhile, or belongs to another user.
        return false
      }
    })
    .map(Number)
}
