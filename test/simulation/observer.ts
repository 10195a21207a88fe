// What must hold at every revision of a simulated cluster, checked as the revisions come: no pod changes its node, no budget and no quota is
// exceeded, no StatefulSet's name runs twice.
import type { Pod, ResourceQuota } from '../../src/api/types/core-v1.ts'
import type { PodDisruptionBudget } from '../../src/api/types/policy-v1.ts'
import { followChanges } from '../../src/store/follow-changes.ts'
import type { Collection, Watched } from '../../src/store/store.ts'
import { amountOf, holdsQuota, isFinished, isReady, keyOf, selectsPod } from './pod-facts.ts'
import type { SimulatedCluster } from './simulated-cluster.ts'

export interface Broken {
  readonly rule: 'duplicate bind' | 'budget' | 'quota' | 'runs twice' | 'orphan' | 'convergence' | 'answer'
  readonly text: string
}

export class Observer {
  readonly #report: (broken: Broken) => void
  readonly #pods: Collection
  readonly #budgets: Collection
  readonly #quotas: Collection
  readonly #cluster: SimulatedCluster
  readonly #nodeOf = new Map<string, string>()
  /** By namespace: what counts against quotas. */
  readonly #counted = new Map<string, Map<string, Pod>>()
  onPodChange: (key: string, revision: number) => void = () => undefined
  evictions = 0
  bindings = 0

  constructor(cluster: SimulatedCluster, report: (broken: Broken) => void, signal: AbortSignal) {
    this.#cluster = cluster
    this.#report = report
    const { store } = cluster
    this.#pods = store.collection({ groupResource: 'pods' })
    this.#budgets = store.collection({ groupResource: 'poddisruptionbudgets.policy' })
    this.#quotas = store.collection({ groupResource: 'resourcequotas' })
    followChanges(this.#pods, { after: store.revision, signal }, change => this.#onPod(change))
    followChanges(this.#budgets, { after: store.revision, signal }, change => this.#onBudget(change))
  }

  #onPod({ type, event: { entry } }: Watched): void {
    const pod = entry.object as Pod
    const { uid = '', namespace = '' } = pod.metadata
    this.onPodChange(keyOf(pod), entry.revision)
    const node = pod.spec.nodeName ?? ''
    const before = this.#nodeOf.get(uid) ?? ''
    if (before !== '' && before !== node)
      this.#report({ rule: 'duplicate bind', text: `${keyOf(pod)} was on ${before}, and is on ${node} at ${entry.revision}` })
    if (before === '' && node !== '') this.bindings++
    if (type === 'DELETED') this.#nodeOf.delete(uid)
    else this.#nodeOf.set(uid, node)
    let counted = this.#counted.get(namespace)
    if (counted === undefined) {
      counted = new Map()
      this.#counted.set(namespace, counted)
    }
    if (type === 'DELETED' || isFinished(pod)) counted.delete(entry.name)
    else counted.set(entry.name, pod)
    if (type === 'ADDED')
      this.#checkQuotas(
        namespace,
        [...counted.values()].filter(each => holdsQuota(each, Date.now())),
        entry.revision,
      )
  }

  #checkQuotas(namespace: string, pods: readonly Pod[], revision: number): void {
    for (const { object } of this.#quotas.list({ namespace }).entries) {
      const { metadata, spec } = object as ResourceQuota
      for (const [resource, hard] of Object.entries(spec?.hard ?? {})) {
        const used = amountOf(resource, pods)
        if (used !== undefined && used.amount > used.limit(hard))
          this.#report({
            rule: 'quota',
            text: `${namespace} has ${used.amount} of ${resource} at ${revision}, and quota ${metadata.name} allows ${hard}`,
          })
      }
    }
  }

  /** An eviction is decided when the budget counts it: the state of that revision must allow it. */
  #onBudget({ event: { entry, previous } }: Watched): void {
    const budget = entry.object as PodDisruptionBudget
    const names = Object.keys(budget.status?.disruptedPods ?? {})
    const known = (previous?.object as PodDisruptionBudget | undefined)?.status?.disruptedPods ?? {}
    const evicted = names.filter(name => known[name] === undefined)
    if (evicted.length === 0) return
    this.evictions += evicted.length
    const covered = this.#pods
      .list({ namespace: entry.namespace, revision: entry.revision })
      .entries.map(({ object }) => object as Pod)
      .filter(pod => selectsPod(budget, pod))
    const left = covered.filter(
      pod => isReady(pod) && pod.metadata.deletionTimestamp === undefined && !names.includes(pod.metadata.name ?? ''),
    )
    const desired = budget.status?.desiredHealthy ?? 0
    if (left.length < desired)
      this.#report({
        rule: 'budget',
        text: `${entry.namespace}/${entry.name} wants ${desired} healthy pods, and the eviction of ${evicted.join(', ')} at ${entry.revision} left ${left.length}`,
      })
  }

  /** A name of a StatefulSet has one running pod, wherever the cluster believes it to be. */
  async checkRuntimes(): Promise<void> {
    const nodeOf = new Map<string, string>()
    for (const { name, runtime } of this.#cluster.nodes)
      for (const { state, labels } of (await runtime?.listContainers({})) ?? []) {
        const pod = labels['io.kubernetes.pod.name'] ?? ''
        if (state !== 'CONTAINER_RUNNING' || !/^s\d+-\d+$/.test(pod)) continue
        const other = nodeOf.get(pod)
        if (other !== undefined && other !== name) this.#report({ rule: 'runs twice', text: `${pod} runs on ${other} and on ${name}` })
        nodeOf.set(pod, name)
      }
  }
}
