// Which operating system a pod is made for and which one a node runs. Pure.
import type { KubeObject } from '../object.ts'
import type { Node, PodSpec } from '../types/core-v1.ts'
import { containersOf } from './containers-of.ts'

/** The stable label by which a node says it, and by which pods select one. */
export const osLabel = 'kubernetes.io/os'

/** What every node of Bulkhead runs. */
export const nodeSystem = 'linux'

/** A pod for one system, and the field that says so. */
export interface PodSystem {
  readonly name: string
  readonly field: string
}

/** Undefined where the pod leaves it open. Options that only Windows has make it a pod for Windows: elsewhere they would have no effect. */
export function systemOfPod(spec: PodSpec): PodSystem | undefined {
  if (spec.os !== undefined) return { name: spec.os.name, field: 'spec.os.name' }
  if (spec.securityContext?.windowsOptions !== undefined) return { name: 'windows', field: 'spec.securityContext.windowsOptions' }
  const found = containersOf(spec).find(({ container }) => container.securityContext?.windowsOptions !== undefined)
  return found && { name: 'windows', field: `${found.path}.securityContext.windowsOptions` }
}

/** The label decides, as in node selectors; a node that has said nothing yet is one of ours. */
export function systemOfNode(node: KubeObject): string {
  return node.metadata.labels?.[osLabel] ?? ((node as Node).status?.nodeInfo?.operatingSystem || nodeSystem)
}
