import type { Affinity, Pod, PodAffinityTerm } from '../../api/types/core-v1.ts'
import { selects } from '../../client/cache/label-selector.ts'
import type { Cluster } from '../framework/cluster-state.ts'
import { fits, misfit, neverFits, type SchedulerPlugin } from '../framework/framework.ts'
import type { NodeInfo } from '../framework/node-info.ts'
import { hasPodAffinity, kindOf, type PodKind, remembered } from '../framework/pod-kind.ts'

/** Places pods near other pods, or away from them. */
export const interPodAffinity: SchedulerPlugin = {
  name: 'InterPodAffinity',
  weight: 2,
  readsPods: true,
  wakesOn: ['node-changed', 'pod-placed', 'pod-removed'],
  prepare(pod, cluster) {
    if (!hasPodAffinity(pod) && cluster.podsWithAffinity === 0) return undefined
    const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {}
    const near = podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
    const away = podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
    const self = kindOf(pod)
    const refusedBy = domainsOfExisting(self, cluster)
    // One pod must match all terms at once, wherever each term looks for it.
    const nearDomains = domains(near, cluster, kind => near.every(term => matches(term, self, kind, cluster)))
    const awayDomains = away.map(term => domains([term], cluster, kind => matches(term, self, kind, cluster)))
    // The first pod of a group that wants to be together has no pod to be near to.
    const first = nearDomains.size === 0 && near.every(term => matches(term, self, self, cluster))
    return {
      filter(node) {
        const missing = near.some(({ topologyKey }) => node.labels[topologyKey] === undefined)
        const alone = near.some(({ topologyKey }) => !isIn(nearDomains, topologyKey, node))
        if (missing || (alone && !first)) return neverFits("node(s) didn't match pod affinity rules")
        if (away.some(({ topologyKey }, index) => isIn(awayDomains[index], topologyKey, node)))
          return misfit("node(s) didn't match pod anti-affinity rules")
        for (const [key, values] of refusedBy) {
          const value = node.labels[key]
          if (value !== undefined && values.has(value)) return misfit("node(s) didn't satisfy existing pods anti-affinity rules")
        }
        return fits
      },
      scores: nodes => scoresOf(preferences(pod, cluster), nodes),
    }
  },
}

/** `key\0value`; undefined if the node has no such label. */
function domainOf(topologyKey: string, node: NodeInfo): string | undefined {
  const value = node.labels[topologyKey]
  return value === undefined ? undefined : `${topologyKey}\0${value}`
}

function isIn(found: ReadonlySet<string> | undefined, topologyKey: string, node: NodeInfo): boolean {
  const domain = domainOf(topologyKey, node)
  return domain !== undefined && found?.has(domain) === true
}

/** Domains of these terms with a pod that matches. */
function domains(terms: readonly PodAffinityTerm[], { nodes }: Cluster, holds: (kind: PodKind) => boolean): Set<string> {
  const found = new Set<string>()
  if (terms.length === 0) return found
  const isMatch = remembered(holds)
  for (const node of nodes) {
    const own = terms.flatMap(({ topologyKey }) => domainOf(topologyKey, node) ?? [])
    if (own.every(domain => found.has(domain))) continue
    for (const [kind] of node.kinds()) {
      if (!isMatch(kind)) continue
      for (const domain of own) found.add(domain)
      break
    }
  }
  return found
}

/** By topology key: domains from which existing pods keep pods like `pod` away. */
function domainsOfExisting(self: PodKind, cluster: Cluster): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  if (cluster.podsWithAffinity === 0) return found
  const keysOf = remembered(kind => {
    const terms = kind.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
    return terms.filter(term => matches(term, kind, self, cluster)).map(({ topologyKey }) => topologyKey)
  })
  for (const node of cluster.nodes) {
    for (const [kind] of node.kindsWithAffinity()) {
      for (const key of keysOf(kind)) {
        const value = node.labels[key]
        if (value !== undefined) found.set(key, (found.get(key) ?? new Set()).add(value))
      }
    }
  }
  return found
}

/** Whether `term` of `owner` selects `other`. The API has already turned label keys of the term into requirements. */
function matches(term: PodAffinityTerm, owner: PodKind, other: PodKind, cluster: Cluster): boolean {
  const { namespace, labels } = other
  const { namespaces = [], namespaceSelector, labelSelector } = term
  const listed =
    namespaces.length === 0 && namespaceSelector === undefined
      ? namespace === owner.namespace
      : namespaces.includes(namespace) ||
        (namespaceSelector !== undefined && selects(namespaceSelector, cluster.namespaceLabels(namespace)))
  return listed && selects(labelSelector, labels)
}

type Weights = Map<string, Map<string, number>>

/** By topology key and domain: the preferences of the pod, and those of existing pods about it (their required affinity counts 1). */
function preferences(pod: Pod, cluster: Cluster): Weights {
  const weights: Weights = new Map()
  const self = kindOf(pod)
  const own = preferredTerms(pod.spec.affinity).map(preference => ({
    ...preference,
    holds: remembered(kind => matches(preference.term, self, kind, cluster)),
  }))
  const ofOthers = remembered(({ affinity, ...kind }) => {
    const required = affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
    const all = [...preferredTerms(affinity), ...required.map(term => ({ term, weight: 1 }))]
    return all.filter(({ term }) => matches(term, kind, self, cluster))
  })
  for (const node of cluster.nodes) {
    const add = ({ topologyKey }: PodAffinityTerm, weight: number) => {
      const value = node.labels[topologyKey]
      if (value === undefined) return
      const values = weights.get(topologyKey) ?? new Map<string, number>()
      weights.set(topologyKey, values.set(value, (values.get(value) ?? 0) + weight))
    }
    for (const { term, weight, holds } of own) {
      for (const [kind, count] of node.kinds()) if (holds(kind)) add(term, weight * count)
    }
    for (const [kind, count] of node.kindsWithAffinity()) {
      for (const { term, weight } of ofOthers(kind)) add(term, weight * count)
    }
  }
  return weights
}

function scoresOf(weights: Weights, nodes: readonly NodeInfo[]): number[] {
  const sums = nodes.map(({ labels }) => {
    let sum = 0
    for (const [key, values] of weights) {
      const value = labels[key]
      if (value !== undefined) sum += values.get(value) ?? 0
    }
    return sum
  })
  const low = Math.min(...sums)
  const range = Math.max(...sums) - low
  return sums.map(sum => (range === 0 ? 0 : Math.trunc(100 * ((sum - low) / range))))
}

interface Preference {
  readonly term: PodAffinityTerm
  readonly weight: number
}

function preferredTerms(affinity: Affinity | undefined): Preference[] {
  const near = affinity?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  const away = affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  return [
    ...near.map(({ podAffinityTerm, weight }) => ({ term: podAffinityTerm, weight })),
    ...away.map(({ podAffinityTerm, weight }) => ({ term: podAffinityTerm, weight: -weight })),
  ]
}
