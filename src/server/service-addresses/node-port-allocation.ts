// Node ports of Services: one range for traffic and for the health checks of load balancers, held in memory.
import { invalidValue } from '../../api/field-error.ts'
import { allocatesNodePorts, hasNodePorts, needsHealthCheck } from '../../api/resources/core/service-fields.ts'
import { type ApiError, internalError, invalid } from '../../api/status.ts'
import type { Service } from '../../api/types/core-v1.ts'
import { plainFailure } from '../http/plain-failure.ts'
import { NumberPool } from './number-pool.ts'

const nodePortFirst = 30_000
const nodePortLast = 32_767
const size = nodePortLast - nodePortFirst + 1
/** As upstream, a dry run is shown ports from behind the range, and may ask for any. */
const dummyPort = nodePortLast + 1
const alreadyAllocated = 'provided port is already allocated'
const kind = { group: '', kind: 'Service' }

/** What one write took and what it leaves, so that it can be undone or carried through. */
export interface Ledger {
  readonly taken: (() => void)[]
  readonly left: (() => void)[]
  /** Of a dry run: the node ports that it asks for and is shown. It takes none. */
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

  /** One behind all that it has. */
  next(): number {
    const dummy = this.#highest + 1
    this.add(dummy)
    return dummy
  }
}

export class NodePortAllocation {
  readonly #pool = new NumberPool(size, portBand())

  note(service: Service): void {
    for (const port of allPorts(service)) this.#pool.take(port - nodePortFirst)
  }

  release(service: Service): void {
    for (const port of allPorts(service)) this.#pool.release(port - nodePortFirst)
  }

  /** Upstream gives a new Service's ports of one number one node port, whatever their protocols. */
  giveNew(service: Service, ledger: Ledger): void {
    const ports = hasNodePorts(service) ? (service.spec.ports ?? []) : []
    const wishes = new Map(ports.toReversed().flatMap(({ port, nodePort }) => (nodePort ? [[port, nodePort] as const] : [])))
    const given = new Map<number, number>()
    for (const [index, port] of ports.entries()) {
      if (!port.nodePort && !allocatesNodePorts(service)) continue
      const shared = given.get(port.port)
      if (shared === undefined) {
        const wanted = wishes.get(port.port)
        port.nodePort = wanted === undefined ? this.#next(ledger) : this.#takeFor(service, index, wanted, ledger)
        given.set(port.port, port.nodePort)
      } else if (!port.nodePort) port.nodePort = shared
      else if (port.nodePort !== shared) this.#takeFor(service, index, port.nodePort, ledger)
    }
    if (needsHealthCheck(service)) this.#giveHealthPort(service, ledger)
  }

  giveChanged(service: Service, before: Service, ledger: Ledger): void {
    if (hasNodePorts(service)) this.#changePorts(service, before, ledger)
    if (needsHealthCheck(service) && !needsHealthCheck(before)) this.#giveHealthPort(service, ledger)
    for (const port of leftPorts(service, before)) ledger.left.push(() => this.#pool.release(port - nodePortFirst))
  }

  #changePorts(service: Service, before: Service, ledger: Ledger): void {
    const known = new Set(heldPorts(before))
    const pairs = new Set<string>()
    for (const [index, port] of (service.spec.ports ?? []).entries()) {
      if (!port.nodePort) {
        if (!allocatesNodePorts(service)) continue
        port.nodePort = this.#next(ledger)
      } else if (!known.has(port.nodePort)) {
        this.#takeFor(service, index, port.nodePort, ledger)
        known.add(port.nodePort)
      }
      const pair = `{${port.protocol ?? 'TCP'} ${port.nodePort}}`
      // Upstream fails plainly here, before validation could name the field.
      if (pairs.has(pair)) throw plainFailure(`duplicate nodePort: ${pair}`)
      pairs.add(pair)
    }
  }

  #giveHealthPort({ spec }: Service, ledger: Ledger): void {
    if (!spec.healthCheckNodePort) {
      spec.healthCheckNodePort = this.#next(ledger)
      return
    }
    const problem = this.#take(spec.healthCheckNodePort, ledger)
    if (problem !== undefined) {
      throw internalError(`failed to allocate requested HealthCheck NodePort ${spec.healthCheckNodePort}: ${problem}`)
    }
  }

  #takeFor(service: Service, index: number, port: number, ledger: Ledger): number {
    const problem = this.#take(port, ledger)
    if (problem === undefined) return port
    throw refused(service, [`spec.ports[${index}].nodePort`, port, problem])
  }

  /** Returns why it cannot be had; undefined where it can. */
  #take(port: number, ledger: Ledger): string | undefined {
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
    ledger.taken.push(() => this.#pool.release(port - nodePortFirst))
    return undefined
  }

  #next(ledger: Ledger): number {
    if (ledger.dryPorts) return ledger.dryPorts.next()
    const offset = this.#pool.next()
    if (offset === undefined) throw internalError('failed to allocate a nodePort: range is full')
    ledger.taken.push(() => this.#pool.release(offset))
    return offset + nodePortFirst
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
 * An update that leaves out the ports that the server gave keeps them: by the name of the port, whatever else of it changed. Who wants a balancer
 * without node ports leaves them out for good.
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

/** What is free once the write is through. A type without node ports loses those that the body still names: they are dropped after this. */
function leftPorts(service: Service, before: Service): number[] {
  const kept = new Set(heldPorts(service))
  const left = heldPorts(before).filter(port => !kept.has(port))
  const { healthCheckNodePort } = before.spec
  return healthCheckNodePort && !needsHealthCheck(service) ? [...left, healthCheckNodePort] : left
}

/** A Service of another type may name node ports, and has none: they may be another one's, which must not lose them with it. */
function heldPorts(service: Service): number[] {
  if (!hasNodePorts(service)) return []
  return (service.spec.ports ?? []).flatMap(({ nodePort }) => (nodePort ? [nodePort] : []))
}

function allPorts(service: Service): number[] {
  const { healthCheckNodePort } = service.spec
  return [...new Set(healthCheckNodePort ? [...heldPorts(service), healthCheckNodePort] : heldPorts(service))]
}

/** Upstream's split: the lower band is for ports that people choose, and given out by the server only at last. */
function portBand(): number {
  return Math.min(128, Math.max(16, Math.floor(size / 32)))
}
