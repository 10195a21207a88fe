// Decides to which other nodes this one has a WireGuard link. Pure. A node without a key of its own is no peer, so no route leads to it.
import { isIP } from 'node:net'
import { type AddressRange, overlap, rangeOf } from '../../api/addresses/ipv4-range.ts'
import { isPublicKey } from '../../api/nodes/node-link-names.ts'
import type { NodeLink } from '../../api/types/bulkhead-v1alpha1.ts'

export interface Peer {
  readonly node: string
  readonly publicKey: string
  /** `address:port`, an IPv6 address in brackets. */
  readonly endpoint: string
  /** The only addresses from which packets of this peer are accepted, and the only route to it. */
  readonly podCidr: string
}

export interface PeerPlan {
  /** Sorted by node. */
  readonly peers: readonly Peer[]
  /** Nodes that claim what belongs to others: they get no link. */
  readonly problems: readonly string[]
}

export interface OwnLink {
  readonly node: string
  readonly publicKey: string
  readonly podCidr: string
}

/** `clusterPods` is the range of all pods: no peer has addresses outside of it. Of two nodes that claim the same, the older one keeps it. */
export function planPeers(links: readonly NodeLink[], own: OwnLink, clusterPods: string): PeerPlan {
  const whole = rangeOf(clusterPods)
  const keys = new Map([[own.publicKey, own.node]])
  const ranges: { readonly node: string; readonly range: AddressRange }[] = []
  const ownRange = rangeOf(own.podCidr)
  if (ownRange !== undefined) ranges.push({ node: own.node, range: ownRange })
  const peers: Peer[] = []
  const problems: string[] = []
  for (const { metadata, spec } of [...links].sort(byAge)) {
    const { name: node = '', deletionTimestamp } = metadata
    const { publicKey, podCIDR: podCidr, port } = spec
    const address = spec.addresses.find(text => isIP(text) !== 0)
    // Its certificates are denied already.
    if (node === own.node || deletionTimestamp !== undefined) continue
    if (publicKey === undefined || podCidr === undefined || port === undefined || address === undefined) continue
    const range = rangeOf(podCidr)
    if (!isPublicKey(publicKey) || range === undefined || whole === undefined || range.first < whole.first || range.last > whole.last) {
      problems.push(`node "${node}" has no valid key, or pod addresses outside of ${clusterPods}`)
      continue
    }
    const holder = keys.get(publicKey) ?? ranges.find(taken => overlap(taken.range, range))?.node
    if (holder !== undefined) {
      problems.push(`node "${node}" claims the key or the pod addresses of node "${holder}"`)
      continue
    }
    keys.set(publicKey, node)
    ranges.push({ node, range })
    peers.push({ node, publicKey, podCidr, endpoint: `${isIP(address) === 6 ? `[${address}]` : address}:${port}` })
  }
  return { peers: peers.sort((a, b) => (a.node < b.node ? -1 : 1)), problems }
}

function byAge(a: NodeLink, b: NodeLink): number {
  const [one, other] = [a, b].map(({ metadata }) => `${metadata.creationTimestamp ?? ''} ${metadata.name ?? ''}`)
  return (one ?? '') < (other ?? '') ? -1 : 1
}
