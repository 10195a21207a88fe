// The user of the simulated cluster: scales, rolls out, deletes, evicts and drains, in an order that the seed gives.
import { ApiError, isReason } from '../../src/api/status.ts'
import type { Pod } from '../../src/api/types/core-v1.ts'
import type { Clock } from '../../src/base/clock.ts'
import type { Client } from '../../src/client/client.ts'
import {
  cronJobs,
  daemonSets,
  deployments,
  jobs,
  namespaces,
  nodes,
  podDisruptionBudgets,
  pods,
  resourceQuotas,
  services,
  statefulSets,
} from '../../src/client/resources.ts'
import type { Random } from '../consistency/random.ts'
import {
  budgetOf,
  cronJobOf,
  daemonSetOf,
  deploymentOf,
  indexedJobOf,
  jobOf,
  quotaOf,
  roomy,
  serviceOf,
  statefulSetOf,
  tight,
} from './objects.ts'

const workloads = ['d0', 'd1', 'd2']
const drainMs = 120_000
const tryAgainMs = 5_000

export interface UserOptions {
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly nodeNames: readonly string[]
  /** An answer that no request of the user should get. */
  readonly surprise: (text: string) => void
}

export class User {
  readonly #options: UserOptions
  #jobs = 0

  constructor(options: UserOptions) {
    this.#options = options
  }

  async prepare(signal: AbortSignal): Promise<void> {
    const { client } = this.#options
    for (const name of [roomy, tight])
      await this.#insist(() => client.create(namespaces, '', { metadata: { name }, spec: {} }, signal), signal)
    await this.#insist(() => client.create(resourceQuotas, tight, quotaOf('few', { pods: '8', 'requests.cpu': '1500m' }), signal), signal)
    const budgets = [{ minAvailable: 2 }, { maxUnavailable: 1 }, { minAvailable: '50%' }]
    for (const [index, name] of workloads.entries()) {
      await this.#insist(() => client.create(podDisruptionBudgets, roomy, budgetOf(name, budgets[index] ?? {}), signal), signal)
      await this.#insist(() => client.create(services, roomy, serviceOf(name), signal), signal)
      await this.#insist(() => client.create(deployments, roomy, deploymentOf(name, 3), signal), signal)
      await this.#insist(() => client.create(deployments, tight, deploymentOf(name, 4), signal), signal)
    }
    await this.#insist(() => client.create(podDisruptionBudgets, roomy, budgetOf('s0', { maxUnavailable: 1 }), signal), signal)
    await this.#insist(() => client.create(statefulSets, roomy, statefulSetOf('s0', 3), signal), signal)
    await this.#insist(() => client.create(daemonSets, roomy, daemonSetOf('e0'), signal), signal)
    await this.#insist(() => client.create(cronJobs, roomy, cronJobOf('j'), signal), signal)
  }

  /** One act, with any result. */
  async act(signal: AbortSignal): Promise<void> {
    const { random } = this.#options
    const choice = random.next()
    if (choice < 0.2) await this.#try(() => this.#scale(signal), signal)
    else if (choice < 0.35) await this.#try(() => this.#rollOut(signal), signal)
    else if (choice < 0.45) await this.#try(() => this.#deletePod(signal), signal)
    else if (choice < 0.65) await this.#try(() => this.#evictSome(signal), signal)
    else if (choice < 0.75) await this.#drain(random.pick(this.#options.nodeNames), signal)
    else if (choice < 0.9) await this.#try(() => this.#newJob(signal), signal)
    else await this.#try(() => this.#replace(signal), signal)
  }

