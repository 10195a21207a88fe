// Labels that affect scheduling: a node that changes its own name or zone could attract pods that are meant for others.
import type { Node } from '../../api/types/core-v1.ts'

const hostnameLabel = 'kubernetes.io/hostname'
/** As a Windows node it would get pods that Pod Security exempts from rules for Linux; there is no agent for Windows. */
const systemLabels: ReadonlySet<string> = new Set(['kubernetes.io/os', 'beta.kubernetes.io/os'])
/** Labels about the machine, which a node may add but never change. */
const machineLabels: ReadonlySet<string> = new Set([
  'kubernetes.io/arch',
  'kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/os',
])
/** Labels about the place of a machine: set when the Node is created, which needs a join ticket, and by administrators. */
const placeLabels: ReadonlySet<string> = new Set([
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
])

/** All of them: upstream lets a node set these on its own Node. */
export const ownLabels: ReadonlySet<string> = new Set([hostnameLabel, ...machineLabels, ...placeLabels])

/** `keys`: labels that the request changes. Why the node may not; undefined if it may. */
export function ownLabelRefusal(now: Node, old: Node | undefined, keys: readonly string[], node: string): string | undefined {
  const wanted = now.metadata.labels ?? {}
  for (const key of keys) {
    if (key === hostnameLabel && wanted[key] !== node) return `node "${node}" is not allowed to set label ${key} to anything but "${node}"`
    if (systemLabels.has(key) && wanted[key] !== undefined && wanted[key] !== 'linux')
      return `node "${node}" is not allowed to set label ${key} to anything but "linux"`
    if (old === undefined) continue
    const isNew = old.metadata.labels?.[key] === undefined
    if (placeLabels.has(key) || (machineLabels.has(key) && !isNew))
      return `node "${node}" is not allowed to modify label ${key}: it is set when the Node is created, and by administrators`
  }
  return undefined
}
