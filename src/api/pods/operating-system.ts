// The operating system that a pod requires, and that of a node. Pure.
import type { KubeObject } from '../object.ts'
import type { Node, PodSpec } from '../types/core-v1.ts'
import { containersOf } from './containers-of.ts'

/** The stable label of a node's system, by which pods select it. */
export const osLabel = 'kubernetes.io/os'

/** The system of every Bulkhead node. */
export const nodeSystem = 'linux'

/** A system that a pod requires, and the field that requires it. */
export interface PodSystem {
  readonly name: string
  readonly field: string
}

/** Undefined if the pod does not require one. Windows options make it a pod for Windows: elsewhere they would have no effect. */
export function systemOfPod(spec: PodSpec): PodSystem | undefined {
  if (spec.os !== undefined) return { name: spec.os.name, field: 'spec.os.name' }
  if (spec.securityContext?.windowsOptions !== undefined) return { name: 'windows', field: 'spec.securityContext.windowsOptions' }
  const found = containersOf(spec).find(({ container }) => container.securityContext?.windowsOptions !== undefined)
  return found && { name: 'windows', field: `${found.path}.securityContext.windowsOptions` }
}

/** The label decides, as in node selectors; a node without it is one of ours. */
export function systemOfNode(node: KubeObject): string {
  return node.metadata.labels?.[osLabel] ?? ((node as Node).status?.nodeInfo?.operatingSystem || nodeSystem)
}
