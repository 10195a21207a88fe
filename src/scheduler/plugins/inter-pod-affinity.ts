import type { Pod, PodAffinityTerm } from '../../api/types/core-v1.ts'
import { selects } from '../../client/label-selector.ts'
import { type Cluster, hasPodAffinity } from '../cluster-state.ts'
import { fits, misfit, neverFits, type SchedulerPlugin } from '../framework.ts'
import type { NodeInfo } from '../node-info.ts'

/** Places pods near pods, or away from them. */
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
    const refusedBy = domainsOfExisting(pod, cluster)
    const nearDomains = near.map(term => domains([term], pod, cluster))
    const awayDomains = domains(away, pod, cluster)
    // The first of a group that wants to be together has nobody to be near to.
    const first = nearDomains.every(found => found.size === 0) && near.every(term => matches(term, pod, pod, cluster))
    const weights = preferences(pod, cluster)
    return {
      filter(node) {
        const missing = near.some(({ topologyKey }) => node.labels[topologyKey] === undefined)
        const alone = near.some(({ topologyKey }, index) => !nearDomains[index]?.has(domainOf(topologyKey, node) ?? ''))
        if (missing || (alone && !first)) return neverFits("node(s) didn't match pod affinity rules")
        if (inAny(away, awayDomains, node)) return misfit("node(s) didn't match pod anti-affinity rules")
        for (const domain of refusedBy) {
          const [key = ''] = domain.split('\0', 1)
          if (domainOf(key, node) === domain) return misfit("node(s) didn't satisfy existing pods anti-affinity rules")
        }
        return fits
      },
      score: node =>
        [...weights].reduce((sum, [domain, weight]) => sum + (domainOf(domain.split('\0', 1)[0] ?? '', node) === domain ? weight : 0), 0),
      normalize(scores) {
        const low = Math.min(...scores)
        const range = Math.max(...scores) - low
        for (const [index, score] of scores.entries()) scores[index] = range === 0 ? 0 : Math.floor((100 * (score - low)) / range)
      },
    }
  },
}

/** `key\0value`, undefined where the node is in no domain of this key. */
function domainOf(topologyKey: string, node: NodeInfo): string | undefined {
  const value = node.labels[topologyKey]
  return value === undefined ? undefined : `${topologyKey}\0${value}`
}

function inAny(terms: readonly PodAffinityTerm[], found: ReadonlySet<string>, node: NodeInfo): boolean {
  return terms.some(({ topologyKey }) => found.has(domainOf(topologyKey, node) ?? ''))
}

/** Domains in which some pod matches one of the terms of `pod`. */
function domains(terms: readonly PodAffinityTerm[], pod: Pod, cluster: Cluster): Set<string> {
  const found = new Set<string>()
  if (terms.length === 0) return found
  for (const node of cluster.nodes) {
    for (const term of terms) {
      const domain = domainOf(term.topologyKey, node)
      if (domain === undefined || found.has(domain)) continue
      for (const other of node.pods()) {
        if (!matches(term, pod, other, cluster)) continue
        found.add(domain)
        break
      }
    }
  }
  return found
}

/** Domains that pods which are there keep free of pods like `pod`. */
function domainsOfExisting(pod: Pod, cluster: Cluster): Set<string> {
  const found = new Set<string>()
  if (cluster.podsWithAffinity === 0) return found
  for (const node of cluster.nodes) {
    for (const other of node.pods()) {
      for (const term of other.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) {
        const domain = domainOf(term.topologyKey, node)
        if (domain !== undefined && matches(term, other, pod, cluster)) found.add(domain)
      }
    }
  }
  return found
}

/** Whether `other` is one of the pods that `term` of `owner` speaks of. */
function matches(term: PodAffinityTerm, owner: Pod, other: Pod, cluster: Cluster): boolean {
  const namespace = other.metadata.namespace ?? ''
  const { namespaces = [], namespaceSelector, matchLabelKeys = [], mismatchLabelKeys = [] } = term
  const listed =
    namespaces.length === 0 && namespaceSelector === undefined
      ? namespace === owner.metadata.namespace
      : namespaces.includes(namespace) ||
        (namespaceSelector !== undefined && selects(namespaceSelector, cluster.namespaceLabels(namespace)))
  if (!listed || !selects(term.labelSelector, other.metadata.labels)) return false
  const same = (key: string) => other.metadata.labels?.[key] === owner.metadata.labels?.[key]
  const has = (key: string) => owner.metadata.labels?.[key] !== undefined
  return matchLabelKeys.every(key => !has(key) || same(key)) && mismatchLabelKeys.every(key => !has(key) || !same(key))
}

/** Weights by domain: what the pod prefers, and what pods that are there prefer of it (their required affinity counts 1). */
function preferences(pod: Pod, cluster: Cluster): Map<string, number> {
  const weights = new Map<string, number>()
  const add = (domain: string | undefined, weight: number) => {
    if (domain !== undefined) weights.set(domain, (weights.get(domain) ?? 0) + weight)
  }
  const own = preferredTerms(pod)
  for (const node of cluster.nodes) {
    for (const other of node.pods()) {
      for (const { term, weight } of own) if (matches(term, pod, other, cluster)) add(domainOf(term.topologyKey, node), weight)
      if (!hasPodAffinity(other)) continue
      const required = other.spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
      for (const { term, weight } of [...preferredTerms(other), ...required.map(term => ({ term, weight: 1 }))]) {
        if (matches(term, other, pod, cluster)) add(domainOf(term.topologyKey, node), weight)
      }
    }
  }
  return weights
}

function preferredTerms({ spec: { affinity } }: Pod): { term: PodAffinityTerm; weight: number }[] {
  const near = affinity?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  const away = affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  return [
    ...near.map(({ podAffinityTerm, weight }) => ({ term: podAffinityTerm, weight })),
    ...away.map(({ podAffinityTerm, weight }) => ({ term: podAffinityTerm, weight: -weight })),
  ]
}
