// The live servers of a cluster: each renews a Lease, as upstream's API servers, and lists all that do in the endpoints of the Service
// `kubernetes`. No clocks are compared: a server is gone when its Lease was not seen to change for a while.
import { hash, randomUUID } from 'node:crypto'
import { isReason } from '../../api/status.ts'
import { type Clock, formatMicroTime, pause } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Client } from '../../client/client.ts'
import { endpointSlices, endpoints, type Lease, leases } from '../../client/resources.ts'
import { kubernetesEndpoints } from '../../server/bootstrap.ts'

export interface LiveServersOptions {
  /** As the system itself. */
  readonly client: Client
  /** Creates or replaces objects, as the system itself. */
  ensureObjects(objects: ReturnType<typeof kubernetesEndpoints>, overwrite: boolean): Promise<void>
  /** Of the data directory: a restarted server keeps its Lease. */
  readonly id: string
  /** Where pods and nodes reach this server; undefined if only this machine does. */
  readonly address: string | undefined
  readonly port: number
  readonly clock: Clock
  readonly log: Logger
}

const namespace = 'kube-system'
/** Upstream's label (apiserver pkg, IdentityLeaseComponentLabelKey). */
const identityLabel = 'apiserver.kubernetes.io/identity'
const identityOf = 'kube-apiserver'
export const serverAddressAnnotation = 'bulkhead.dev/server-address'
const renewEveryMs = 2_000
/** Without a renewal for this long, a server is listed no longer. */
export const serverGoneMs = 6_000
/** And then its Lease is removed. */
const forgottenMs = 60_000
const leaveMs = 3_000

interface Sighting {
  readonly version: string
  /** Monotonic. */
  readonly at: number
}

export class LiveServers {
  readonly #options: LiveServersOptions
  readonly #name: string
  readonly #holder: string
  readonly #sightings = new Map<string, Sighting>()
  #isLeaving = false

  constructor(options: LiveServersOptions) {
    this.#options = options
    // Names of Leases are DNS names, and upstream's are hashes too.
    this.#name = `apiserver-${hash('sha256', options.id, 'hex').slice(0, 26)}`
    this.#holder = `${this.#name}_${randomUUID()}`
  }

  /** Until the signal. A failure is logged, and the next round tries again. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options
    for (; !signal.aborted && !this.#isLeaving; await pause(clock, renewEveryMs, signal)) {
      try {
        await this.#renew(signal)
        await this.#list(signal)
      } catch (err) {
        if (!signal.aborted) log.error('cannot say that this server lives', { err })
      }
    }
  }

  /** Takes this server off the list, unless it is the last one. */
  async leave(): Promise<void> {
    const { client, log } = this.#options
    this.#isLeaving = true
    const signal = AbortSignal.timeout(leaveMs)
    try {
      await client.delete(leases, namespace, this.#name, {}, signal)
      await this.#list(signal)
    } catch (err) {
      log.info('this server stays listed for a moment', { err })
    }
  }

  async #renew(signal: AbortSignal): Promise<void> {
    const { client, clock, address, port } = this.#options
    const spec = { holderIdentity: this.#holder, leaseDurationSeconds: serverGoneMs / 1000, renewTime: formatMicroTime(clock.now()) }
    const annotations: Record<string, string> = address === undefined ? {} : { [serverAddressAnnotation]: `${address}:${port}` }
    try {
      await client.patch(leases, namespace, this.#name, { metadata: { annotations }, spec }, { type: 'merge' }, signal)
    } catch (err) {
      if (!isReason(err, 'NotFound')) throw err
      const metadata = { name: this.#name, namespace, labels: { [identityLabel]: identityOf }, annotations }
      const lease: Lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec }
      await client.create(leases, namespace, lease, signal)
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { client, clock, log, port } = this.#options
    const { items } = await client.list(leases, { namespace, labelSelector: `${identityLabel}=${identityOf}` }, signal)
    const live: string[] = []
    const now = clock.monotonic()
    for (const { metadata } of items) {
      const { name = '', resourceVersion: version = '' } = metadata
      const seen = this.#sightings.get(name)
      if (seen?.version !== version) this.#sightings.set(name, { version, at: now })
      const silentMs = seen?.version === version ? now - seen.at : 0
      if (silentMs >= forgottenMs) await this.#forget(name, version, signal)
      if (silentMs >= serverGoneMs) continue
      const address = addressOf(metadata.annotations?.[serverAddressAnnotation], port)
      if (address !== undefined) live.push(address)
    }
    for (const name of this.#sightings.keys()) if (!items.some(({ metadata }) => metadata.name === name)) this.#sightings.delete(name)
    // Nobody is better off with none.
    if (live.length === 0) return
    live.sort()
    // Two servers may write both objects in different orders, so each of them is compared.
    const listed = await Promise.all([this.#endpoints(signal), this.#slice(signal)])
    if (listed.every(addresses => sameAddresses(addresses, live))) return
    log.info('live servers', { addresses: live })
    await this.#options.ensureObjects(kubernetesEndpoints(live, port), true)
  }

  async #endpoints(signal: AbortSignal): Promise<readonly string[]> {
    const found = await orNone(this.#options.client.get(endpoints, 'default', 'kubernetes', signal))
    return (found?.subsets ?? []).flatMap(({ addresses = [] }) => addresses.map(({ ip }) => ip))
  }

  async #slice(signal: AbortSignal): Promise<readonly string[]> {
    const found = await orNone(this.#options.client.get(endpointSlices, 'default', 'kubernetes', signal))
    return (found?.endpoints ?? []).flatMap(({ addresses }) => addresses)
  }

  async #forget(name: string, resourceVersion: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#options.client.delete(leases, namespace, name, { resourceVersion }, signal)
    } catch (err) {
      if (!isReason(err, 'NotFound') && !isReason(err, 'Conflict')) throw err
    }
  }
}

/** All servers of a cluster use one port: a list of endpoints has one. */
function addressOf(annotation: string | undefined, port: number): string | undefined {
  const suffix = `:${port}`
  return annotation?.endsWith(suffix) === true ? annotation.slice(0, -suffix.length) : undefined
}

const sameAddresses = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((address, index) => address === other[index])

async function orNone<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found
  } catch (err) {
    if (isReason(err, 'NotFound')) return undefined
    throw err
  }
}
