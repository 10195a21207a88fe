// What selectors see of a pod. The pods of a workload share it, so that a selector looks at all of them once.
import type { Pod } from '../api/types/core-v1.ts'

export interface PodKind {
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly ending: boolean
}

const known = new Map<string, PodKind>()
/** Beyond them equal pods may be of two kinds, which costs a second look and nothing else. */
const mostKnown = 10_000

export function kindOf({ metadata: { namespace = '', labels = {}, deletionTimestamp } }: Pod): PodKind {
  const ending = deletionTimestamp !== undefined
  const key = JSON.stringify([namespace, ending, labels])
  const found = known.get(key)
  if (found !== undefined) return found
  if (known.size >= mostKnown) known.clear()
  const kind = { namespace, labels, ending }
  known.set(key, kind)
  return kind
}

/** Asks once for each kind. */
export function remembered(holds: (kind: PodKind) => boolean): (kind: PodKind) => boolean {
  const answers = new Map<PodKind, boolean>()
  return kind => {
    const before = answers.get(kind)
    if (before !== undefined) return before
    const answer = holds(kind)
    answers.set(kind, answer)
    return answer
  }
}
