// The machine's facts for the Node object, read from the kernel.
import { readFile, stat, statfs } from 'node:fs/promises'
import { arch, availableParallelism, hostname, networkInterfaces, release, totalmem } from 'node:os'
import { nodeAddresses } from './node-addresses.ts'

export interface MachineFacts {
  readonly hostname: string
  readonly addresses: readonly string[]
  readonly architecture: string
  readonly cpus: number
  readonly memoryBytes: number
  readonly diskBytes: number
  readonly kernelVersion: string
  readonly osImage: string
  readonly machineId: string
  readonly systemUuid: string
  readonly bootId: string
  /** Enabled in the kernel, whether or not it enforces now. */
  readonly seLinux: boolean
}

export async function machineFacts(directory: string): Promise<MachineFacts> {
  // Containers and small machines lack some of these files.
  const text = async (path: string) => (await readFile(path, 'utf8').catch(() => '')).trim()
  const [osRelease, machineId, systemUuid, bootId, routes, seLinux, disk] = await Promise.all([
    text('/etc/os-release'),
    text('/etc/machine-id'),
    text('/sys/class/dmi/id/product_uuid'),
    text('/proc/sys/kernel/random/boot_id'),
    text('/proc/net/route'),
    text('/sys/fs/selinux/enforce'),
    statfs(directory),
  ])
  return {
    hostname: hostname().toLowerCase(),
    addresses: nodeAddresses(networkInterfaces(), routes),
    architecture: arch() === 'x64' ? 'amd64' : arch(),
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    diskBytes: disk.blocks * disk.bsize,
    kernelVersion: release(),
    osImage: /^PRETTY_NAME="?([^"\n]*)/m.exec(osRelease)?.[1] ?? 'Linux',
    machineId,
    systemUuid: systemUuid || machineId,
    bootId,
    seLinux: seLinux !== '',
  }
}

/** The check that container runtimes use: the module is enabled and its interface is mounted. */
export async function appArmorEnabled(): Promise<boolean> {
  // A kernel without the module has neither file.
  const enabled = await readFile('/sys/module/apparmor/parameters/enabled', 'utf8').catch(() => '')
  return enabled.startsWith('Y') && (await stat('/sys/kernel/security/apparmor').catch(() => undefined)) !== undefined
}

export interface Pressure {
  readonly memory: boolean
  readonly disk: boolean
  readonly pids: boolean
}

export interface ProcessTable {
  /** The kernel's limit of processes and threads. */
  readonly most: number
  readonly running: number
}

export interface MachineUse {
  readonly memoryBytes: number
  readonly availableBytes: number
  readonly processes: ProcessTable
}

/** Current use of memory and processes. */
export async function machineUse(): Promise<MachineUse> {
  const [memory, loadavg, pidMax, threadsMax] = await Promise.all(
    ['/proc/meminfo', '/proc/loadavg', '/proc/sys/kernel/pid_max', '/proc/sys/kernel/threads-max'].map(path => readFile(path, 'utf8')),
  )
  return parseMachineUse({ memory: memory ?? '', loadavg: loadavg ?? '', pidMax: pidMax ?? '', threadsMax: threadsMax ?? '' })
}

/** Throws if the kernel's format is unknown. */
export function parseMachineUse(text: Readonly<Record<'memory' | 'loadavg' | 'pidMax' | 'threadsMax', string>>): MachineUse {
  const kilobytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text.memory)?.[1])
  const use = {
    memoryBytes: kilobytes('MemTotal') * 1024,
    availableBytes: kilobytes('MemAvailable') * 1024,
    processes: { most: Math.min(Number(text.pidMax), Number(text.threadsMax)), running: Number(/\/(\d+) /.exec(text.loadavg)?.[1]) },
  }
  if (![use.memoryBytes, use.availableBytes, use.processes.most, use.processes.running].every(Number.isSafeInteger))
    throw new Error('Cannot read what this machine has left: /proc is not as expected')
  return use
}
