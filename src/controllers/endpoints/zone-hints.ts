// Allocates the endpoints of a service to zones in proportion to the zones' CPUs, if its annotation is Auto. Pure; the numbers are
// upstream's.

import { zoneLabel } from '../../api/nodes/topology-labels.ts'
import { milliValue, parseQuantity } from '../../api/quantity/quantity.ts'
import type { Node } from '../../api/types/core-v1.ts'
import type { Endpoint, EndpointSlice } from '../../api/types/discovery-v1.ts'
import { writeJson } from '../../base/write-json.ts'
import { nodeCondition } from '../nodes/node-health.ts'

const excludedLabels = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master']
/** How far an endpoint's load may exceed its share. */
const maxOverload = 0.2

/** Each zone's share of the CPUs of all ready nodes; undefined if a node lacks data or there are fewer than two zones. */
export function zoneShares(nodes: readonly Node[]): ReadonlyMap<string, number> | undefined {
  const byZone = new Map<string, number>()
  let total = 0
  for (const node of nodes) {
    const labels = node.metadata.labels ?? {}
    if (excludedLabels.some(label => label in labels) || nodeCondition(node, 'Ready')?.status !== 'True') continue
    const zone = labels[zoneLabel] ?? ''
    const cpu = Number(milliValue(parseQuantity(node.status?.allocatable?.['cpu'] ?? '0')))
    if (zone === '' || cpu === 0) return undefined
    byZone.set(zone, (byZone.get(zone) ?? 0) + cpu)
    total += cpu
  }
  return byZone.size < 2 ? undefined : new Map([...byZone].map(([zone, cpu]) => [zone, cpu / total]))
}

/** The values that shares depend on, to detect relevant changes of a node. */
export function zonePlace(node: Node): string {
  const labels = node.metadata.labels ?? {}
  const isExcluded = excludedLabels.some(label => label in labels)
  return writeJson([labels[zoneLabel], isExcluded, nodeCondition(node, 'Ready')?.status, node.status?.allocatable?.['cpu']])
}

export interface HintedSlices {
  readonly create: readonly EndpointSlice[]
  readonly update: readonly EndpointSlice[]
  /** Why no endpoint has a hint. */
  readonly problem: string | undefined
}

interface Allocation {
  readonly least: number
  readonly most: number
  readonly desired: number
}

/** Hints for slices that will be written; of `unchanged`, only slices with invalid hints are written. */
export function hintZones(
  create: readonly EndpointSlice[],
  update: readonly EndpointSlice[],
  unchanged: readonly EndpointSlice[],
  shares: ReadonlyMap<string, number> | undefined,
): HintedSlices {
  const ready = [...create, ...update, ...unchanged].reduce((sum, slice) => sum + (slice.endpoints ?? []).filter(isReady).length, 0)
  const allocations = allocate(ready, shares)
  if (typeof allocations === 'string') return withoutHints(create, update, unchanged, allocations)
  const counts = new Map<string, number>()
  const stale: EndpointSlice[] = []
  for (const slice of unchanged) {
    const hinted = countHints(slice, counts, allocations)
    if (hinted === undefined) stale.push(slice)
    else for (const [zone, count] of hinted) counts.set(zone, (counts.get(zone) ?? 0) + count)
  }
  const zones = new Map<Endpoint, string>()
  for (const { endpoints } of [...create, ...update, ...stale]) {
    for (const endpoint of (endpoints ?? []).filter(isReady)) {
      if (!endpoint.zone) return withoutHints(create, update, unchanged, 'One or more endpoints do not have a zone specified')
      zones.set(endpoint, endpoint.zone)
      counts.set(endpoint.zone, (counts.get(endpoint.zone) ?? 0) + 1)
    }
  }
  moveHints(zones, planMoves(allocations, counts))
  if (counts.size === 0) return withoutHints(create, update, unchanged, 'No hints allocated for zones')
  const hint = (slice: EndpointSlice): EndpointSlice => ({
    ...slice,
    endpoints: (slice.endpoints ?? []).map(endpoint => {
      const zone = zones.get(endpoint)
      const { hints: _, ...plain } = endpoint
      return zone === undefined ? plain : { ...plain, hints: { forZones: [{ name: zone }] } }
    }),
  })
  return { create: create.map(hint), update: [...update, ...stale].map(hint), problem: undefined }
}