  async #scale(signal: AbortSignal): Promise<void> {
    const { client, random } = this.#options
    const namespace = random.pick([roomy, tight])
    const isSet = namespace === roomy && random.next() < 0.3
    const body = { spec: { replicas: 1 + random.below(namespace === tight ? 9 : 6) } }
    if (isSet) await client.patch(statefulSets, namespace, 's0', body, { type: 'merge' }, signal)
    else await client.patch(deployments, namespace, random.pick(workloads), body, { type: 'merge' }, signal)
  }

  async #rollOut(signal: AbortSignal): Promise<void> {
    const { client, clock, random } = this.#options
    const body = { spec: { template: { metadata: { annotations: { at: String(clock.now()) } } } } }
    const choice = random.below(5)
    if (choice === 0) await client.patch(statefulSets, roomy, 's0', body, { type: 'merge' }, signal)
    else if (choice === 1) await client.patch(daemonSets, roomy, 'e0', body, { type: 'merge' }, signal)
    else await client.patch(deployments, random.pick([roomy, roomy, tight]), random.pick(workloads), body, { type: 'merge' }, signal)
  }

  async #deletePod(signal: AbortSignal): Promise<void> {
    const { client, random } = this.#options
    const { items } = await client.list(pods, { namespace: random.pick([roomy, tight]) }, signal)
    if (items.length > 0) await client.delete(pods, namespaceOf(random.pick(items)), random.pick(items).metadata.name ?? '', {}, signal)
  }

  async #evictSome(signal: AbortSignal): Promise<void> {
    const { client, random } = this.#options
    const { items } = await client.list(pods, { namespace: roomy }, signal)
    // Several at once: each budget must count them one by one.
    const chosen = items.filter(() => random.next() < 0.3)
    await Promise.all(chosen.map(pod => this.#try(() => this.#evict(pod, signal), signal)))
  }

  async #evict({ metadata: { namespace = '', name = '' } }: Pod, signal: AbortSignal): Promise<void> {
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { namespace, name } }
    await this.#options.client.subresource('POST', pods, namespace, name, 'eviction', eviction, signal)
  }

  async #drain(node: string, signal: AbortSignal): Promise<void> {
    const { client, clock } = this.#options
    const cordon = (unschedulable: boolean) => client.patch(nodes, '', node, { spec: { unschedulable } }, { type: 'merge' }, signal)
    await this.#try(() => cordon(true), signal)
    const end = clock.monotonic() + drainMs
    while (clock.monotonic() < end) {
      await this.#try(async () => {
        const { items } = await client.list(pods, { fieldSelector: `spec.nodeName=${node}` }, signal)
        const moved = items.filter(({ metadata }) => metadata.ownerReferences?.[0]?.kind !== 'DaemonSet')
        await Promise.all(moved.map(pod => this.#try(() => this.#evict(pod, signal), signal)))
      }, signal)
      await clock.sleep(tryAgainMs, signal)
    }
    await this.#insist(() => cordon(false), signal)
  }

  async #newJob(signal: AbortSignal): Promise<void> {
    const { client, random } = this.#options
    const make = random.pick([jobOf, indexedJobOf])
    await client.create(jobs, roomy, make(`job-${this.#jobs++}`, 5 + random.below(60)), signal)
  }

  /** Deletes a Deployment, with or without its pods, and makes it again: it adopts the pods that were left. */
  async #replace(signal: AbortSignal): Promise<void> {
    const { client, random } = this.#options
    const [namespace, name] = [random.pick([roomy, tight]), random.pick(workloads)]
    const propagationPolicy = random.pick(['Background', 'Foreground', 'Orphan'] as const)
    await this.#try(() => client.delete(deployments, namespace, name, { propagationPolicy }, signal), signal)
    await this.#insist(() => client.create(deployments, namespace, deploymentOf(name, 1 + random.below(5)), signal), signal)
  }

  async #try(act: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
    try {
      await act()
    } catch (err) {
      if (signal.aborted) throw err
      this.#note(err)
    }
  }

  /** Until it is done, or was done by a request whose answer was lost. */
  async #insist(act: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await act()
        return
      } catch (err) {
        if (signal.aborted) throw err
        if (isReason(err, 'AlreadyExists') && attempt > 0) {
          // An object that is being deleted makes room; one of this kind that stays is the wanted one.
          if (attempt > 20) return
        } else this.#note(err)
      }
      await this.#options.clock.sleep(tryAgainMs, signal)
    }
  }

  #note(err: unknown): void {
    if (!(err instanceof ApiError)) return
    const { code = 0 } = err.status
    const expected = [404, 409, 429, 503].includes(code) || (code === 403 && err.message.includes('exceeded quota'))
    if (!expected) this.#options.surprise(`${code} ${err.message}`)
  }
}

const namespaceOf = ({ metadata }: Pod): string => metadata.namespace ?? ''
