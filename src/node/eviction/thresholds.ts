// Upstream's hard eviction thresholds for disks (pkg/kubelet/eviction/defaults_linux.go), and which of them are met. Pure.
import { UserError } from '../../base/user-error.ts'

export interface FileSystemFacts {
  readonly capacityBytes: number
  readonly availableBytes: number
  /** 0 if the file system has no fixed number of inodes. */
  readonly inodes: number
  readonly inodesFree: number
}

export interface DiskFacts {
  /** The disk of pods' volumes and logs. */
  readonly nodefs: FileSystemFacts
  /** The disk of images and container file systems. */
  readonly imagefs: FileSystemFacts
  /** Whether these are two disks. */
  readonly dedicated: boolean
}

export type DiskSignal = 'nodefs.available' | 'nodefs.inodesFree' | 'imagefs.available'
export type DiskResource = 'ephemeral-storage' | 'inodes'

export interface MetThreshold {
  readonly signal: DiskSignal
  readonly resource: DiskResource
  /** Below this, the threshold is met. */
  readonly quantity: number
  readonly available: number
}

export interface Threshold {
  readonly signal: DiskSignal
  readonly resource: DiskResource
  readonly share: number
  of(facts: DiskFacts): { readonly capacity: number; readonly available: number }
}

const bytes = ({ capacityBytes, availableBytes }: FileSystemFacts) => ({ capacity: capacityBytes, available: availableBytes })

export const defaultThresholds: readonly Threshold[] = [
  { signal: 'nodefs.available', resource: 'ephemeral-storage', share: 0.1, of: ({ nodefs }) => bytes(nodefs) },
  { signal: 'imagefs.available', resource: 'ephemeral-storage', share: 0.15, of: ({ imagefs }) => bytes(imagefs) },
  {
    signal: 'nodefs.inodesFree',
    resource: 'inodes',
    share: 0.05,
    of: ({ nodefs: { inodes, inodesFree } }) => ({ capacity: inodes, available: inodesFree }),
  },
]

/** The defaults, with other shares (0 to 1) by signal; 0 is never met. Throws a `UserError` for an unknown signal. */
export function thresholdsWith(shares: Readonly<Record<string, number>>): readonly Threshold[] {
  const signals: readonly string[] = defaultThresholds.map(({ signal }) => signal)
  const unknown = Object.keys(shares).find(signal => !signals.includes(signal))
  if (unknown !== undefined) throw new UserError(`evictionHard: unknown signal "${unknown}"; known are ${signals.join(', ')}`)
  return defaultThresholds.map(threshold => ({ ...threshold, share: shares[threshold.signal] ?? threshold.share }))
}

/** Ordered by what to reclaim first. */
export function thresholdsMet(thresholds: readonly Threshold[], facts: DiskFacts): MetThreshold[] {
  return thresholds.flatMap(({ signal, resource, share, of }) => {
    const { capacity, available } = of(facts)
    // Upstream stores the share as a 32-bit float.
    const quantity = Math.trunc(capacity * Math.fround(share))
    return available < quantity ? [{ signal, resource, quantity, available }] : []
  })
}
