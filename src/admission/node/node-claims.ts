// What Nodes hold that no other node may report: addresses, ranges of pods, WireGuard keys. Kept while Nodes change, because each node reports
// at its start and a comparison with all others would be quadratic.
import { formatIp, type IpBytes, parseCidr, parseIp } from '../../api/addresses/ip-address.ts'
import { nodeLinkKey } from '../../api/nodes/node-link-names.ts'
import { followObjects, type StoreView } from '../../api/store-view.ts'
import type { Node } from '../../api/types/core-v1.ts'
import { addressesOf, rangesOf } from './node-addresses.ts'

/** Marks simulated nodes, which all report one address without a machine. */
const simulatedLabel = 'bulkhead.dev/simulated'

export class NodeClaims {
  readonly #claimsOf = new Map<string, readonly string[]>()
  readonly #holders = new Map<string, Set<string>>()
  /** How many ranges have this length of an address and of the prefix: an address is looked up once for each. */
  readonly #lengths = new Map<string, number>()

  constructor(view: Pick<StoreView, 'list' | 'follow'>) {
    followObjects<Node>(view, 'nodes', (_namespace, name, node) => this.#set(name, node === undefined ? [] : claimsOf(node)))
  }

  /** The node whose pods have the address; undefined if there is none. */
  holderOfRange(ip: IpBytes): string | undefined {
    for (const lengths of this.#lengths.keys()) {
      const [bytes, prefix] = lengths.split('/').map(Number)
      if (bytes !== ip.length) continue
      const [holder] = this.#holders.get(rangeClaim(ip, prefix ?? 0)) ?? []
      if (holder !== undefined) return holder
    }
    return undefined
  }

  /** Another node than this one that has the address. */
  otherWithAddress(ip: IpBytes, node: string): string | undefined {
    return this.#other(addressClaim(ip), node)
  }

  otherWithKey(key: string, node: string): string | undefined {
    return this.#other(keyClaim(key), node)
  }

  #other(claim: string, node: string): string | undefined {
    for (const holder of this.#holders.get(claim) ?? []) if (holder !== node) return holder
    return undefined
  }

  #set(name: string, claims: readonly string[]): void {
    const before = this.#claimsOf.get(name) ?? []
    // Most changes of Nodes are heartbeats.
    if (before.join() === claims.join()) return
    for (const claim of before) {
      const holders = this.#holders.get(claim)
      holders?.delete(name)
      if (holders?.size === 0) this.#holders.delete(claim)
      this.#count(claim, -1)
    }
    for (const claim of claims) {
      const holders = this.#holders.get(claim)
      if (holders === undefined) this.#holders.set(claim, new Set([name]))
      else holders.add(name)
      this.#count(claim, 1)
    }
    if (claims.length === 0) this.#claimsOf.delete(name)
    else this.#claimsOf.set(name, claims)
  }

  #count(claim: string, by: 1 | -1): void {
    const [kind, , lengths = ''] = claim.split(' ')
    if (kind !== 'range') return
    const count = (this.#lengths.get(lengths) ?? 0) + by
    if (count === 0) this.#lengths.delete(lengths)
    else this.#lengths.set(lengths, count)
  }
}

function claimsOf(node: Node): string[] {
  const { labels, annotations } = node.metadata
  const key = annotations?.[nodeLinkKey]
  const ips = labels?.[simulatedLabel] === undefined ? addressesOf(node).map(parseIp) : []
  const ranges = rangesOf(node).map(parseCidr)
  const claims = [
    ...ips.flatMap(ip => (ip === undefined ? [] : [addressClaim(ip)])),
    ...ranges.flatMap(range => (range === undefined ? [] : [rangeClaim(range.address, range.prefixLength)])),
    ...(key === undefined ? [] : [keyClaim(key)]),
  ]
  return [...new Set(claims)]
}

const addressClaim = (ip: IpBytes): string => `address ${formatIp(ip)}`
const keyClaim = (key: string): string => `key ${key}`

/** Of the range of that length that contains the address. */
function rangeClaim(ip: IpBytes, prefixLength: number): string {
  const network = ip.map((byte, index) => byte & (0xff << (8 - Math.min(8, Math.max(0, prefixLength - index * 8)))) & 0xff)
  return `range ${network.join('.')} ${ip.length}/${prefixLength}`
}
