// The part of a pod that selectors see. Pods of a workload share it, so that a selector is evaluated once for all of them.
import type { Affinity, Pod } from '../../api/types/core-v1.ts'
import { writeJson } from '../../base/write-json.ts'

export interface PodKind {
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly ending: boolean
  /** Set if it mentions other pods. */
  readonly affinity?: Affinity
}

const known = new Map<string, PodKind>()
/** Above this limit equal pods may get two kinds, which only costs a second evaluation. */
const maxKnown = 10_000
/** Limit of characters in keys, because a pod's affinity may be as long as the pod. */
const maxCharacters = 8 * 2 ** 20
let characters = 0

export function hasPodAffinity({ spec: { affinity } }: Pod): boolean {
  return affinity?.podAffinity !== undefined || affinity?.podAntiAffinity !== undefined
}

export function kindOf(pod: Pod): PodKind {
  const { namespace = '', labels = {}, deletionTimestamp } = pod.metadata
  const ending = deletionTimestamp !== undefined
  const affinity = hasPodAffinity(pod) ? pod.spec.affinity : undefined
  const key = writeJson([namespace, ending, labels, affinity])
  const found = known.get(key)
  if (found !== undefined) return found
  if (known.size >= maxKnown || characters >= maxCharacters) {
    known.clear()
    characters = 0
  }
  const kind = { namespace, labels, ending, ...(affinity === undefined ? {} : { affinity }) }
  known.set(key, kind)
  characters += key.length
  return kind
}

/** Evaluates once for each kind. */
export function remembered<T>(holds: (kind: PodKind) => T): (kind: PodKind) => T {
  const answers = new Map<PodKind, T>()
  return kind => {
    const before = answers.get(kind)
    if (before !== undefined) return before
    const answer = holds(kind)
    answers.set(kind, answer)
    return answer
  }
}
