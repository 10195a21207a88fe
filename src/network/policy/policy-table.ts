// The kernel's rules for the network policies of one node, updated change by change: a pod that starts or ends changes a few elements of
// sets, and only a changed policy adds or removes chains.
import { addressNumber } from '../../api/addresses/ipv4-range.ts'
import { writeJson } from '../../base/write-json.ts'
import { selects } from '../../client/cache/label-selector.ts'
import { type CompiledPolicy, type Direction, selectsPeer } from './compile-policy.ts'
import { type AddressSet, allowsDns, type Chain, evaluatedBy, type Structure } from './policy-chains.ts'
import type { LocalPod, PeerPod, PolicyPod } from './policy-pods.ts'

type Labels = Readonly<Record<string, string>>

/** What the kernel holds: sets by name with their elements, each with a verdict if the set is a map. */
export interface Held {
  readonly sets: ReadonlyMap<string, { readonly set: AddressSet; readonly elements: ReadonlySet<string> }>
  readonly chains: ReadonlyMap<string, Chain>
  readonly fixed: Readonly<Record<FixedSet, ReadonlyMap<string, string>>>
}

/** Sets that always exist, with one or two elements for each pod of the node. */
const fixedSets = ['links', 'sources', 'itself', 'egress', 'ingress', 'may_ask_dns'] as const
export type FixedSet = (typeof fixedSets)[number]

/** The difference between two states of the kernel, applied in one transaction. */
export interface Change {
  readonly newSets: readonly { readonly name: string; readonly set: AddressSet; readonly elements: readonly string[] }[]
  readonly newChains: readonly { readonly name: string; readonly chain: Chain }[]
  /** Removed from sets that stay, before anything is added. */
  readonly removed: readonly Elements[]
  readonly added: readonly Elements[]
  readonly oldChains: readonly string[]
  readonly oldSets: readonly string[]
}

export interface Elements {
  readonly set: string
  /** Keys, with ` : verdict` if the set is a map. */
  readonly elements: readonly string[]
}

interface Local extends LocalPod {
  /** How the pod is evaluated while its labels and the policies of its namespace do not change. */
  evaluated?: Evaluated
}

interface Evaluated {
  readonly labels: Labels
  readonly round: number
  readonly policies: readonly CompiledPolicy[]
  readonly structure: Structure
  /** Elements of the maps of both directions. */
  readonly egress: string
  readonly ingress: string
}

const emptyFixed = (): Record<FixedSet, Map<string, string>> => ({
  links: new Map(),
  sources: new Map(),
  itself: new Map(),
  egress: new Map(),
  ingress: new Map(),
  may_ask_dns: new Map(),
})

export class PolicyTable {
  readonly #nodeName: string
  readonly #dnsAddress: number
  readonly #namespaces = new Map<string, Labels>()
  readonly #policies = new Map<string, { round: number; readonly byName: Map<string, CompiledPolicy> }>()
  readonly #peers = new Map<string, PeerPod>()
  readonly #local = new Map<string, Local>()
  /** Current owners of an address. More than one only while the API lags behind. */
  readonly #owners = new Map<string, Set<string>>()
  /** Addresses whose owners changed since the last call of `change()`. */
  readonly #touched = new Set<string>()
  readonly #sets = new Map<
    string,
    { readonly set: AddressSet; readonly byAddress: Map<string, readonly string[]>; elements: Set<string> }
  >()
  #chains = new Map<string, Chain>()
  #fixed = emptyFixed()
  #round = 0

  constructor({ nodeName, dnsAddress }: { readonly nodeName: string; readonly dnsAddress: string }) {
    this.#nodeName = nodeName
    this.#dnsAddress = addressNumber(dnsAddress) ?? Number.NaN
  }

