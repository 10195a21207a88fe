// The key of a node as a witness of audit logs: only the node itself publishes one, in its own name. With the key of its choice, whoever may write
// Nodes would cosign what no node has seen.
import { auditWitnessAnnotation, readWitnessKey } from '../../api/nodes/witness-call.ts'
import type { Node } from '../../api/types/core-v1.ts'

/** The new value; undefined if it is unchanged or removed, which only ends that the node is a witness. */
function setKey(now: Node | undefined, old: Node | undefined): string | undefined {
  const value = now?.metadata.annotations?.[auditWitnessAnnotation]
  return value === old?.metadata.annotations?.[auditWitnessAnnotation] ? undefined : value
}

/** Why a user who is not this node may not; undefined if it may. */
export function foreignWitnessRefusal(now: Node | undefined, old: Node | undefined): string | undefined {
  return setKey(now, old) === undefined
    ? undefined
    : `only the node "${now?.metadata.name}" itself may set its annotation ${auditWitnessAnnotation}`
}

/** Why the node may not publish this; undefined if it may. */
export function ownWitnessRefusal(now: Node, old: Node | undefined, node: string): string | undefined {
  const key = setKey(now, old)
  if (key === undefined || readWitnessKey(key, node) !== undefined) return undefined
  return `node "${node}" is not allowed to set annotation ${auditWitnessAnnotation}: it must be a key of cosignatures with the name of this node`
}
