// Whether the kernel has a feature: from the file systems and modules that it lists, and from its configuration.
import { gunzipSync } from 'node:zlib'
import { ok, type Verdict, warning } from './check.ts'
import type { Machine } from './machine.ts'

export interface Feature {
  /** As in /proc/filesystems. */
  readonly fileSystem?: string
  /** As in /sys/module. */
  readonly module?: string
  /** Such as `CONFIG_VETH`. */
  readonly option?: string
  /** A file that is there only with the feature. */
  readonly file?: string
}

/** `loadable`: as a module that is loaded at first use. `unknown`: the kernel does not show its configuration. */
export type Presence = 'yes' | 'loadable' | 'no' | 'unknown'

/** A kernel's configuration has 300 kB as text. */
const maxConfigBytes = 4 << 20

export function presenceOf(machine: Machine, { fileSystem, module, option, file }: Feature): Presence {
  if (file !== undefined && machine.exists(file)) return 'yes'
  if (module !== undefined && machine.exists(`/sys/module/${module}`)) return 'yes'
  if (fileSystem !== undefined && fileSystemsIn(machine.text('/proc/filesystems') ?? '').includes(fileSystem)) return 'yes'
  const config = kernelConfig(machine)
  if (option === undefined || config === undefined) return loadable(machine, module ?? fileSystem) ? 'loadable' : 'unknown'
  const value = new RegExp(`^${option}=([ym])$`, 'm').exec(config)?.[1]
  if (value === 'y') return 'yes'
  return value === 'm' ? (loadable(machine, module ?? fileSystem) ? 'loadable' : 'no') : 'no'
}

/** `missing` says what does not work without it. Pure. */
export function featureVerdict(
  presence: Presence,
  module: string,
  missing: (detail: string, ...advice: string[]) => Verdict,
  without: string,
): Verdict {
  if (presence === 'yes') return ok('in the kernel')
  if (presence === 'loadable') return ok('loaded at first use')
  if (presence === 'unknown') return warning('the kernel does not say whether it has it', `modprobe ${module}`)
  return missing(
    `missing: ${without}`,
    `apt-get install linux-image-amd64   # or linux-image-arm64, and restart: this kernel has no module ${module}`,
  )
}

/** Pure. */
export const fileSystemsIn = (listing: string): string[] => listing.split('\n').flatMap(line => line.split('\t')[1]?.trim() ?? [])

function loadable(machine: Machine, module: string | undefined): boolean {
  if (module === undefined) return false
  const list = machine.text(`/lib/modules/${machine.kernel}/modules.dep`) ?? ''
  // The list names files: `kernel/drivers/net/veth.ko.xz: …`
  return list
    .split('\n')
    .some(line => line.split(':')[0]?.split('/').at(-1)?.split('.')[0]?.replaceAll('-', '_') === module.replaceAll('-', '_'))
}

function kernelConfig(machine: Machine): string | undefined {
  const packed = machine.bytes('/proc/config.gz')
  if (packed === undefined) return machine.text(`/boot/config-${machine.kernel}`)
  return gunzipSync(packed, { maxOutputLength: maxConfigBytes }).toString('utf8')
}