const isReady = ({ conditions }: Endpoint): boolean => conditions?.ready === true

/** Undefined for a slice whose hints are wrong or too many for a zone. */
function countHints(
  { endpoints }: EndpointSlice,
  counts: ReadonlyMap<string, number>,
  allocations: ReadonlyMap<string, Allocation>,
): Map<string, number> | undefined {
  const found = new Map<string, number>()
  for (const { hints } of (endpoints ?? []).filter(isReady)) {
    const zones = hints?.forZones ?? []
    if (zones.length === 0) return undefined
    for (const { name } of zones) found.set(name, (found.get(name) ?? 0) + 1)
  }
  for (const [zone, count] of found) {
    const allocation = allocations.get(zone)
    if (allocation === undefined || count + (counts.get(zone) ?? 0) > allocation.most) return undefined
  }
  return found
}

function withoutHints(
  create: readonly EndpointSlice[],
  update: readonly EndpointSlice[],
  unchanged: readonly EndpointSlice[],
  problem: string,
): HintedSlices {
  const hasHints = ({ endpoints }: EndpointSlice) => (endpoints ?? []).some(({ hints }) => hints !== undefined)
  const strip = (slice: EndpointSlice): EndpointSlice => ({
    ...slice,
    endpoints: (slice.endpoints ?? []).map(({ hints: _, ...plain }) => plain),
  })
  return { create: create.map(strip), update: [...update, ...unchanged.filter(hasHints)].map(strip), problem }
}

/** The number of endpoints of each zone, or why there is no allocation without an overload. */
function allocate(endpoints: number, shares: ReadonlyMap<string, number> | undefined): Map<string, Allocation> | string {
  if (shares === undefined) return 'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes'
  const numbers = `(${endpoints} endpoints, ${shares.size} zones)`
  if (shares.size > endpoints) return `Insufficient number of endpoints ${numbers}`
  const leasts = [...shares].map(([zone, share]) => {
    const least = Math.ceil(share * endpoints * (1 / (1 + maxOverload)))
    return { zone, least, desired: Math.max(share * endpoints, least) }
  })
  const spare = endpoints - leasts.reduce((sum, { least }) => sum + least, 0)
  if (spare < 0) return `Unable to allocate minimum required endpoints to each zone without exceeding overload threshold ${numbers}`
  return new Map(leasts.map(({ zone, least, desired }) => [zone, { least, desired, most: least + spare }]))
}

interface Moves {
  readonly giving: Map<string, number>
  readonly receiving: Map<string, number>
}

/** From the zone with the largest surplus to the one with the largest deficit, while both improve. */
function planMoves(allocations: ReadonlyMap<string, Allocation>, counts: ReadonlyMap<string, number>): Moves {
  const over = new Map<string, number>()
  const under = new Map<string, number>()
  for (const [zone, { desired }] of allocations) {
    const excess = (counts.get(zone) ?? 0) - desired
    if (excess > 0) over.set(zone, excess)
    if (excess < 0) under.set(zone, -excess)
  }
  const moves: Moves = { giving: new Map(), receiving: new Map() }
  for (;;) {
    const [from, give] = greatest(over)
    const [to, take] = greatest(under)
    if (from === undefined || to === undefined || (give < 1 && take < 1) || give < 0.5 || take < 0.5) return moves
    over.set(from, give - 1)
    under.set(to, take - 1)
    moves.giving.set(from, (moves.giving.get(from) ?? 0) + 1)
    moves.receiving.set(to, (moves.receiving.get(to) ?? 0) + 1)
  }
}

function greatest(zones: ReadonlyMap<string, number>): [zone: string | undefined, amount: number] {
  let found: [string | undefined, number] = [undefined, 0]
  for (const [zone, amount] of zones) if (amount > found[1]) found = [zone, amount]
  return found
}

function moveHints(zones: Map<Endpoint, string>, { giving, receiving }: Moves): void {
  for (const [endpoint, from] of zones) {
    const give = giving.get(from) ?? 0
    const to = [...receiving].find(([, count]) => count > 0)
    if (give === 0 || to === undefined) continue
    zones.set(endpoint, to[0])
    giving.set(from, give - 1)
    receiving.set(to[0], to[1] - 1)
  }
}
