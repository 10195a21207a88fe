// Cluster addresses and node ports of Services: held in memory, built from the Services that exist, reserved before the write.
import type { FieldError } from '../api/field-error.ts'
import type { KubeObject } from '../api/object.ts'
import { validateClusterIps } from '../api/resources/core/service-addresses.ts'
import { needsClusterIp, normalizeClusterIps } from '../api/resources/core/service-fields.ts'
import { sameValue } from '../api/same-value.ts'
import { internalError, invalid } from '../api/status.ts'
import type { Service } from '../api/types/core-v1.ts'
import { isIpv6Text } from '../api/validation/ip-address.ts'
import { type AddressRange, parseRange } from './address-range.ts'
import { keepNodePorts, type Ledger, NodePortAllocation, refused } from './node-port-allocation.ts'
import { NumberPool } from './number-pool.ts'
import type { ServedResources } from './served-resource.ts'
import type { Finish, Reservations } from './write-parts.ts'

export const defaultServiceCidr = '10.96.0.0/16'
const kind = { group: '', kind: 'Service' }
const ownFamily = 'IPv4'

export class ServiceAllocation implements Reservations {
  readonly #range: AddressRange
  readonly #addresses: NumberPool
  readonly #ports = new NodePortAllocation()

  constructor(cidr: string, services: Iterable<Service>) {
    this.#range = parseRange(cidr)
    this.#addresses = new NumberPool(this.#range.size, addressBand(this.#range.size))
    for (const service of services) {
      for (const offset of this.#offsets(service)) this.#addresses.take(offset)
      this.#ports.note(service)
    }
  }

  /** From the Services in the store; undefined where this server serves none. */
  static of(resources: ServedResources, cidr: string): ServiceAllocation | undefined {
    const served = resources.byGroupResource('services')
    if (served === undefined) return undefined
    return new ServiceAllocation(
      cidr,
      served.collection.list({}).entries.map(entry => entry.object as Service),
    )
  }

  beginCreate(object: KubeObject, dryRun: boolean): Finish {
    const service = object as Service
    return run(dryRun, ledger => {
      normalizeClusterIps(service)
      setFamilies(service, undefined)
      if (hasAddress(service)) this.#giveAddress(service, ledger)
      this.#ports.giveNew(service, ledger)
    })
  }

  beginUpdate(object: KubeObject, old: KubeObject, dryRun: boolean): Finish {
    const service = object as Service
    const before = old as Service
    return run(dryRun, ledger => {
      keepAddress(service, before)
      keepNodePorts(service, before)
      normalizeClusterIps(service, before)
      setFamilies(service, before)
      // An address that a Service has is not changed: validation says so.
      if (hasAddress(service) && !hasAddress(before)) this.#giveAddress(service, ledger)
      this.#ports.giveChanged(service, before, ledger)
      this.#leaveAddresses(service, before, ledger)
    })
  }

  release(object: KubeObject): void {
    const service = object as Service
    for (const offset of this.#offsets(service)) this.#addresses.release(offset)
    this.#ports.release(service)
  }

  #offsets(service: Service): number[] {
    return addresses(service).flatMap(address => this.#range.offsetOf(address) ?? [])
  }

  #giveAddress(service: Service, ledger: Ledger): void {
    const { spec } = service
    if (spec.clusterIPs?.[0] === 'None') return
    const wanted = spec.clusterIPs?.[0] ?? ''
    const offset = wanted === '' ? this.#addresses.next() : this.#takeWanted(service, wanted)
    if (offset === undefined) throw internalError('failed to allocate a serviceIP: range is full')
    ledger.taken.push(() => this.#addresses.release(offset))
    spec.clusterIP = this.#range.addressAt(offset)
    spec.clusterIPs = [spec.clusterIP]
  }

  #takeWanted(service: Service, address: string): number {
    const offset = this.#range.offsetOf(address)
    const fail = (why: string): Error =>
      refused(service, ['spec.clusterIPs', service.spec.clusterIPs, `failed to allocate IP ${address}: ${why}`])
    if (offset === undefined) {
      throw fail(`the provided IP (${address}) is not in the valid range. The range of valid IPs is ${this.#range.cidr}`)
    }
    if (!this.#addresses.take(offset)) throw fail('provided IP is already allocated')
    return offset
  }

  /** Only a Service that needs none any more loses its address; it is free once the write is through. */
  #leaveAddresses(service: Service, before: Service, ledger: Ledger): void {
    if (hasAddress(service)) return
    for (const offset of this.#offsets(before)) ledger.left.push(() => this.#addresses.release(offset))
  }
}

function run(dryRun: boolean, act: (ledger: Ledger) => void): Finish {
  const ledger: Ledger = { taken: [], left: [] }
  const undo = (): void => {
    for (const give of ledger.taken.splice(0)) give()
  }
  try {
    act(ledger)
  } catch (err) {
    undo()
    throw err
  }
  return success => {
    if (!success || dryRun) undo()
    else for (const leave of ledger.left) leave()
  }
}

/** Of any type but ExternalName; what type is no type is left for validation. */
function hasAddress({ spec }: Service): boolean {
  return spec.type !== 'ExternalName'
}

/** Settles policy and families as upstream does in a cluster of one family: what asks for more is refused, never served by half. */
function setFamilies(service: Service, before: Service | undefined): void {
  const { spec } = service
  if (!hasAddress(service) || (before !== undefined && staysPreferred(service, before))) return
  const headlessWithoutSelector = spec.clusterIP === 'None' && Object.keys(spec.selector ?? {}).length === 0
  // Endpoints made by hand may be of any family, so upstream declares both.
  spec.ipFamilyPolicy ??= before?.spec.ipFamilyPolicy ?? (headlessWithoutSelector ? 'RequireDualStack' : 'SingleStack')
  const errors: FieldError[] = []
  // Only what makes sense together can be allocated for, so this is said alone, before the rest is judged.
  validateClusterIps(service, errors)
  if (errors.length > 0) throw invalid(kind, service.metadata.name ?? '', errors)
  settleSecondary(service, before)
  if (headlessWithoutSelector) {
    spec.ipFamilies ??= [ownFamily]
    const [first] = spec.ipFamilies
    if (spec.ipFamilies.length < 2 && spec.ipFamilyPolicy !== 'SingleStack') {
      spec.ipFamilies = [first ?? ownFamily, first === 'IPv6' ? 'IPv4' : 'IPv6']
    }
    return
  }
  const refusals: [field: string, value: unknown, detail: string][] = []
  if (spec.ipFamilyPolicy === 'RequireDualStack') {
    refusals.push(['spec.ipFamilyPolicy', spec.ipFamilyPolicy, 'this cluster is not configured for dual-stack services'])
  }
  spec.ipFamilies?.forEach((family, index) => {
    if (family !== ownFamily) refusals.push([`spec.ipFamilies[${index}]`, family, 'not configured on this cluster'])
  })
  if (refusals.length > 0) throw refused(service, ...refusals)
  if ((spec.ipFamilies?.length ?? 0) === 0) spec.ipFamilies = [ownFamily]
}

/** One address and family need another policy than two. Families that addresses imply are filled in. */
function settleSecondary(service: Service, before: Service | undefined): void {
  const { spec } = service
  const policy = spec.ipFamilyPolicy
  const refusals: [field: string, value: unknown, detail: string][] = []
  const refuse = (detail: string): void => void refusals.push(['spec.ipFamilyPolicy', policy, detail])
  for (const [field, one, many] of secondaries) {
    const now = spec[field] ?? []
    const old = before?.spec[field] ?? []
    if (before !== undefined && policy === 'SingleStack' && now.length > 1 && sameValue(now, old)) {
      Object.assign(spec, { [field]: now.slice(0, 1) })
    } else if (before !== undefined && policy !== 'SingleStack' && now.length < old.length && now.length > 0) {
      refuse(`must be 'SingleStack' to release the secondary ${one}`)
    } else if (policy === 'SingleStack' && now.length === 2) {
      refuse(`must be 'RequireDualStack' or 'PreferDualStack' when multiple ${many} are specified`)
    }
  }
  for (const [index, address] of addresses(service).entries()) {
    if (index < (spec.ipFamilies?.length ?? 0)) continue
    if (isIpv6Text(address)) refusals.push([`spec.clusterIPs[${index}]`, spec.clusterIPs, 'IPv6 is not configured on this cluster'])
    else spec.ipFamilies = [...(spec.ipFamilies ?? []), ownFamily]
  }
  if (refusals.length > 0) throw refused(service, ...refusals)
}

const secondaries = [
  ['clusterIPs', 'cluster IP', 'cluster IPs'],
  ['ipFamilies', 'IP family', 'IP families'],
] as const

/** A Service that only prefers two families is left as it is while nothing about them changes. */
function staysPreferred({ spec }: Service, { spec: old }: Service): boolean {
  return (
    spec.ipFamilyPolicy === 'PreferDualStack' &&
    old.ipFamilyPolicy === 'PreferDualStack' &&
    spec.clusterIP === old.clusterIP &&
    sameValue(spec.clusterIPs ?? [], old.clusterIPs ?? []) &&
    sameValue(spec.ipFamilies ?? [], old.ipFamilies ?? [])
  )
}

/** An update that leaves out the address that the server gave keeps it. */
function keepAddress(service: Service, before: Service): void {
  const { spec } = service
  const old = before.spec
  if (!needsClusterIp(before) || !needsClusterIp(service) || !old.clusterIP) return
  spec.clusterIP ||= old.clusterIP
  if ((spec.clusterIPs?.length ?? 0) === 0 && spec.clusterIP === old.clusterIP && old.clusterIPs) spec.clusterIPs = [...old.clusterIPs]
}

function addresses({ spec }: Service): string[] {
  const all = spec.clusterIPs?.length ? spec.clusterIPs : spec.clusterIP ? [spec.clusterIP] : []
  return all.filter(address => address !== 'None' && address !== '')
}

/** Upstream's split: the lower band is for addresses that people choose, and given out by the server only at last. */
function addressBand(size: number): number {
  return size < 16 ? 0 : Math.min(256, Math.max(16, Math.floor(size / 16)))
}