  /** `labels` undefined: the namespace was deleted. */
  setNamespace(name: string, labels: Labels | undefined): void {
    if (labels === undefined) this.#namespaces.delete(name)
    else this.#namespaces.set(name, labels)
    for (const [address, owners] of this.#owners)
      for (const uid of owners) if (this.#podOf(uid)?.namespace === name) this.#touched.add(address)
  }

  /** Versions older than the known one are ignored: lists and watches of one cluster race. */
  setPolicy(policy: CompiledPolicy): void {
    const there = this.#policies.get(policy.namespace) ?? { round: 0, byName: new Map() }
    if ((there.byName.get(policy.name)?.version ?? -1) > policy.version) return
    there.byName.set(policy.name, policy)
    there.round = ++this.#round
    this.#policies.set(policy.namespace, there)
  }

  deletePolicy(namespace: string, name: string): void {
    const there = this.#policies.get(namespace)
    if (there === undefined || !there.byName.delete(name)) return
    there.round = ++this.#round
    if (there.byName.size === 0) this.#policies.delete(namespace)
  }

  /** Returns whether anything relevant changed: most writes of a pod do not affect policies. */
  setPeer(pod: PeerPod): boolean {
    const before = this.#peers.get(pod.uid)
    if (before !== undefined && before.version > pod.version) return false
    this.#peers.set(pod.uid, pod)
    const local = this.#local.get(pod.uid)
    const known = local ?? before
    const same = known !== undefined && sameFacts(known, pod)
    if (local !== undefined && !same && pod.version > local.version) {
      const { labels, ports, version } = pod
      this.#local.set(pod.uid, { ...local, labels, ports, version })
    }
    if (same && (local !== undefined || before?.addresses.join() === pod.addresses.join())) return false
    this.#own(pod.uid, this.#addressesOf(before), this.#addressesOf(pod))
    return true
  }

  deletePeer(uid: string): void {
    const before = this.#peers.get(uid)
    this.#peers.delete(uid)
    this.#own(uid, this.#addressesOf(before), [])
  }

  /** The pod has this address and link from now on, as the only one on this node. Returns whether that is new. */
  open(pod: LocalPod): boolean {
    const before = this.#local.get(pod.uid)
    if (before !== undefined && before.address === pod.address && before.link === pod.link) return false
    for (const other of this.#local.values()) if (other.address === pod.address || other.link === pod.link) this.close(other.uid)
    const peer = this.#peers.get(pod.uid)
    const addresses = this.#addressesOf(peer)
    const newest = peer !== undefined && peer.version > pod.version ? peer : pod
    this.#local.set(pod.uid, { ...pod, labels: newest.labels, ports: newest.ports, version: newest.version })
    this.#own(pod.uid, before === undefined ? addresses : [before.address], [pod.address])
    return true
  }

  /** As `open`, for a pod that already ran: only if the API still knows it. */
  adopt(uid: string, address: string, link: string): boolean {
    const peer = this.#peers.get(uid)
    return peer !== undefined && this.open({ ...peer, address, link })
  }

  hasLocal(uid: string, address: string): boolean {
    return this.#local.get(uid)?.address === address
  }

  close(uid: string): boolean {
    const local = this.#local.get(uid)
    if (local === undefined) return false
    this.#local.delete(uid)
    this.#own(uid, [local.address], this.#addressesOf(this.#peers.get(uid)))
    return true
  }

  /** The last result of `change()`. */
  get held(): Held {
    return { sets: this.#sets, chains: this.#chains, fixed: this.#fixed }
  }

  /** Starts over: the next change creates everything. */
  forgetHeld(): void {
    this.#sets.clear()
    this.#chains = new Map()
    this.#fixed = emptyFixed()
    this.#touched.clear()
  }

  /** What the kernel lacks, in order; afterwards it counts as applied. Undefined if nothing changed. */
  change(): Change | undefined {
    const { structure, fixed } = this.#wanted()
    const removed: Elements[] = []
    const added: Elements[] = []
    const newSets: Change['newSets'][number][] = []
    for (const [name, set] of structure.sets) {
      const there = this.#sets.get(name)
      if (there === undefined) newSets.push({ name, set, elements: this.#fill(name, set) })
      else this.#refresh(name, there, removed, added)
    }
    const oldSets = [...this.#sets.keys()].filter(name => !structure.sets.has(name))
    for (const name of oldSets) this.#sets.delete(name)
    for (const name of fixedSets) compareMaps(name, this.#fixed[name], fixed[name], removed, added)
    const newChains = [...structure.chains].filter(([name]) => !this.#chains.has(name)).map(([name, chain]) => ({ name, chain }))
    const oldChains = [...this.#chains.keys()].filter(name => !structure.chains.has(name))
    this.#chains = structure.chains
    this.#fixed = fixed
    this.#touched.clear()
    const parts = [newSets, newChains, removed, added, oldChains, oldSets]
    return parts.every(part => part.length === 0) ? undefined : { newSets, newChains, removed, added, oldChains, oldSets }
  }

  #wanted(): { structure: Structure; fixed: Record<FixedSet, Map<string, string>> } {
    const structure: Structure = { chains: new Map(), sets: new Map() }
    const fixed = emptyFixed()
    for (const pod of this.#local.values()) {
      const { address, link } = pod
      const evaluated = this.#evaluate(pod)
      for (const [name, chain] of evaluated.structure.chains) structure.chains.set(name, chain)
      for (const [name, set] of evaluated.structure.sets) structure.sets.set(name, set)
      fixed.links.set(link, '')
      fixed.sources.set(`${link} . ${address}`, '')
      fixed.itself.set(`${address} . ${address}`, '')
      fixed.egress.set(address, evaluated.egress)
      fixed.ingress.set(address, evaluated.ingress)
      for (const protocol of ['tcp', 'udp'] as const)
        if (allowsDns(evaluated.policies, protocol, this.#dnsAddress, name => this.#namespaces.get(name)))
          fixed.may_ask_dns.set(`${address} . ${protocol}`, '')
    }
    return { structure, fixed }
  }

  #evaluate(pod: Local): Evaluated {
    const there = this.#policies.get(pod.namespace)
    const round = there?.round ?? 0
    const { evaluated, labels } = pod
    if (evaluated !== undefined && evaluated.round === round && evaluated.labels === labels) return evaluated
    const policies = [...(there?.byName.values() ?? [])].filter(policy => selects(policy.pods, labels))
    const structure: Structure = { chains: new Map(), sets: new Map() }
    const verdict = (direction: Direction): string => {
      const chain = evaluatedBy(policies, direction, structure)
      return chain === undefined ? 'accept' : `goto ${chain}`
    }
    pod.evaluated = { labels, round, policies, structure, egress: verdict('egress'), ingress: verdict('ingress') }
    return pod.evaluated
  }

  #fill(name: string, set: AddressSet): string[] {
    const byAddress = new Map<string, readonly string[]>()
    if (set.kind !== 'ranges') {
      for (const address of this.#owners.keys()) {
        const elements = this.#elementsAt(address, set)
        if (elements.length > 0) byAddress.set(address, elements)
      }
    }
    const all = set.kind === 'ranges' ? set.elements : [...byAddress.values()].flat()
    this.#sets.set(name, { set, byAddress, elements: new Set(all) })
    return [...all]
  }

  #refresh(
    name: string,
    { set, byAddress, elements }: { set: AddressSet; byAddress: Map<string, readonly string[]>; elements: Set<string> },
    removed: Elements[],
    added: Elements[],
  ): void {
    if (set.kind === 'ranges') return
    const out: string[] = []
    const into: string[] = []
    for (const address of this.#touched) {
      const before = byAddress.get(address) ?? []
      const now = this.#elementsAt(address, set)
      for (const element of before) if (!now.includes(element)) out.push(element)
      for (const element of now) if (!before.includes(element)) into.push(element)
      if (now.length > 0) byAddress.set(address, now)
      else byAddress.delete(address)
    }
    for (const element of out) elements.delete(element)
    for (const element of into) elements.add(element)
    if (out.length > 0) removed.push({ set: name, elements: out })
    if (into.length > 0) added.push({ set: name, elements: into })
  }

  /** If two pods claim an address, it gets only what both are allowed: the newer pod must not inherit the older one's rights. */
  #elementsAt(address: string, set: Exclude<AddressSet, { kind: 'ranges' }>): string[] {
    const owners = [...(this.#owners.get(address) ?? [])].flatMap(uid => this.#podOf(uid) ?? [])
    if (owners.length === 0) return []
    const [first = [], ...others] = owners.map(pod => this.#elementsOf(pod, address, set))
    return first.filter(element => others.every(other => other.includes(element)))
  }

  #elementsOf(pod: PolicyPod, address: string, set: Exclude<AddressSet, { kind: 'ranges' }>): string[] {
    if (set.kind === 'selector') return selectsPeer(set.selector, pod, name => this.#namespaces.get(name)) ? [address] : []
    const { protocol, name } = set.port
    const found = pod.ports.filter(port => port.protocol === protocol && port.name === name)
    return [...new Set(found.map(({ port }) => `${address} . ${port}`))]
  }

  /** For its own pods, the node's knowledge takes precedence over the API's. */
  #addressesOf(pod: PeerPod | undefined): readonly string[] {
    if (pod === undefined) return []
    const local = this.#local.get(pod.uid)
    if (local !== undefined) return [local.address]
    return pod.node === this.#nodeName ? [] : pod.addresses
  }

  #podOf(uid: string): PolicyPod | undefined {
    return this.#local.get(uid) ?? this.#peers.get(uid)
  }

  #own(uid: string, before: readonly string[], now: readonly string[]): void {
    const address = this.#local.get(uid)?.address
    for (const old of before) {
      if (now.includes(old) || old === address) continue
      const owners = this.#owners.get(old)
      owners?.delete(uid)
      if (owners?.size === 0) this.#owners.delete(old)
      this.#touched.add(old)
    }
    for (const one of [...now, ...(address === undefined ? [] : [address])]) {
      const owners = this.#owners.get(one) ?? new Set()
      this.#owners.set(one, owners.add(uid))
      this.#touched.add(one)
    }
  }
}

const sameFacts = (a: PolicyPod, b: PolicyPod): boolean => writeJson([a.labels, a.ports]) === writeJson([b.labels, b.ports])

function compareMaps(
  set: string,
  before: ReadonlyMap<string, string>,
  now: ReadonlyMap<string, string>,
  removed: Elements[],
  added: Elements[],
): void {
  const out = [...before].filter(([key, value]) => now.get(key) !== value).map(([key]) => key)
  const into = [...now]
    .filter(([key, value]) => before.get(key) !== value)
    .map(([key, value]) => (value === '' ? key : `${key} : ${value}`))
  if (out.length > 0) removed.push({ set, elements: out })
  if (into.length > 0) added.push({ set, elements: into })
}
