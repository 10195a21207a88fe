// What selectors see of a pod. The pods of a workload share it, so that a selector looks at all of them once.
import type { Affinity, Pod } from '../api/types/core-v1.ts'

export interface PodKind {
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly ending: boolean
  /** Where it says something of other pods. */
  readonly affinity?: Affinity
}

const known = new Map<string, PodKind>()
/** Beyond them equal pods may be of two kinds, which costs a second look and nothing else. */
const maxKnown = 10_000
/** Of their keys: a pod's affinity may be as long as a pod. */
const maxCharacters = 8 * 2 ** 20
let characters = 0

export function hasPodAffinity({ spec: { affinity } }: Pod): boolean {
  return affinity?.podAffinity !== undefined || affinity?.podAntiAffinity !== undefined
}

export function kindOf(pod: Pod): PodKind {
  const { namespace = '', labels = {}, deletionTimestamp } = pod.metadata
  const ending = deletionTimestamp !== undefined
  const affinity = hasPodAffinity(pod) ? pod.spec.affinity : undefined
  const key = JSON.stringify([namespace, ending, labels, affinity])
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

/** Asks once for each kind. */
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
