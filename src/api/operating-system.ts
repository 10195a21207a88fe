// Which operating system a pod is made for and which one a node runs. Pure.
import type { KubeObject } from './object.ts'
import type { Node, PodSpec } from './types/core-v1.ts'

/** The stable label by which a node says it, and by which pods select one. */
export const osLabel = 'kubernetes.io/os'

/** What every node of Bulkhead runs. */
export const nodeSystem = 'linux'

/** Undefined where the pod leaves it open. */
export const systemOfPod = ({ os }: PodSpec): string | undefined => os?.name

/** The label decides, as in node selectors; a node that has said nothing yet is one of ours. */
export function systemOfNode(node: KubeObject): string {
  return node.metadata.labels?.[osLabel] ?? ((node as Node).status?.nodeInfo?.operatingSystem || nodeSystem)
}
