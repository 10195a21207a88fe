// Sets of field paths in the form of `fieldsV1` itself, so that an unchanged entry is neither parsed nor serialized. A node `{}` is a path
// of the set; `.` in a node means that its path is in the set too. Nodes are immutable.
import { isEmptyRecord, noteMembers } from '../../../base/data/large-record.ts'
import { compareElements, elementText, sortElements } from './path-element.ts'
import { memberShape, resolve, type Shape } from './shape.ts'

export interface FieldSet {
  readonly [element: string]: FieldSet
}

/** A path without others below it. */
export const member: FieldSet = Object.freeze({})
export const emptySet: FieldSet = member

type Draft = Record<string, FieldSet>

export function isEmpty(set: FieldSet): boolean {
  return set === member || isEmptyRecord(set)
}

/** Whether the path of this node is itself in the set. Not for the root, whose emptiness means the empty set. */
export function isMember(node: FieldSet): boolean {
  return node['.'] !== undefined || isEmpty(node)
}

/** A new node. */
function draftOf(isIn: boolean): Draft {
  return isIn ? { '.': member } : {}
}

/** A node with nothing below it. */
function bareNode(isIn: boolean): FieldSet | undefined {
  return isIn ? member : undefined
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(b)) return a
  if (isEmpty(a)) return b
  return unionBelow(a, b, false, false)
}

/** Merges halves recursively: each set is copied logarithmically often. */
export function unionOf(sets: readonly FieldSet[]): FieldSet {
  const [first = emptySet] = sets
  if (sets.length <= 1) return first
  const middle = sets.length >> 1
  return union(unionOf(sets.slice(0, middle)), unionOf(sets.slice(middle)))
}

function unionNodes(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return a
  return unionBelow(a, b, isMember(a), isMember(b))
}

function unionBelow(a: FieldSet, b: FieldSet, aIn: boolean, bIn: boolean): FieldSet {
  const isIn = aIn || bIn
  let result: Draft | undefined
  let added = false
  for (const element in b) {
    const theirs = b[element]
    if (element === '.' || theirs === undefined) continue
    const own = a[element]
    const joined = own === undefined ? theirs : unionNodes(own, theirs)
    if (joined === own) continue
    added ||= own === undefined
    result ??= copyOf(a, isIn)
    result[element] = joined
  }
  if (result === undefined) {
    if (aIn || !bIn) return a
    return isEmpty(a) ? member : copyOf(a, true)
  }
  return added ? sorted(result) : result
}

function copyOf(set: FieldSet, isIn: boolean): Draft {
  const copy = draftOf(isIn)
  let count = 0
  for (const element in set) {
    const below = set[element]
    if (element === '.' || below === undefined) continue
    copy[element] = below
    count += 1
  }
  noteMembers(copy, count)
  return copy
}

/** Collects the elements of one node in upstream's order; elements that arrive in order are not copied. */
export class NodeDraft {
  readonly #isIn: boolean
  #set: Draft | undefined
  #last: string | undefined
  #inOrder = true
  #count = 0

  /** `isIn`: the node's own path is in the set. */
  constructor(isIn: boolean) {
    this.#isIn = isIn
  }

  has(element: string): boolean {
    return this.#set?.[element] !== undefined
  }

