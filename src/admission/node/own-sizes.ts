// Limits the size of what a node stores, because every watcher of nodes and pods receives it.

import { containersOf } from '../../api/pods/containers-of.ts'
import type { Pod } from '../../api/types/core-v1.ts'

/** Limit of characters of a Node's status, including 50 images and their names. */
export const maxNodeStatusLength = 256 * 1024
/** Limit of characters of an event. */
export const maxEventLength = 16 * 1024
const podBase = 32 * 1024
/** Includes two terminations with their messages. */
const perContainer = 16 * 1024

/** Limit of characters of a pod's status. */
export const maxPodStatusLength = ({ spec }: Pod): number => podBase + perContainer * containersOf(spec).length

export const sizeRefusal = (value: unknown, most: number, node: string, what: string): string | undefined =>
  left(value, most) < 0 ? `node "${node}" is not allowed to write ${what} of more than ${most} characters` : undefined

/** The rest of `most` after the names and values; negative if they exceed it. */
function left(value: unknown, most: number): number {
  if (typeof value === 'string') return most - value.length - 2
  if (typeof value !== 'object' || value === null) return most - 8
  let rest = most - 2
  for (const [name, member] of Object.entries(value)) {
    rest = left(member, Array.isArray(value) ? rest : rest - name.length - 4)
    if (rest < 0) return rest
  }
  return rest
}
