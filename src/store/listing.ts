// Lists a collection: the newest state or an older one inside the window, in pages.
import type { StoredEntry } from './entry.ts'
import { keyOf, namespaceRange, type OrderedSlots, type Slot } from './ordered-slots.ts'
import type { SelectionIndex } from './selection-index.ts'
import type { ListQuery, Selection } from './store.ts'

export interface ListSource {
  readonly slots: ReadonlyMap<string, Slot>
  readonly order: OrderedSlots
  readonly index: SelectionIndex
  /** Differences at the requested revision: see EventWindow.changesSince. Empty for the newest state. */
  readonly then: ReadonlyMap<string, StoredEntry | undefined>
}

export interface Page {
  readonly entries: StoredEntry[]
  readonly more: boolean
  readonly remaining: number | undefined
}

type Keyed = Pick<Slot, 'key' | 'entry'>

export function listPage(source: ListSource, query: ListQuery): Page {
  const { selection, limit } = query
  const range = query.namespace === undefined ? { from: '', to: undefined } : namespaceRange(query.namespace)
  // A zero byte after a key gives the next possible one: exclusive becomes inclusive.
  const after = query.after === undefined ? '' : `${keyOf(query.after.namespace, query.after.name)}\0`
  let { from } = range
  if (after > from) from = after
  const entries: StoredEntry[] = []
  let more = false
  const add = (entry: StoredEntry): boolean => {
    if (selection !== undefined && !selection.matches(entry)) return true
    if (limit !== undefined && entries.length >= limit) {
      more = true
      return false
    }
    entries.push(entry)
    return true
  }
  const candidates = selection && (oneOfName(source.slots, query.namespace, selection) ?? source.index.candidates(selection))
  if (candidates === undefined) scanInOrder(source, from, range.to, add)
  else scanCandidates(source, candidates, from, range.to, add)
  const last = entries.at(-1)
  const behind = last === undefined ? from : `${keyOf(last.namespace, last.name)}\0`
  return { entries, more, remaining: selection === undefined ? countBetween(source, behind, range.to) : undefined }
}

/** The only object that a selection by name can match; undefined if finding it needs a scan. */
function oneOfName(
  slots: ReadonlyMap<string, Slot>,
  namespace: string | undefined,
  { exactFields = [] }: Selection,
): ReadonlySet<Slot> | undefined {
  const name = exactFields.find(([path]) => path === 'metadata.name')?.[1]
  if (name === undefined || name === '') return undefined
  // Without a namespace, only the key of a cluster-scoped object is known.
  const slot = slots.get(keyOf(namespace ?? '', name))
  if (slot !== undefined) return new Set([slot])
  return namespace === undefined ? undefined : new Set()
}

function scanInOrder(source: ListSource, from: string, to: string | undefined, add: (entry: StoredEntry) => boolean): void {
  const { order, then, slots } = source
  if (then.size === 0) {
    order.scan(from, to, slot => add(slot.entry))
    return
  }
  const gone: Keyed[] = []
  for (const [key, entry] of then) if (entry !== undefined && !slots.has(key) && within(key, from, to)) gone.push({ key, entry })
  gone.sort(byKey)
  let next = 0
  let open = true
  const addGoneBefore = (key: string | undefined): void => {
    for (let item = gone[next]; open && item !== undefined && (key === undefined || item.key < key); item = gone[++next])
      open = add(item.entry)
  }
  order.scan(from, to, slot => {
    addGoneBefore(slot.key)
    if (!open) return false
    const entry = then.has(slot.key) ? then.get(slot.key) : slot.entry
    if (entry !== undefined) open = add(entry)
    return open
  })
  addGoneBefore(undefined)
}

function scanCandidates(
  { then }: ListSource,
  candidates: ReadonlySet<Slot>,
  from: string,
  to: string | undefined,
  add: (entry: StoredEntry) => boolean,
): void {
  const found: Keyed[] = []
  for (const slot of candidates) if (within(slot.key, from, to) && !(then.size > 0 && then.has(slot.key))) found.push(slot)
  for (const [key, entry] of then) if (entry !== undefined && within(key, from, to)) found.push({ key, entry })
  // Names are often in the order of creation, as in the sets of an index.
  if (!inOrder(found)) found.sort(byKey)
  for (const { entry } of found) if (!add(entry)) return
}

function inOrder(found: readonly Keyed[]): boolean {
  let last = ''
  for (const { key } of found) {
    if (key < last) return false
    last = key
  }
  return true
}

function countBetween({ order, then, slots }: ListSource, from: string, to: string | undefined): number {
  let count = (to === undefined ? order.size : order.rank(to)) - order.rank(from)
  for (const [key, entry] of then) {
    if (within(key, from, to)) count += Number(entry !== undefined) - Number(slots.has(key))
  }
  return Math.max(0, count)
}

function within(key: string, from: string, to: string | undefined): boolean {
  return key >= from && (to === undefined || key < to)
}

function byKey(a: Keyed, b: Keyed): number {
  return a.key < b.key ? -1 : 1
}
