// Besides its status, a node may change nothing of a pod: a finalizer would keep the pod forever, and annotations control controllers.
import type { Pod } from '../../api/types/core-v1.ts'
import { semanticallyEqual } from '../../api/validation/semantic-equality.ts'

const ofServer: ReadonlySet<string> = new Set(['managedFields', 'resourceVersion', 'generation'])

/** Why the node may not change this metadata through the status; undefined if it changes none. */
export function podMetadataRefusal(pod: Pod, old: Pod | undefined, node: string): string | undefined {
  const now: Readonly<Record<string, unknown>> = { ...pod.metadata }
  const before: Readonly<Record<string, unknown>> = { ...old?.metadata }
  const changed = [...new Set([...Object.keys(before), ...Object.keys(now)])].filter(
    key => !ofServer.has(key) && !semanticallyEqual(before[key], now[key]),
  )
  if (changed.length === 0) return undefined
  return `node "${node}" cannot update ${changed
    .sort()
    .map(key => `metadata.${key}`)
    .join(', ')} through pod status`
}
