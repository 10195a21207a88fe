// Which volumes belong to which nodes: upstream's attach-detach controller. Pure.
import type { Node, PersistentVolume, Pod } from '../../api/types/core-v1.ts'
import type { VolumeAttachment } from '../../api/types/storage-v1.ts'
import { attachmentName, inUseName } from '../../api/volumes/csi-volume-names.ts'
import { isFinished } from '../pod-state.ts'

/** A volume is detached from a node that does not answer after this time: upstream's maxWaitForUnmountDuration. */
export const forceDetachMs = 360_000
const outOfService = 'node.kubernetes.io/out-of-service'

/** By the nodes that have the volume and no pod that wants it: since when, in milliseconds of a monotonic clock. */
export type UnwantedSince = ReadonlyMap<string, number>

export interface AttachView {
  readonly volume: PersistentVolume
  /** The driver says that its volumes need no attachment. */
  readonly isExempt: boolean
  /** Pods with a node that use the volume. */
  readonly pods: readonly Pod[]
  readonly attachments: readonly VolumeAttachment[]
  readonly node: (name: string) => Node | undefined
  /** That of the plan before. */
  readonly unwantedSince: UnwantedSince
  /** Of a monotonic clock. */
  readonly now: number
}

export interface AttachPlan {
  readonly attach: readonly string[]
  /** Names of nodes. */
  readonly detach: readonly string[]
  /** Pods that wait for another node to let go, with the nodes that have the volume. */
  readonly blocked: readonly { readonly pod: Pod; readonly nodes: readonly string[] }[]
  readonly unwantedSince: UnwantedSince
  /** When to look again; undefined if only a change can matter. */
  readonly againMs: number | undefined
}

const lookAgainMs = 5_000

export function planAttachments(view: AttachView): AttachPlan {
  const { volume, isExempt, pods, attachments, node, unwantedSince, now } = view
  const wanted = new Map<string, Pod>()
  if (!isExempt) for (const pod of pods) if (!isFinished(pod)) wanted.set(pod.spec.nodeName ?? '', pod)
  const detach: string[] = []
  const unwanted = new Map<string, number>()
  let againMs: number | undefined
  for (const { spec, metadata } of attachments) {
    if (metadata.deletionTimestamp !== undefined || wanted.has(spec.nodeName)) continue
    const since = unwantedSince.get(spec.nodeName) ?? now
    unwanted.set(spec.nodeName, since)
    if (mayDetach(volume, node(spec.nodeName), now - since)) detach.push(spec.nodeName)
    else againMs = lookAgainMs
  }
  const attach: string[] = []
  const blocked: { pod: Pod; nodes: string[] }[] = []
  const isShared = (volume.spec.accessModes ?? []).some(mode => mode === 'ReadWriteMany' || mode === 'ReadOnlyMany')
  const held = new Set(attachments.map(({ spec }) => spec.nodeName))
  for (const [name, pod] of wanted) {
    if (held.has(name) || volume.metadata.deletionTimestamp !== undefined) continue
    const others = isShared ? [] : [...held, ...attach]
    if (others.length === 0) attach.push(name)
    else blocked.push({ pod, nodes: others })
  }
  return { attach, detach, blocked, unwantedSince: unwanted, againMs }
}

/**
 * The node has unmounted it, or will never again: it is gone, an administrator says that it is out of service, or it has not answered for six
 * minutes. Two nodes that write one file system would destroy it.
 */
function mayDetach(volume: PersistentVolume, node: Node | undefined, unwantedMs: number): boolean {
  if (node === undefined) return true
  if (node.spec.taints?.some(({ key }) => key === outOfService) === true) return true
  if (node.status?.volumesInUse?.includes(inUseName(volume.spec.csi?.driver ?? '', volume.spec.csi?.volumeHandle ?? '')) !== true)
    return true
  const isReady = node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
  return !isReady && unwantedMs >= forceDetachMs
}

export function newAttachment(volume: PersistentVolume, node: string): VolumeAttachment {
  const { driver = '', volumeHandle = '' } = volume.spec.csi ?? {}
  return {
    metadata: { name: attachmentName(volumeHandle, driver, node) },
    spec: { attacher: driver, nodeName: node, source: { persistentVolumeName: volume.metadata.name ?? '' } },
  }
}
