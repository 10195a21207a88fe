// Cluster addresses and node ports of Services: held in memory, built from the Services that exist, reserved before the write.
import { type FieldError, invalidValue } from '../api/field-error.ts'
import type { KubeObject } from '../api/object.ts'
import { validateClusterIps } from '../api/resources/core/service-addresses.ts'
import { apiError, invalid } from '../api/status.ts'
import type { Service, ServicePort } from '../api/types/core-v1.ts'
import { type AddressRange, parseRange } from './address-range.ts'
import { NumberPool } from './number-pool.ts'
import { sameValue } from './same-value.ts'
import type { ServedResources } from './served-resource.ts'
import type { Finish, Reservations } from './write-parts.ts'

export const defaultServiceCidr = '10.96.0.0/16'
export const nodePortFirst = 30_000
export const nodePortLast = 32_767
const kind = { group: '', kind: 'Service' }

/** What one write took and what it leaves, so that it can be undone or carried through. */
interface Ledger {
  readonly taken: (() => void)[]
  readonly left: (() => void)[]
}

export class ServiceAllocation implements Reservations {
  readonly #range: AddressRange
  readonly #addresses: NumberPool
  readonly #ports: NumberPool

  constructor(cidr: string, services: Iterable<Service>) {
    this.#range = parseRange(cidr)
    this.#addresses = new NumberPool(this.#range.size, addressBand(this.#range.size))
    this.#ports = new NumberPool(nodePortLast - nodePortFirst + 1, portBand(nodePortLast - nodePortFirst + 1))
    for (const service of services) this.#note(service)
  }

  /** From the Services in the store; undefined where this server serves none. */
  static of(resources: ServedResources, cidr = defaultServiceCidr): ServiceAllocation | undefined {
    const served = resources.byGroupResource('services')
    if (served === undefined) return undefined
    return new ServiceAllocation(
      cidr,
      served.collection.list({}).entries.map(entry => entry.object as Service),
    )
  }

