// What a pod worker needs of its node: one object per agent, handed to every worker.
import type { Container, EphemeralContainer, Pod, PodStatus, Volume } from '../../api/types/core-v1.ts'
import type { BackOff } from '../../base/async/back-off.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { ClusterDns, Resolver } from '../container/dns-config.ts'
import type { ObjectSource } from '../container/environment.ts'
import type { NodeAllocatable } from '../container/field-values.ts'
import type { Mount } from '../cri/messages.ts'
import type { ContainerRuntime } from '../cri/runtime.ts'
import type { ImagePuller } from '../images/image-puller.ts'
import type { Refusal } from '../pod/pod-admission.ts'
import type { PodIdentity } from '../pod/pod-folders.ts'
import type { PodLinks } from '../pod/pod-network.ts'
import type { attempt } from '../probes/probe.ts'
import type { ClaimSource } from '../volumes/claim-volume.ts'
import type { TokenSource, VolumeContext } from '../volumes/volume-files.ts'
import type { runHook } from './lifecycle-hook.ts'
import type { MountInput } from './pod-mounts.ts'

/** The volumes of one pod. `setUp` also refreshes; it rejects with a MountError. */
export interface PodVolumeSet {
  setUp(context: VolumeContext, signal: AbortSignal): Promise<void>
  tearDown(): Promise<void>
  pathOf(volume: Volume): string
}

/** The machine's side of a pod: what needs a kernel, a disk or a network. A simulated node pretends it. */
export interface PodHost {
  /** Files of cgroup v2 that each container gets, with their values; none on v1. */
  readonly unified: Readonly<Record<string, string>>
  /** Resolves with the cgroup that the pod's containers go below. */
  prepareCgroup(pod: Pod): Promise<string>
  /** Whatever the pod asks for: of one that an agent before this one ran it may not be known. */
  removeCgroup(uid: string, signal: AbortSignal): Promise<void>
  /** Those that have something here, of this agent or one before it. */
  podsWithFolders(): Promise<readonly PodIdentity[]>
  volumes(directory: string): PodVolumeSet
  mounts(input: MountInput): Promise<Mount[]>
  makeLogDirectory(path: string): Promise<void>
  removeLogDirectory(path: string): Promise<void>
  readonly probe: typeof attempt
  readonly hook: typeof runHook
  readonly resolver: Resolver
  /** The node's own /etc/hosts and name, for pods on its network. */
  readonly hosts: string
  readonly hostname: string
}

/** Writes of a pod's status and its final deletion. Both are retried by the caller's next pass. */
export interface PodWriter {
  /**
   * `before` is what was sent last, which the pod may not show yet: what it said and `status` does not is taken back. Without it the pod must be
   * the newest copy, or this rejects with a Conflict.
   */
  writeStatus(pod: Pod, status: PodStatus, before: PodStatus | undefined, signal: AbortSignal): Promise<void>
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
  readonly claims: ClaimSource
  readonly puller: ImagePuller
  readonly crashes: BackOff
  readonly host: PodHost
  readonly links: PodLinks
  /** What the runtime calls a RuntimeClass; rejects where there is no such class. */
  runtimeHandler(className: string, signal: AbortSignal): Promise<string>
  /** Why a pod must not start on this node; undefined where it may. */
  refusal(pod: Pod, signal: AbortSignal): Promise<Refusal | undefined>
  /** The pod with the resources that this node has given it; itself where it asks for no others. */
  given(pod: Pod): Pod
  /** Why the pod cannot have what it asks for now: reason and message of its condition PodResizePending. */
  resizeRefusal(pod: Pod, signal: AbortSignal): Promise<Refusal | undefined>
  readonly cluster: ClusterDns
  readonly hostIps: () => readonly string[]
  readonly allocatable: () => NodeAllocatable
  readonly memoryBytes: number
  /** Whether a pod can have a user namespace of its own. */
  readonly userNamespaces: boolean
  readonly podsDirectory: string
  readonly logsDirectory: string
  readonly seccompFolder: string
  event(
    pod: Pod,
    container: { readonly path: string } | undefined,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
    annotations?: Readonly<Record<string, string>>,
  ): void
}

export type AnyContainer = Container | EphemeralContainer
