// How much a node may have the server keep: every watcher of nodes and pods is sent it.
import type { Pod } from '../../api/types/core-v1.ts'
import { containersOf } from '../../api/validation/containers-of.ts'

/** Characters of a Node's status, 50 images and their names among it. */
export const maxNodeStatusLength = 256 * 1024
/** Characters of an event. */
export const maxEventLength = 16 * 1024
const podBase = 32 * 1024
/** Two terminations with their messages are in it. */
const perContainer = 16 * 1024

/** Characters of a pod's status. */
export const maxPodStatusLength = ({ spec }: Pod): number => podBase + perContainer * containersOf(spec).length

export const sizeRefusal = (value: unknown, most: number, node: string, what: string): string | undefined =>
  left(value, most) < 0 ? `node "${node}" is not allowed to write ${what} of more than ${most} characters` : undefined

/** What is left of `most` without the names and values; negative as soon as they are more. */
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