  beginCreate(object: KubeObject, dryRun: boolean): Finish {
    const service = object as Service
    return this.#run(dryRun, ledger => {
      completeAddresses(service)
      this.#setFamilies(service)
      if (needsAddress(service)) this.#giveAddress(service, undefined, ledger)
      if (needsPorts(service)) this.#givePorts(service, undefined, ledger)
    })
  }

  beginUpdate(object: KubeObject, old: KubeObject, dryRun: boolean): Finish {
    const service = object as Service
    const before = old as Service
    return this.#run(dryRun, ledger => {
      keepAllocated(service, before)
      followAddress(service, before)
      this.#setFamilies(service)
      if (needsAddress(service)) this.#giveAddress(service, before, ledger)
      else if (service.spec?.type === 'ExternalName') dropAddress(service)
      if (needsPorts(service)) this.#givePorts(service, before, ledger)
      this.#leave(service, before, ledger)
    })
  }

  release(object: KubeObject): void {
    const service = object as Service
    for (const offset of this.#offsets(service)) this.#addresses.release(offset)
    for (const port of nodePorts(service)) this.#ports.release(port - nodePortFirst)
  }

  #run(dryRun: boolean, act: (ledger: Ledger) => void): Finish {
    const ledger: Ledger = { taken: [], left: [] }
    const undo = () => {
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

  #note(service: Service): void {
    for (const offset of this.#offsets(service)) this.#addresses.take(offset)
    for (const port of nodePorts(service)) this.#ports.take(port - nodePortFirst)
  }

  #offsets(service: Service): number[] {
    return addresses(service).flatMap(address => this.#range.offsetOf(address) ?? [])
  }

  /** One family only: what asks for more is refused, never served by half. */
  #setFamilies(service: Service): void {
    const { spec } = service
    if (spec === undefined || spec.type === 'ExternalName') return
    const errors: FieldError[] = []
    // Only what makes sense together can be allocated for, so this is said alone, before the rest is judged.
    validateClusterIps(service, errors)
    if (errors.length > 0) throw invalid(kind, service.metadata.name ?? '', errors)
    if (isHeadlessWithoutSelector(service) && (spec.ipFamilyPolicy === undefined || spec.ipFamilyPolicy === 'RequireDualStack')) {
      // Its endpoints are made by hand and may be of any family, so upstream declares both.
      spec.ipFamilyPolicy = 'RequireDualStack'
      spec.ipFamilies ??= ['IPv4', 'IPv6']
      return
    }
    if (spec.ipFamilyPolicy === 'RequireDualStack') {
      throw refusal(service, 'spec.ipFamilyPolicy', spec.ipFamilyPolicy, 'this cluster is not configured for dual-stack services')
    }
    const other = spec.ipFamilies?.find(family => family !== 'IPv4')
    if (other !== undefined) throw refusal(service, 'spec.ipFamilies[0]', other, 'not configured on this cluster')
    spec.ipFamilyPolicy ??= 'SingleStack'
    spec.ipFamilies = ['IPv4']
  }

  #giveAddress(service: Service, before: Service | undefined, ledger: Ledger): void {
    const { spec } = service
    if (spec === undefined) return
    const wanted = spec.clusterIP || spec.clusterIPs?.[0] || ''
    if (wanted === 'None') {
      spec.clusterIP = 'None'
      spec.clusterIPs = ['None']
      return
    }
    // What may not change is not allocated: validation says so.
    if (wanted !== '' && before !== undefined && needsAddress(before)) {
      spec.clusterIP = wanted
      spec.clusterIPs ??= [wanted]
      return
    }
    const offset = wanted === '' ? this.#addresses.next() : this.#takeWanted(service, wanted)
    if (offset === undefined) {
      throw apiError(500, 'InternalError', 'Internal error occurred: failed to allocate a serviceIP: range is full', {
        causes: [{ message: 'failed to allocate a serviceIP: range is full' }],
      })
    }
    ledger.taken.push(() => this.#addresses.release(offset))
    spec.clusterIP = this.#range.addressAt(offset)
    spec.clusterIPs = [spec.clusterIP]
  }

  #takeWanted(service: Service, address: string): number {
    const offset = this.#range.offsetOf(address)
    if (offset === undefined) {
      const detail = `failed to allocate IP ${address}: the provided IP (${address}) is not in the valid range. The range of valid IPs is ${this.#range.cidr}`
      throw refusal(service, 'spec.clusterIPs', [address], detail)
    }
    if (!this.#addresses.take(offset)) {
      throw refusal(service, 'spec.clusterIPs', [address], `failed to allocate IP ${address}: provided IP is already allocated`)
    }
    return offset
  }

  #givePorts(service: Service, before: Service | undefined, ledger: Ledger): void {
    const { spec } = service
    if (spec === undefined) return
    const had = new Set(before === undefined ? [] : nodePorts(before))
    // One number may serve several protocols of one Service.
    const mine = new Map<number, Set<string>>()
    const own = (port: number, protocol: string) => {
      const protocols = mine.get(port)
      if (protocols) protocols.add(protocol)
      else mine.set(port, new Set([protocol]))
    }
    const ports = spec.ports ?? []
    for (const [index, port] of ports.entries()) {
      if (!port.nodePort) continue
      const fresh = !had.has(port.nodePort) && !mine.has(port.nodePort)
      if (fresh) this.#takePort(service, index, port.nodePort, ledger)
      own(port.nodePort, port.protocol ?? 'TCP')
    }
    for (const port of ports) {
      if (port.nodePort) continue
      // Upstream gives a new Service's ports of one number one node port, whatever their protocols.
      const shared = before === undefined ? numberOfTwin(ports, port) : sharedPort(ports, port, mine)
      port.nodePort = shared ?? this.#nextPort(ledger)
      own(port.nodePort, port.protocol ?? 'TCP')
    }
    if (needsHealthPort(service) && !spec.healthCheckNodePort) spec.healthCheckNodePort = this.#nextPort(ledger)
  }

  #takePort(service: Service, index: number, port: number, ledger: Ledger): void {
    const field = `spec.ports[${index}].nodePort`
    if (port < nodePortFirst || port > nodePortLast) {
      const detail = `provided port is not in the valid range. The range of valid ports is ${nodePortFirst}-${nodePortLast}`
      throw refusal(service, field, port, detail)
    }
    if (!this.#ports.take(port - nodePortFirst)) throw refusal(service, field, port, 'provided port is already allocated')
    ledger.taken.push(() => this.#ports.release(port - nodePortFirst))
  }

  #nextPort(ledger: Ledger): number {
    const offset = this.#ports.next()
    if (offset === undefined) {
      throw apiError(500, 'InternalError', 'Internal error occurred: failed to allocate a nodePort: range is full', {
        causes: [{ message: 'failed to allocate a nodePort: range is full' }],
      })
    }
    ledger.taken.push(() => this.#ports.release(offset))
    return offset + nodePortFirst
  }

  /** What the new version no longer names is free once the write is through. */
  #leave(service: Service, before: Service, ledger: Ledger): void {
    const kept = new Set(addresses(service))
    for (const address of addresses(before)) {
      const offset = kept.has(address) ? undefined : this.#range.offsetOf(address)
      if (offset !== undefined) ledger.left.push(() => this.#addresses.release(offset))
    }
    const ports = new Set(nodePorts(service))
    for (const port of nodePorts(before)) {
      if (!ports.has(port)) ledger.left.push(() => this.#ports.release(port - nodePortFirst))
    }
  }
}

function refusal(service: Service, field: string, value: unknown, detail: string): Error {
  return invalid(kind, service.metadata.name ?? '', [invalidValue(field, value, detail)])
}

function isHeadlessWithoutSelector({ spec }: Service): boolean {
  return spec?.clusterIP === 'None' && Object.keys(spec.selector ?? {}).length === 0
}

function needsAddress({ spec }: Service): boolean {
  return spec !== undefined && spec.type !== 'ExternalName'
}

function needsPorts({ spec }: Service): boolean {
  return spec?.type === 'NodePort' || (spec?.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false)
}

function needsHealthPort({ spec }: Service): boolean {
  return spec?.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local'
}

/** An update that leaves out what the server gave keeps it, as upstream's patchAllocatedValues. */
function keepAllocated(service: Service, before: Service): void {
  const { spec } = service
  const old = before.spec
  if (spec === undefined || old === undefined) return
  if (needsAddress(before) && needsAddress(service)) {
    if (!spec.clusterIP) setIfGiven(spec, 'clusterIP', old.clusterIP)
    if (!spec.clusterIPs?.length && spec.clusterIP === old.clusterIP) setIfGiven(spec, 'clusterIPs', old.clusterIPs)
  }
  if (!needsPorts(before) || !needsPorts(service)) return
  const given = new Set(nodePorts(service))
  for (const port of spec.ports ?? []) {
    if (port.nodePort) continue
    const same = old.ports?.find(candidate => candidate.port === port.port && candidate.protocol === port.protocol)
    if (!same?.nodePort || given.has(same.nodePort)) continue
    port.nodePort = same.nodePort
    given.add(same.nodePort)
  }
  if (needsHealthPort(before) && needsHealthPort(service) && !spec.healthCheckNodePort) {
    setIfGiven(spec, 'healthCheckNodePort', old.healthCheckNodePort)
  }
}

/** Older clients know one address only. */
function completeAddresses({ spec }: Service): void {
  if (spec?.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP]
}

/** A client that knows one address only changes it and leaves the list as it was: the list follows. */
function followAddress({ spec }: Service, { spec: old }: Service): void {
  if (spec === undefined || old === undefined || spec.clusterIP === old.clusterIP) return
  if (!sameValue(spec.clusterIPs ?? [], old.clusterIPs ?? [])) return
  if (spec.clusterIP) spec.clusterIPs = [spec.clusterIP]
  else delete spec.clusterIPs
}

function setIfGiven<T, K extends keyof T>(target: T, key: K, value: T[K] | undefined): void {
  if (value !== undefined) target[key] = value
}

function dropAddress({ spec }: Service): void {
  if (spec === undefined) return
  delete spec.clusterIP
  delete spec.clusterIPs
  delete spec.ipFamilies
  delete spec.ipFamilyPolicy
}

function numberOfTwin(ports: readonly ServicePort[], port: ServicePort): number | undefined {
  return ports.find(candidate => candidate !== port && candidate.nodePort && candidate.port === port.port)?.nodePort
}

function sharedPort(ports: readonly ServicePort[], port: ServicePort, mine: ReadonlyMap<number, ReadonlySet<string>>): number | undefined {
  const other = ports.find(candidate => candidate !== port && candidate.nodePort && candidate.port === port.port)
  if (!other?.nodePort) return undefined
  return mine.get(other.nodePort)?.has(port.protocol ?? 'TCP') ? undefined : other.nodePort
}

function addresses({ spec }: Service): string[] {
  const all = spec?.clusterIPs?.length ? spec.clusterIPs : spec?.clusterIP ? [spec.clusterIP] : []
  return all.filter(address => address !== 'None' && address !== '')
}

function nodePorts({ spec }: Service): number[] {
  const ports = (spec?.ports ?? []).flatMap(port => (port.nodePort ? [port.nodePort] : []))
  return [...new Set(spec?.healthCheckNodePort ? [...ports, spec.healthCheckNodePort] : ports)]
}

/** Upstream's split: the lower band is for addresses that people choose, and given out by the server only at last. */
function addressBand(size: number): number {
  return size < 16 ? 0 : Math.min(256, Math.max(16, Math.floor(size / 16)))
}

function portBand(size: number): number {
  return size < 16 ? 0 : Math.min(128, Math.max(16, Math.floor(size / 32)))
}
