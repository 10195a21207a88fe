// Revisions and annotations of a Deployment's replica sets, which `kubectl rollout history` and `undo` read. Pure.
import { rollbackTo } from '../../api/resources/apps/deployment.ts'
import type { Deployment, ReplicaSet } from '../../api/types/apps-v1.ts'
import { desiredAnnotation, desiredReplicas, maxAnnotation, revisionAnnotation, revisionOf, rolloutLimits } from './deployment-plan.ts'

const historyAnnotation = 'deployment.kubernetes.io/revision-history'
const maxHistory = 2000

/** Annotations that belong only to the deployment or only to the replica set. */
const notCopied = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionAnnotation,
  historyAnnotation,
  desiredAnnotation,
  maxAnnotation,
  rollbackTo,
])

type Annotations = Record<string, string>

/** Annotations of the current replica set: the deployment's, and at least this revision with its former revisions. */
export function currentAnnotations(deployment: Deployment, set: ReplicaSet | undefined, revision: bigint): Annotations {
  const annotations: Annotations = { ...set?.metadata.annotations }
  for (const [key, value] of Object.entries(deployment.metadata.annotations ?? {})) if (!notCopied.has(key)) annotations[key] = value
  const before = annotations[revisionAnnotation]
  if (revisionOf({ metadata: { annotations } }) < revision) {
    annotations[revisionAnnotation] = String(revision)
    if (before !== undefined) annotations[historyAnnotation] = appendRevision(annotations[historyAnnotation], before)
  }
  return set === undefined ? { ...annotations, ...sizeAnnotations(deployment) } : annotations
}

/** Annotations of a deployment that rolls back to a replica set: the set's, so that those about the template are rolled back too. */
export function restoredAnnotations(deployment: Deployment, set: ReplicaSet): Annotations {
  const own = Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => notCopied.has(key))
  const restored = Object.entries(set.metadata.annotations ?? {}).filter(([key]) => !notCopied.has(key))
  return Object.fromEntries([...own, ...restored])
}

function appendRevision(history: string | undefined, revision: string): string {
  const revisions = history === undefined || history === '' ? [] : history.split(',')
  const all = revisions.includes(revision) ? revisions : [...revisions, revision]
  while (all.join(',').length > maxHistory) all.shift()
  return all.join(',')
}

/** The sizes that a replica set was last scaled for. */
export function sizeAnnotations(deployment: Deployment): Annotations {
  const wanted = desiredReplicas(deployment)
  return { [desiredAnnotation]: String(wanted), [maxAnnotation]: String(wanted + rolloutLimits(deployment).surge) }
}

export function sameAnnotations(a: Readonly<Annotations> = {}, b: Readonly<Annotations> = {}): boolean {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every(key => a[key] === b[key])
}
