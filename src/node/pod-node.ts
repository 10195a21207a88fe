// What a pod worker needs of its node: one object per agent, handed to every worker.
import type { Container, EphemeralContainer, Pod } from '../api/types/core-v1.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { BackOff } from './back-off.ts'
import type { CgroupVersion } from './cgroups.ts'
import type { ContainerRuntime } from './cri/runtime.ts'
import type { ClusterDns, Resolver } from './dns-config.ts'
import type { ObjectSource } from './environment.ts'
import type { NodeAllocatable } from './field-values.ts'
import type { ImagePuller } from './images/image-puller.ts'
import type { TokenSource } from './volumes/volume-files.ts'

/** The machine's side of a pod, which a simulated node does not have. */
export interface PodHost {
  prepareCgroup(pod: Pod): Promise<string>
  removeCgroup(pod: Pod, signal: AbortSignal): Promise<void>
  readonly resolver: Resolver
  readonly hosts: string
}

/** Writes of a pod's status and its final deletion. Both are retried by the caller's next pass. */
export interface PodWriter {
  writeStatus(pod: Pod, status: NonNullable<Pod['status']>, signal: AbortSignal): Promise<void>
  /** Removes the object for good, once all of it is stopped. A pod that is gone or replaced is success. */
  remove(pod: Pod, signal: AbortSignal): Promise<void>
}

export interface PodNode {
  readonly name: string
  readonly runtime: ContainerRuntime
  readonly clock: Clock
  readonly log: Logger
  /** In [0, 1). */
  readonly random: () => number
  readonly writer: PodWriter
  readonly objects: ObjectSource
  readonly tokens: TokenSource
  readonly puller: ImagePuller
  readonly crashes: BackOff
  readonly host: PodHost
  readonly cluster: ClusterDns
  readonly hostIps: () => readonly string[]
  readonly allocatable: () => NodeAllocatable
  readonly memoryBytes: number
  readonly userNamespaces: boolean
  readonly podsDirectory: string
  readonly logsDirectory: string
  readonly seccompFolder: string
  event(pod: Pod, container: { readonly path: string } | undefined, type: 'Normal' | 'Warning', reason: string, message: string): void
}

export type AnyContainer = Container | EphemeralContainer

/** For a host's facts that only matter where there is a kernel below. */
export interface MachineHost {
  readonly cgroups: CgroupVersion
}
