// Allocates node ports of Services in memory, from one range for traffic and for health checks of load balancers.
import { invalidValue } from '../../api/field-error.ts'
import { allocatesNodePorts, hasNodePorts, needsHealthCheck } from '../../api/resources/core/service-fields.ts'
import { type ApiError, internalError, invalid } from '../../api/status.ts'
import type { Service, ServicePort } from '../../api/types/core-v1.ts'
import { plainFailure } from '../http/plain-failure.ts'
import { NumberPool } from './number-pool.ts'

const nodePortFirst = 30_000
const nodePortLast = 32_767
const size = nodePortLast - nodePortFirst + 1
/** As upstream, a dry run gets ports above the range, and may request any port. */
const dummyPort = nodePortLast + 1
const alreadyAllocated = 'provided port is already allocated'
const kind = { group: '', kind: 'Service' }

const uidOf = ({ metadata }: Service): string => metadata.uid ?? ''

/** The ports that one write took and will release, so that it can be undone or completed. */
export interface Ledger {
  readonly taken: (() => void)[]
  readonly left: (() => void)[]
  /** Removes what was given from the Service again. */
  readonly given: (() => void)[]
  /** For a dry run: the requested and shown node ports. It takes none. */
  readonly dryPorts: DryPorts | undefined
}

/** A Service may list thousands of ports. */
export class DryPorts {
  readonly #ports = new Set<number>()
  #highest = dummyPort

  has(port: number): boolean {
    return this.#ports.has(port)
  }

  add(port: number): void {
    this.#highest = this.#ports.size === 0 ? port : Math.max(this.#highest, port)
    this.#ports.add(port)
  }

  /** A number above all its ports. */
  next(): number {
    const dummy = this.#highest + 1
    this.add(dummy)
    return dummy
  }
}

export class NodePortAllocation {
  readonly #pool = new NumberPool(size, portBand())
  /** The uid of the Service, by port. */
  readonly #holders = new Map<number, string>()

  /** A stored Service. What it holds is taken from a write that is under way: that one is refused or gets another port. */
  note(service: Service): void {
    for (const port of allPorts(service)) this.#hold(port, service)
  }

  release(service: Service): void {
    for (const port of allPorts(service)) this.#free(port, service)
  }

  /** A stored Service changed. */
  follow(service: Service, before: Service): void {
    const kept = new Set(allPorts(service))
    for (const port of allPorts(before)) if (!kept.has(port)) this.#free(port, before)
    this.note(service)
  }

  /** The first of its ports that another Service has; undefined if it holds all. */
  lost(service: Service): number | undefined {
    return allPorts(service).find(port => {
      const holder = this.#holders.get(port)
      return holder !== undefined && holder !== uidOf(service)
    })
  }

  /** As upstream, ports of a new Service with the same number share a node port, whatever their protocols. */
  giveNew(service: Service, ledger: Ledger): void {
    const ports = hasNodePorts(service) ? (service.spec.ports ?? []) : []
    const wishes = new Map(ports.toReversed().flatMap(({ port, nodePort }) => (nodePort ? [[port, nodePort] as const] : [])))
    const given = new Map<number, number>()
    for (const [index, port] of ports.entries()) {
      if (!port.nodePort && !allocatesNodePorts(service)) continue
      const shared = given.get(port.port)
      if (shared === undefined) {
        const wanted = wishes.get(port.port)
        if (wanted === undefined) this.#give(port, service, ledger)
        else port.nodePort = this.#takeFor(service, index, wanted, ledger)
        given.set(port.port, port.nodePort ?? 0)
      } else if (!port.nodePort) {
        port.nodePort = shared
        ledger.given.push(() => delete port.nodePort)
      } else if (port.nodePort !== shared) this.#takeFor(service, index, port.nodePort, ledger)
    }
    if (needsHealthCheck(service)) this.#giveHealthPort(service, ledger)
  }

  giveChanged(service: Service, before: Service, ledger: Ledger): void {
    if (hasNodePorts(service)) this.#changePorts(service, before, ledger)
    if (needsHealthCheck(service) && !needsHealthCheck(before)) this.#giveHealthPort(service, ledger)
    for (const port of leftPorts(service, before)) ledger.left.push(() => this.#free(port, before))
  }

  #changePorts(service: Service, before: Service, ledger: Ledger): void {
    const known = new Set(heldPorts(before))
    const pairs = new Set<string>()
    for (const [index, port] of (service.spec.ports ?? []).entries()) {
      if (!port.nodePort) {
        if (!allocatesNodePorts(service)) continue
        this.#give(port, service, ledger)
      } else if (!known.has(port.nodePort)) {
        this.#takeFor(service, index, port.nodePort, ledger)
        known.add(port.nodePort)
      }
      const pair = `{${port.protocol ?? 'TCP'} ${port.nodePort}}`
      // Upstream fails here with a plain error, before validation could name the field.
      if (pairs.has(pair)) throw plainFailure(`duplicate nodePort: ${pair}`)
      pairs.add(pair)
    }
  }

