// A random small cluster with trust domains, and pods that try to leave theirs.
import { nodeDomainLabel, podDomainAnnotation } from '../api/pods/trust-domain.ts'
import type { Node, Pod } from '../api/types/core-v1.ts'
import { ClusterState } from './framework/cluster-state.ts'

export const domains = ['', 'a', 'b', 'c']
export const nodeCount = 8

export interface World {
  readonly cluster: ClusterState
  readonly nodes: Node[]
  readonly placed: { pod: Pod; node: string }[]
}

export function worldOf(random: () => number): World {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const nodes = Array.from({ length: nodeCount }, (_, index): Node => {
    const domain = pick(domains)
    return {
      metadata: { name: `n${index}`, labels: { zone: pick(['x', 'y']), ...(domain === '' ? {} : { [nodeDomainLabel]: domain }) } },
      spec: random() < 0.3 ? { taints: [{ key: 'dedicated', value: domain, effect: 'NoSchedule' }] } : {},
      status: { allocatable: { cpu: '100', memory: '100Gi', pods: '100' } },
    }
  })
  const cluster = new ClusterState()
  for (const node of nodes) cluster.setNode(node)
  return { cluster, nodes, placed: [] }
}

/** A pod that tries to leave its trust domain in every way that a pod has. */
export function adversary(random: () => number, index: number): Pod {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const domain = pick(domains)
  const wanted = `n${Math.floor(random() * nodeCount)}`
  const byName = { matchFields: [{ key: 'metadata.name', operator: 'In', values: [wanted] }] }
  const byDomain = { matchExpressions: [{ key: nodeDomainLabel, operator: 'In', values: [pick(domains)] }] }
  const others = { labelSelector: {}, namespaceSelector: {}, topologyKey: pick(['zone', 'kubernetes.io/hostname']) }
  return {
    metadata: {
      ...{ name: `p${index}`, uid: `p${index}`, namespace: `ns-${domain}` },
      annotations: domain === '' ? {} : { [podDomainAnnotation]: domain },
    },
    spec: {
      containers: [{ name: 'c', resources: { requests: { cpu: '10m' } } }],
      ...(random() < 0.5 ? { tolerations: [{ operator: 'Exists' }] } : {}),
      ...(random() < 0.3 ? { nodeName: wanted } : {}),
      ...(random() < 0.3 ? { nodeSelector: { [nodeDomainLabel]: pick(domains) } } : {}),
      affinity: {
        ...(random() < 0.3
          ? { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [pick([byName, byDomain])] } } }
          : {}),
        ...(random() < 0.1 ? { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [others] } } : {}),
      },
    },
  }
}
