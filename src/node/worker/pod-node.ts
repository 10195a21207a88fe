// The node as a pod worker uses it: one object per agent, passed to every worker.
import type { Container, EphemeralContainer, Pod, PodStatus, Volume } from '../../api/types/core-v1.ts'
import type { BackOff } from '../../base/async/back-off.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { ClusterDns, Resolver } from '../container/dns-config.ts'
import type { ObjectSource } from '../container/environment.ts'
import type { NodeAllocatable } from '../container/field-values.ts'
import type { Device, Mount } from '../cri/messages.ts'
import type { ContainerRuntime } from '../cri/runtime.ts'
import type { ClusterRegistry } from '../images/cluster-registry.ts'
import type { ImagePuller } from '../images/image-puller.ts'
import type { Refusal } from '../pod/pod-admission.ts'
import type { PodIdentity } from '../pod/pod-folders.ts'
import type { PodLinks } from '../pod/pod-network.ts'
import type { attempt } from '../probes/probe.ts'
import type { ClaimSource } from '../volumes/claim-volume.ts'
import type { TokenSource, VolumeContext } from '../volumes/volume-files.ts'
import type { runHook } from './lifecycle-hook.ts'
import type { DeviceInput } from './pod-devices.ts'
import type { MountInput } from './pod-mounts.ts'
import type { terminationMessage } from './termination-message.ts'

/** The volumes of one pod. `setUp` also refreshes; it rejects with a MountError. */
export interface PodVolumeSet {
  setUp(context: VolumeContext, signal: AbortSignal): Promise<void>
  tearDown(): Promise<void>
  pathOf(volume: Volume): string
}

/** The machine's side of a pod: everything that needs a kernel, a disk or a network. A simulated node simulates it. */
export interface PodHost {
  /** cgroup v2 files for each container, with their values; none on v1. */
  readonly unified: Readonly<Record<string, string>>
  /** Resolves with the parent cgroup of the pod's containers. */
  prepareCgroup(pod: Pod): Promise<string>
  /** Independent of the pod's spec, which may be unknown for a pod of an earlier agent. */
  removeCgroup(uid: string, signal: AbortSignal): Promise<void>
  /** All pods with remains here, of this agent or an earlier one. */
  podsWithFolders(): Promise<readonly PodIdentity[]>
  volumes(directory: string): PodVolumeSet
  mounts(input: MountInput): Promise<Mount[]>
  devices(input: DeviceInput): Promise<Device[]>
  makeLogDirectory(path: string): Promise<void>
  removeLogDirectory(path: string): Promise<void>
  readonly terminationMessage: typeof terminationMessage
  readonly probe: typeof attempt
  readonly hook: typeof runHook
  readonly resolver: Resolver
  /** The node's own /etc/hosts and name, for hostNetwork pods. */
  readonly hosts: string
  readonly hostname: string
}

/** Writes a pod's status and its final deletion. The caller's next pass retries both. */
export interface PodWriter {
  /**
   * `before` is the last status sent, which the pod may not show yet: fields that `status` lacks are removed. Without it, the pod must be
   * the newest copy, or this rejects with a Conflict.
   */
  writeStatus(pod: Pod, status: PodStatus, before: PodStatus | undefined, signal: AbortSignal): Promise<void>
  /** Removes the object for good once everything is stopped. A missing or replaced pod is success. */
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
  readonly registry: ClusterRegistry
  readonly crashes: BackOff
  readonly host: PodHost
  readonly links: PodLinks
  /** The runtime's handler for a RuntimeClass; rejects if the class does not exist. */
  runtimeHandler(className: string, signal: AbortSignal): Promise<string>
  /** Why a pod must not start on this node; undefined if it may. */
  refusal(pod: Pod, signal: AbortSignal): Promise<Refusal | undefined>
  /** The pod with the resources that this node has granted; the same object if it requests no others. */
  given(pod: Pod): Pod
  /** Why the pod cannot have what it requests now: reason and message of its condition PodResizePending. */
  resizeRefusal(pod: Pod, signal: AbortSignal): Promise<Refusal | undefined>
  readonly cluster: ClusterDns
  readonly hostIps: () => readonly string[]
  readonly allocatable: () => NodeAllocatable
  readonly memoryBytes: number
  /** Whether a pod can have its own user namespace. */
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
