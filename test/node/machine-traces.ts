// The changes of a node on the machine, as text for comparing two moments.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { mountsNaming, processesNaming, run } from '../cluster.ts'

/** What is there now and was not before. A start also removes what dead clusters left, so traces may be fewer. */
export async function newTraces(dataDirectory: string, before: readonly string[]): Promise<string[]> {
  return (await machineTraces(dataDirectory)).filter(line => !before.includes(line))
}

/** Processes, mounts, network namespaces, rules, interfaces, addresses, routes and cgroups. */
export async function machineTraces(dataDirectory: string): Promise<string[]> {
  const lines = async (program: string, ...args: string[]) =>
    (await run(program, args)).stdout.split('\n').flatMap(line => (line.trim() === '' ? [] : [`${program}: ${line.trim()}`]))
  const network = await Promise.all([
    lines('nft', 'list', 'tables'),
    lines('ip', '-brief', 'link'),
    addresses(),
    lines('ip', '-4', 'route'),
    lines('ip', 'rule'),
    lines('ip', 'netns', 'list'),
  ])
  const processes = (await processesNaming(dataDirectory)).map(line => `process: ${line.trim()}`)
  const mounts = mountsNaming(dataDirectory).map(line => `mount: ${line}`)
  return [...processes, ...mounts, ...network.flat(), ...cgroups(), ...stateFolders()].sort()
}

/** One line for each: a start may remove one that a dead cluster left on an interface, and the others of that interface stay. */
async function addresses(): Promise<string[]> {
  const { stdout } = await run('ip', ['-brief', '-4', 'address'])
  return stdout.split('\n').flatMap(line => {
    const [device, , ...found] = line.trim().split(/\s+/)
    return found.map(address => `address: ${device} ${address}`)
  })
}

function cgroups(): string[] {
  const root = '/sys/fs/cgroup'
  const folders = [
    root,
    ...readdirSync(root, { withFileTypes: true }).flatMap(entry => (entry.isDirectory() ? [join(root, entry.name)] : [])),
  ]
  return folders.flatMap(folder => namesBelow(folder).map(name => `cgroup: ${folder}/${name}`))
}

const stateFolders = (): string[] => namesBelow('/run').map(name => `folder: /run/${name}`)

const namesBelow = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder).filter(name => name.startsWith('bulkhead')) : [])