  add(element: string, below: FieldSet): void {
    this.#set ??= draftOf(this.#isIn)
    if (this.#inOrder && this.#last !== undefined && compareElements(this.#last, element) > 0) this.#inOrder = false
    this.#last = element
    this.#set[element] = below
    this.#count += 1
  }

  /** Undefined if it is empty, including its own path. */
  finished(): FieldSet | undefined {
    if (this.#set === undefined) return bareNode(this.#isIn)
    if (!this.#inOrder) return sorted(this.#set)
    noteMembers(this.#set, this.#count)
    return this.#set
  }
}

function inOrder(elements: Iterable<string>): boolean {
  let last: string | undefined
  for (const element of elements) {
    if (last !== undefined && compareElements(last, element) > 0) return false
    last = element
  }
  return true
}

/** The elements of one node in upstream's order. */
export function sorted(draft: Draft): Draft {
  const elements = Object.keys(draft)
  if (inOrder(elements)) return draft
  const result: Draft = {}
  for (const element of sortElements(elements)) {
    const below = draft[element]
    if (below !== undefined) result[element] = below
  }
  noteMembers(result, elements.length)
  return result
}

/** The paths of `a` that are not in `b`; `a` itself if it has none of them. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(a) || isEmpty(b)) return a
  return without(a, b, false, false) ?? emptySet
}

function without(a: FieldSet, b: FieldSet, aIn: boolean, bIn: boolean): FieldSet | undefined {
  const stays = aIn && !bIn
  let changed = stays !== aIn
  let below: Draft | undefined
  let count = 0
  for (const element in a) {
    const own = a[element]
    if (element === '.' || own === undefined) continue
    const theirs = b[element]
    const rest = theirs === undefined ? own : without(own, theirs, isMember(own), isMember(theirs))
    if (rest !== own) changed = true
    if (rest === undefined) continue
    below ??= draftOf(stays)
    below[element] = rest
    count += 1
  }
  if (below !== undefined) noteMembers(below, count)
  return changed ? (below ?? bareNode(stays)) : a
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(a) || isEmpty(b)) return emptySet
  return common(a, b, false) ?? emptySet
}

function common(a: FieldSet, b: FieldSet, isIn: boolean): FieldSet | undefined {
  let below: Draft | undefined
  let count = 0
  for (const element in a) {
    const own = a[element]
    const theirs = b[element]
    if (element === '.' || own === undefined || theirs === undefined) continue
    const both = common(own, theirs, isMember(own) && isMember(theirs))
    if (both === undefined) continue
    below ??= draftOf(isIn)
    below[element] = both
    count += 1
  }
  if (below !== undefined) noteMembers(below, count)
  return below ?? bareNode(isIn)
}

/** Adds the structs on the way to a path as paths: a removed field takes structs along that are empty then. */
export function withNamedFields(set: FieldSet, shape: Shape): FieldSet {
  const result: Draft = {}
  // A deduced shape has no named fields, nor has anything in it.
  const resolved = shape.kind === 'deduced' ? resolve(shape, {}) : shape
  for (const element in set) {
    const below = set[element]
    if (below === undefined) continue
    if (element === '.' || isEmpty(below)) {
      result[element] = below
      continue
    }
    const isField = element.startsWith('f:')
    const name = element.slice(2)
    const isNamed = isField && resolved.kind === 'struct' && resolved.field(name) !== undefined
    const inner =
      isField && (resolved.kind === 'struct' || resolved.kind === 'map')
        ? memberShape(resolved, name)
        : resolved.kind === 'list'
          ? resolved.item
          : undefined
    const named = inner === undefined ? below : withNamedFields(below, inner)
    result[element] = isNamed && named['.'] === undefined ? { '.': member, ...named } : named
  }
  return result
}

/** Every path as text, `.spec.ports[port=80,protocol="TCP"]`, in upstream's order: a node before its children. */
export function pathTexts(set: FieldSet, prefix = ''): string[] {
  const elements = Object.keys(set).filter(element => element !== '.')
  const here: string[] = []
  const below: string[] = []
  for (const element of elements) {
    const inner = set[element]
    if (inner === undefined) continue
    const path = prefix + elementText(element)
    if (isMember(inner)) here.push(path)
    // Not spread into arguments, whose number is limited.
    if (!isEmpty(inner)) for (const text of pathTexts(inner, path)) below.push(text)
  }
  return [...here, ...below]
}

export function sameSet(a: FieldSet, b: FieldSet): boolean {
  return a === b || (isEmpty(difference(a, b)) && isEmpty(difference(b, a)))
}
