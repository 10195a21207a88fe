// The cluster with other pods on one node.
import type { Cluster } from './cluster-state.ts'
import type { NodeInfo } from './node-info.ts'

/** `changed` replaces the node with its name; plugins prepared with it see its pods. */
export function withNode(cluster: Cluster, changed: NodeInfo): Cluster {
  const nodes = cluster.nodes.map(node => (node.name === changed.name ? changed : node))
  const podsWithAffinity = cluster.podsWithAffinity > 0 || [...changed.kindsWithAffinity()].length > 0 ? cluster.podsWithAffinity + 1 : 0
  return {
    nodes,
    podsWithAffinity,
    volumes: cluster.volumes,
    workloads: cluster.workloads,
    nodesWithImage: name => cluster.nodesWithImage(name),
    namespaceLabels: name => cluster.namespaceLabels(name),
    nominatedTo: name => cluster.nominatedTo(name),
    nominationOf: pod => cluster.nominationOf(pod),
  }
}
