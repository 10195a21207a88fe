// A run of proofs holds a Lease while it lives. What it leaves in the cluster when it is killed is removed by the next run.
import { randomBytes } from 'node:crypto'
import { isReason } from '../api/status.ts'
import type { Namespace } from '../api/types/core-v1.ts'
import { type Clock, formatMicroTime } from '../base/clock.ts'
import type { Client } from '../client/client.ts'
import { type Lease, leases, namespaces } from '../client/resources.ts'
import { proofNamespacePrefix } from './proof-namespace.ts'

/** On the Lease of a run and on each of its namespaces: the id of the run. */
export const runLabel = 'bulkhead.dev/proof-run'

/** The Lease is here, because it must outlive the namespaces of its run. */
const leaseNamespace = 'kube-system'
const leaseSeconds = 120
const renewMs = 30_000
const endMs = 30_000

export class ProofRun implements AsyncDisposable {
  readonly id: string
  readonly #client: Client
  readonly #clock: Clock
  readonly #ended = new AbortController()
  #renewing: Promise<void> = Promise.resolve()

  private constructor(client: Client, clock: Clock, id: string) {
    this.#client = client
    this.#clock = clock
    this.id = id
  }

  /** Removes what dead runs left, and takes a Lease for this one. */
  static async begin(client: Client, clock: Clock, signal: AbortSignal): Promise<ProofRun> {
    await removeLeftovers(client, clock.now(), signal)
    const run = new ProofRun(client, clock, randomBytes(4).toString('hex'))
    const times = { leaseDurationSeconds: leaseSeconds, renewTime: formatMicroTime(clock.now()) }
    await client.create(leases, leaseNamespace, { metadata: { name: run.#name, labels: run.labels }, spec: times }, signal)
    run.#renewing = run.#renew()
    return run
  }

  /** For each namespace of this run. */
  get labels(): Readonly<Record<string, string>> {
    return { [runLabel]: this.id }
  }

  get #name(): string {
    return `${proofNamespacePrefix}${this.id}`
  }

  async #renew(): Promise<void> {
    const { signal } = this.#ended
    while (!signal.aborted) {
      try {
        await this.#clock.sleep(renewMs, signal)
        const spec = { renewTime: formatMicroTime(this.#clock.now()) }
        await this.#client.patch(leases, leaseNamespace, this.#name, { spec }, { type: 'merge' }, signal)
      } catch {
        // Tried again. If the Lease expires, another run may remove this run's namespaces, and its proofs fail.
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort('the run has ended')
    await this.#renewing
    try {
      await this.#client.delete(leases, leaseNamespace, this.#name, {}, AbortSignal.timeout(endMs))
    } catch (err) {
      if (!isReason(err, 'NotFound')) throw err
    }
  }
}

async function removeLeftovers(client: Client, now: number, signal: AbortSignal): Promise<void> {
  // Namespaces first: a run takes its Lease before it creates a namespace.
  const found = await client.listAll(namespaces, { labelSelector: runLabel }, signal)
  const runs = await client.listAll(leases, { namespace: leaseNamespace, labelSelector: runLabel }, signal)
  const { deadNamespaces, deadLeases } = leftovers(found, runs, now)
  const absent = (err: unknown) => {
    if (!isReason(err, 'NotFound')) throw err
  }
  for (const name of deadNamespaces) await client.delete(namespaces, '', name, {}, signal).catch(absent)
  for (const name of deadLeases) await client.delete(leases, leaseNamespace, name, {}, signal).catch(absent)
}

/**
 * Pure. The names of what belongs to runs without a valid Lease. A label alone does not suffice: whoever may label a namespace may not be
 * allowed to delete it.
 */
export function leftovers(
  found: readonly Namespace[],
  runs: readonly Lease[],
  now: number,
): { readonly deadNamespaces: readonly string[]; readonly deadLeases: readonly string[] } {
  const ours = runs.filter(({ metadata }) => metadata.name === `${proofNamespacePrefix}${metadata.labels?.[runLabel]}`)
  const isAlive = ({ spec }: Lease) => now < Date.parse(spec?.renewTime ?? '') + (spec?.leaseDurationSeconds ?? 0) * 1000
  const alive = new Set(ours.filter(isAlive).map(({ metadata }) => metadata.labels?.[runLabel]))
  const isDead = ({ metadata: { name = '', labels, deletionTimestamp } }: Namespace) =>
    name.startsWith(proofNamespacePrefix) && deletionTimestamp === undefined && !alive.has(labels?.[runLabel])
  return {
    deadNamespaces: found.filter(isDead).map(({ metadata }) => metadata.name ?? ''),
    deadLeases: ours.filter(lease => !isAlive(lease)).map(({ metadata }) => metadata.name ?? ''),
  }
}
