// Completion indexes of Indexed Jobs in the format of status.completedIndexes: `1,3-5,7`. Pure.
import type { Job } from '../../api/types/batch-v1.ts'
import type { Pod } from '../../api/types/core-v1.ts'

export const completionIndexAnnotation = 'batch.kubernetes.io/job-completion-index'

export function isIndexed({ spec }: Job): boolean {
  return spec.completionMode === 'Indexed'
}

/** Only valid parts below `completions` are used, because anyone with access to status may have written the text. */
export function parseIndexes(text: string | undefined, completions: number): Set<number> {
  const indexes = new Set<number>()
  for (const part of (text ?? '').split(',')) {
    const match = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(part)
    if (match === null) continue
    const first = Number(match[1])
    const last = Math.min(Number(match[2] ?? match[1]), completions - 1)
    for (let index = first; index <= last; index++) indexes.add(index)
  }
  return indexes
}

/** Three or more consecutive indexes are written as a range. */
export function formatIndexes(indexes: ReadonlySet<number>): string {
  const parts: string[] = []
  let first: number | undefined
  let last: number | undefined
  const close = () => {
    if (first !== undefined) parts.push(first === last ? `${first}` : last === first + 1 ? `${first},${last}` : `${first}-${last}`)
  }
  for (const index of [...indexes].sort((a, b) => a - b)) {
    if (last !== undefined && index === last + 1) last = index
    else {
      close()
      first = index
      last = index
    }
  }
  close()
  return parts.join(',')
}

/** The index of the pod; undefined if it has none that the job can use. */
export function completionIndex({ metadata }: Pod, completions: number): number | undefined {
  const text = metadata.annotations?.[completionIndexAnnotation] ?? ''
  if (!/^\d{1,10}$/.test(text)) return undefined
  const index = Number(text)
  return index < completions ? index : undefined
}

/** The lowest indexes that are neither active nor done. */
export function firstPending(count: number, completions: number, excluded: (index: number) => boolean): number[] {
  const pending: number[] = []
  for (let index = 0; index < completions && pending.length < count; index++) if (!excluded(index)) pending.push(index)
  return pending
}
