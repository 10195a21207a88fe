// Which objects a node needs: node -> pods bound to it -> objects that these pods refer to, updated object by object.

import type { KubeObject } from '../../api/object.ts'
import { isMirrorPod } from '../../api/pods/mirror-pod.ts'
import { type PodReference, podReferences, volumeSecrets } from '../../api/pods/pod-references.ts'

export type GraphKind = 'pods' | 'persistentvolumes' | 'volumeattachments' | 'localvolumes'

/**
 * Supplied by the composition from the store's collections. `each` is the current state, object by object, `onChange` every later change.
 */
export interface NodeGraphSource {
  each(): Iterable<{ readonly resource: GraphKind; readonly object: KubeObject }>
  onChange(listener: (change: { readonly resource: GraphKind; readonly object: KubeObject; readonly deleted: boolean }) => void): void
}

export type NamespacedVertex = PodReference['kind'] | 'pod'

export interface NodeGraph {
  reaches(node: string, kind: NamespacedVertex, namespace: string, name: string): boolean
  reachesVolume(node: string, name: string): boolean
  reachesAttachment(node: string, name: string): boolean
  reachesLocalVolume(node: string, name: string): boolean
}

interface PersistentVolumeShape extends KubeObject {
  spec?: { claimRef?: { namespace?: string; name?: string }; [source: string]: unknown }
}

const vertex = (kind: NamespacedVertex, namespace: string, name: string): string => `${kind}/${namespace}/${name}`

/** Everything that the node of a pod may read because of it. A node writes its mirror pods itself, so they must grant nothing. */
function verticesOfPod(pod: KubeObject): ReadonlySet<string> {
  const { namespace = '', name = '' } = pod.metadata
  const found = new Set([vertex('pod', namespace, name)])
  if (isMirrorPod(pod)) return found
  for (const reference of podReferences(pod)) found.add(vertex(reference.kind, namespace, reference.name))
  return found
}

export function createNodeGraph(source: NodeGraphSource): NodeGraph {
  /** Vertex -> node -> how many of the node's pods lead there. */
  const counts = new Map<string, Map<string, number>>()
  const pods = new Map<string, { readonly node: string; readonly vertices: ReadonlySet<string> }>()
  const claimOfVolume = new Map<string, string>()
  const volumesOfSecret = new Map<string, Set<string>>()
  const secretsOfVolume = new Map<string, readonly string[]>()
  const nodeOfAttachment = new Map<string, string>()
  const nodeOfLocalVolume = new Map<string, string>()

  const count = (key: string, node: string, by: 1 | -1) => {
    const nodes = counts.get(key) ?? new Map<string, number>()
    const next = (nodes.get(node) ?? 0) + by
    if (next === 0) nodes.delete(node)
    else nodes.set(node, next)
    if (nodes.size === 0) counts.delete(key)
    else counts.set(key, nodes)
  }

  const applyPod = (pod: KubeObject & { spec?: { nodeName?: string } }, deleted: boolean) => {
    const key = `${pod.metadata.namespace ?? ''}/${pod.metadata.name ?? ''}`
    const before = pods.get(key)
    for (const reached of before?.vertices ?? []) count(reached, before?.node ?? '', -1)
    pods.delete(key)
    const node = pod.spec?.nodeName
    if (deleted || !node) return
    const vertices = verticesOfPod(pod)
    for (const reached of vertices) count(reached, node, 1)
    pods.set(key, { node, vertices })
  }

  const applyVolume = (volume: PersistentVolumeShape, deleted: boolean) => {
    const name = volume.metadata.name ?? ''
    for (const secret of secretsOfVolume.get(name) ?? []) {
      const volumes = volumesOfSecret.get(secret)
      volumes?.delete(name)
      if (volumes?.size === 0) volumesOfSecret.delete(secret)
    }
    secretsOfVolume.delete(name)
    claimOfVolume.delete(name)
    const { claimRef, ...sources } = volume.spec ?? {}
    if (deleted || !claimRef?.name) return
    const claimNamespace = claimRef.namespace ?? ''
    claimOfVolume.set(name, vertex('persistentvolumeclaim', claimNamespace, claimRef.name))
    const secrets = volumeSecrets(sources).map(secret => vertex('secret', secret.namespace ?? claimNamespace, secret.name))
    secretsOfVolume.set(name, secrets)
    for (const secret of secrets) {
      const volumes = volumesOfSecret.get(secret) ?? new Set<string>()
      volumes.add(name)
      volumesOfSecret.set(secret, volumes)
    }
  }

  const applyOwned = (nodes: Map<string, string>, object: KubeObject & { spec?: { nodeName?: string } }, deleted: boolean) => {
    const name = object.metadata.name ?? ''
    const node = object.spec?.nodeName
    if (deleted || !node) nodes.delete(name)
    else nodes.set(name, node)
  }

  const apply = (resource: GraphKind, object: KubeObject, deleted: boolean) => {
    if (resource === 'pods') applyPod(object, deleted)
    else if (resource === 'persistentvolumes') applyVolume(object, deleted)
    else applyOwned(resource === 'localvolumes' ? nodeOfLocalVolume : nodeOfAttachment, object, deleted)
  }
  for (const { resource, object } of source.each()) apply(resource, object, false)
  source.onChange(({ resource, object, deleted }) => apply(resource, object, deleted))

  const reachesVolume = (node: string, name: string): boolean => {
    const claim = claimOfVolume.get(name)
    return claim !== undefined && (counts.get(claim)?.has(node) ?? false)
  }
  return {
    reaches(node, kind, namespace, name) {
      const key = vertex(kind, namespace, name)
      if (counts.get(key)?.has(node)) return true
      if (kind !== 'secret') return false
      for (const volume of volumesOfSecret.get(key) ?? []) if (reachesVolume(node, volume)) return true
      return false
    },
    reachesVolume,
    reachesAttachment: (node, name) => nodeOfAttachment.get(name) === node,
    reachesLocalVolume: (node, name) => nodeOfLocalVolume.get(name) === node,
  }
}