  #give(port: ServicePort, service: Service, ledger: Ledger): void {
    port.nodePort = this.#next(service, ledger)
    ledger.given.push(() => delete port.nodePort)
  }

  #giveHealthPort(service: Service, ledger: Ledger): void {
    const { spec } = service
    if (!spec.healthCheckNodePort) {
      spec.healthCheckNodePort = this.#next(service, ledger)
      ledger.given.push(() => delete spec.healthCheckNodePort)
      return
    }
    const problem = this.#take(spec.healthCheckNodePort, service, ledger)
    if (problem !== undefined) {
      throw internalError(`failed to allocate requested HealthCheck NodePort ${spec.healthCheckNodePort}: ${problem}`)
    }
  }

  #takeFor(service: Service, index: number, port: number, ledger: Ledger): number {
    const problem = this.#take(port, service, ledger)
    if (problem === undefined) return port
    throw refused(service, [`spec.ports[${index}].nodePort`, port, problem])
  }

  /** Returns the reason if the port is not available. */
  #take(port: number, service: Service, ledger: Ledger): string | undefined {
    const { dryPorts } = ledger
    if (dryPorts) {
      if (this.#pool.isTaken(port - nodePortFirst) || dryPorts.has(port)) return alreadyAllocated
      dryPorts.add(port)
      return undefined
    }
    if (port < nodePortFirst || port > nodePortLast) {
      return `provided port is not in the valid range. The range of valid ports is ${nodePortFirst}-${nodePortLast}`
    }
    if (!this.#pool.take(port - nodePortFirst)) return alreadyAllocated
    this.#holders.set(port, uidOf(service))
    ledger.taken.push(() => this.#free(port, service))
    return undefined
  }

  #next(service: Service, ledger: Ledger): number {
    if (ledger.dryPorts) return ledger.dryPorts.next()
    const offset = this.#pool.next()
    if (offset === undefined) throw internalError('failed to allocate a nodePort: range is full')
    const port = offset + nodePortFirst
    this.#holders.set(port, uidOf(service))
    ledger.taken.push(() => this.#free(port, service))
    return port
  }

  #hold(port: number, service: Service): void {
    this.#pool.take(port - nodePortFirst)
    this.#holders.set(port, uidOf(service))
  }

  #free(port: number, service: Service): void {
    if (this.#holders.get(port) !== uidOf(service)) return
    this.#holders.delete(port)
    this.#pool.release(port - nodePortFirst)
  }
}

export function refused({ metadata }: Service, ...errors: (readonly [field: string, value: unknown, detail: string])[]): ApiError {
  return invalid(
    kind,
    metadata.name ?? '',
    errors.map(([field, value, detail]) => invalidValue(field, value, detail)),
  )
}

/**
 * An update without the allocated node ports keeps them, matched by the name of the port. A load balancer without node ports
 * loses them.
 */
export function keepNodePorts(service: Service, before: Service): void {
  if (allocatesNodePorts(before) && allocatesNodePorts(service)) {
    const ports = service.spec.ports ?? []
    const stated = new Set(ports.map(({ nodePort }) => nodePort))
    const named = new Map(before.spec.ports?.map(({ name, nodePort }) => [name ?? '', nodePort]))
    for (const port of ports) {
      const known = port.nodePort ? undefined : named.get(port.name ?? '')
      if (known && !stated.has(known)) port.nodePort = known
    }
  }
  if (needsHealthCheck(before) && needsHealthCheck(service) && before.spec.healthCheckNodePort) {
    service.spec.healthCheckNodePort ||= before.spec.healthCheckNodePort
  }
}

/** The ports to release after the write. A type without node ports also loses those that the body still names; they are dropped afterwards. */
function leftPorts(service: Service, before: Service): number[] {
  const kept = new Set(heldPorts(service))
  const left = heldPorts(before).filter(port => !kept.has(port))
  const { healthCheckNodePort } = before.spec
  return healthCheckNodePort && !needsHealthCheck(service) ? [...left, healthCheckNodePort] : left
}

/** A Service of another type may name node ports without holding them. They may belong to another Service and must not be released. */
function heldPorts(service: Service): number[] {
  if (!hasNodePorts(service)) return []
  return (service.spec.ports ?? []).flatMap(({ nodePort }) => (nodePort ? [nodePort] : []))
}

function allPorts(service: Service): number[] {
  const { healthCheckNodePort } = service.spec
  return [...new Set(healthCheckNodePort ? [...heldPorts(service), healthCheckNodePort] : heldPorts(service))]
}

/** Upstream's split: the lower band is for ports that users choose, and allocated last. */
function portBand(): number {
  return Math.min(128, Math.max(16, Math.floor(size / 32)))
}
