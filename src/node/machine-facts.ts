// What the Node object tells about the machine, read from the kernel.
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
  /** Switched on in the kernel, whether or not it enforces now. */
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

/** As container runtimes ask: the module is on and its interface is mounted. */
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

/** But for the disks: upstream's hard eviction threshold of 100 Mi of memory, and a nearly full process table. */
export async function machinePressure(): Promise<Omit<Pressure, 'disk'>> {
  const [memory, loadavg, pidMax] = await Promise.all([
    readFile('/proc/meminfo', 'utf8'),
    readFile('/proc/loadavg', 'utf8'),
    readFile('/proc/sys/kernel/pid_max', 'utf8'),
  ])
  const availableKb = Number(/^MemAvailable:\s+(\d+)/m.exec(memory)?.[1] ?? Number.POSITIVE_INFINITY)
  const processes = Number(/\/(\d+)/.exec(loadavg)?.[1] ?? 0)
  return {
    memory: availableKb * 1024 < 100 * 1024 * 1024,
    pids: processes > Number(pidMax) * 0.95,
  }
}
