// Where a driver's volumes can be: topology of its nodes, from their CSINodes and labels. Pure.
import type { Node, NodeSelectorTerm, PersistentVolume, TopologySelectorTerm } from '../../api/types/core-v1.ts'
import type { CSINode } from '../../api/types/storage-v1.ts'
import { writeJson } from '../../base/write-json.ts'
import { selectable } from '../../client/cache/node-selection.ts'
import { isOnNode } from '../../client/cache/volume-match.ts'

export type Segments = Readonly<Record<string, string>>

export interface DriverNode {
  readonly node: Node
  readonly csiNode: CSINode
}

/** The place of a node, as the driver said it; undefined if the driver is not there, or a label is missing. */
export function segmentsOf({ node, csiNode }: DriverNode, driver: string): Segments | undefined {
  const keys = csiNode.spec.drivers?.find(({ name }) => name === driver)?.topologyKeys
  if (keys == null) return undefined
  const labels = node.metadata.labels ?? {}
  const entries = [...keys].sort().map(key => [key, labels[key]] as const)
  return entries.some(([, value]) => value === undefined)
    ? undefined
    : Object.fromEntries(entries.map(([key, value]) => [key, value ?? '']))
}

const textOf = (segments: Segments): string => writeJson(Object.entries(segments).sort())

/** Every place that nodes of the driver have, once, in a fixed order. */
export function allSegments(nodes: readonly DriverNode[], driver: string): Segments[] {
  const found = new Map<string, Segments>()
  for (const each of nodes) {
    const segments = segmentsOf(each, driver)
    if (segments !== undefined && Object.keys(segments).length > 0) found.set(textOf(segments), segments)
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, segments]) => segments)
}

const isAllowed = (segments: Segments, terms: readonly TopologySelectorTerm[]): boolean =>
  terms.length === 0 ||
  terms.some(({ matchLabelExpressions = [] }) => matchLabelExpressions.every(({ key, values }) => values.includes(segments[key] ?? '')))

/** `requisite` are all allowed places; `preferred` the same, that of the chosen node first. Undefined if there is none. */
export function topologyRequirement(
  all: readonly Segments[],
  allowed: readonly TopologySelectorTerm[],
  chosen: Segments | undefined,
): { readonly requisite: { segments: Segments }[]; readonly preferred: { segments: Segments }[] } | undefined {
  const usable = all.filter(segments => isAllowed(segments, allowed))
  if (usable.length === 0) return undefined
  const at = chosen === undefined ? 0 : usable.findIndex(segments => textOf(segments) === textOf(chosen))
  if (at === -1) return undefined
  const rotated = [...usable.slice(at), ...usable.slice(0, at)]
  const wrapped = (list: readonly Segments[]) => list.map(segments => ({ segments }))
  return { requisite: wrapped(usable), preferred: wrapped(rotated) }
}

/** The nodes that reach a volume; undefined if all do. */
export function affinityOf(places: readonly { readonly segments: Segments }[]): PersistentVolume['spec']['nodeAffinity'] {
  const terms = places
    .map(
      ({ segments }): NodeSelectorTerm => ({
        matchExpressions: Object.entries(segments)
          .sort()
          .map(([key, value]) => ({ key, operator: 'In', values: [value] })),
      }),
    )
    .filter(({ matchExpressions = [] }) => matchExpressions.length > 0)
  return terms.length === 0 ? undefined : { required: { nodeSelectorTerms: terms } }
}

/** A node from which the driver reaches the volume; undefined if it is on none of them. */
export const nodeReaching = (
  volume: PersistentVolume,
  nodeOf: (name: string) => Node | undefined,
  withDriver: readonly string[],
): string | undefined =>
  withDriver.find(name => {
    const node = nodeOf(name)
    return node !== undefined && isOnNode(volume, selectable(node))
  })
