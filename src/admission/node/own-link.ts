// The WireGuard key of a node: only the node itself publishes one, and never that of another. With the key of its choice, a peer would read
// what is sent to the pods of the node.
import { isPublicKey, nodeLinkKey, nodeLinkPort } from '../../api/nodes/node-link-names.ts'
import type { Node } from '../../api/types/core-v1.ts'
import type { NodeClaims } from './node-claims.ts'

const names = [nodeLinkKey, nodeLinkPort] as const

/** The annotations that are set to a new value; a removal only closes the links of the node. */
export function setLinkNames(now: Node | undefined, old: Node | undefined): string[] {
  const value = (node: Node | undefined, name: string) => node?.metadata.annotations?.[name]
  return names.filter(name => value(now, name) !== undefined && value(now, name) !== value(old, name))
}

/** Why a user who is not this node may not; undefined if it may. */
export function foreignLinkRefusal(now: Node | undefined, old: Node | undefined): string | undefined {
  const set = setLinkNames(now, old)
  return set.length === 0 ? undefined : `only the node "${now?.metadata.name}" itself may set its annotations ${set.join(' and ')}`
}

/** Why the node may not publish this; undefined if it may. */
export function ownLinkRefusal(
  now: Node,
  old: Node | undefined,
  node: string,
  claims: Pick<NodeClaims, 'otherWithKey'>,
): string | undefined {
  if (setLinkNames(now, old).length === 0) return undefined
  const key = now.metadata.annotations?.[nodeLinkKey]
  if (key === undefined) return undefined
  if (!isPublicKey(key)) return `node "${node}" is not allowed to set annotation ${nodeLinkKey}: it must be 32 bytes in base64`
  const holder = claims.otherWithKey(key, node)
  return holder && `node "${node}" is not allowed to set annotation ${nodeLinkKey}: it is the key of node "${holder}"`
}
