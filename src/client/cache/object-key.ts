// `namespace/name`, or `name` for cluster-scoped objects: the key in caches and work queues.
import type { KubeObject } from '../../api/object.ts'

export function keyOf(object: KubeObject): string {
  return makeKey(object.metadata.namespace ?? '', object.metadata.name ?? '')
}

export function makeKey(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}/${name}`
}

export function splitKey(key: string): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/')
  return slash === -1 ? { namespace: '', name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}
