// Since when taints are on their nodes. Only those that the control plane sets carry a time; of others the first sight counts.
import type { Node, Taint } from '../api/types/core-v1.ts'

const idOf = ({ key, value = '', effect }: Taint): string => `${key}=${value}:${effect}`

export class TaintSightings {
  /** By node and taint, in ms. A taint that goes is forgotten: when it comes again, its time begins anew. */
  readonly #seen = new Map<string, ReadonlyMap<string, number>>()

  /** To be called with every state of the node. */
  note({ metadata: { name = '' }, spec }: Node, now: number): void {
    const known = this.#seen.get(name)
    const taints = (spec?.taints ?? []).filter(({ effect }) => effect === 'NoExecute')
    if (taints.length === 0) this.#seen.delete(name)
    else this.#seen.set(name, new Map(taints.map(taint => [idOf(taint), known?.get(idOf(taint)) ?? now])))
  }

  drop(nodeName: string): void {
    this.#seen.delete(nodeName)
  }

  since(nodeName: string, taint: Taint): number | undefined {
    const added = Date.parse(taint.timeAdded ?? '')
    return Number.isNaN(added) ? this.#seen.get(nodeName)?.get(idOf(taint)) : added
  }
}
