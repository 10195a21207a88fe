// Evaluates a JSON path on an object like upstream's templates: a step that cannot be taken fails the whole path.

import { byBytes, isRecord } from '../schema/compile.ts'
import { isInt64 } from '../schema/go-json.ts'
import { type Filter, Float, type JsonPath, type Slice, type Step, type Steps } from './json-path.ts'

/** Far more than a path needs; without the limit, a few nested wildcards or ranges multiply their results. */
export const maxVisits = 100_000

/** Remaining values to visit, or blocks of 16 characters to print. */
export interface Visits {
  left: number
}

/** The remaining budget of one evaluation, and its open ranges. */
interface Walk {
  visits: number
  /** Ranges that the last action opened, and those that it closed. */
  begun: number
  ended: number
  within: number
  /** The end of the innermost range's last run. */
  end: number
}

/** On failure, the values before the failed step, which existence filters use. */
interface Found {
  readonly values: readonly unknown[]
  readonly failed: boolean
}

const found = (values: readonly unknown[]): Found => ({ values, failed: false })
const failed = (values: readonly unknown[]): Found => ({ values, failed: true })

/**
 * The results of a path's first part, in order: JSON values, a bigint for an integer of the path or a byte of a text, a Float. Empty if any
 * part fails.
 */
export function findByPath(value: unknown, path: JsonPath, visits: Visits = { left: maxVisits }): readonly unknown[] {
  const walk = { visits: visits.left, begun: 0, ended: 0, within: 0, end: -1 }
  const parts = findFrom(value, path, 0, walk)
  visits.left = walk.visits
  return parts?.[0] ?? []
}

/** Undefined if a part fails. A range evaluates its following parts for each value. */
function findFrom(value: unknown, path: JsonPath, from: number, walk: Walk): (readonly unknown[])[] | undefined {
  const parts: (readonly unknown[])[] = []
  for (let index = from; index < path.length; index++) {
    const part = takeSteps([value], path[index] ?? [], walk)
    if (part.failed || walk.visits < 0) return undefined
    const { values } = part
    if (walk.ended > 0 && walk.ended <= walk.within) {
      walk.ended--
      walk.end = index
      return parts
    }
    if (walk.begun === 0) {
      parts.push(values)
      continue
    }
    walk.begun--
    walk.within++
    // An empty range is also read to its end.
    for (const each of values.length === 0 ? [null] : values) {
      const inner = findFrom(each, path, index + 1, walk)
      if (inner === undefined) return undefined
      if (values.length > 0) for (const found of inner) parts.push(found)
    }
    walk.within--
    if (walk.end > index) index = walk.end
  }
  return parts
}

function takeSteps(values: readonly unknown[], steps: Steps, walk: Walk): Found {
  let at = found(values)
  // An action without steps counts too, since a range may repeat it.
  walk.visits--
  for (const step of steps) {
    walk.visits -= at.values.length
    if (walk.visits < 0) return failed([])
    at = takeStep(at.values, step, walk)
    if (at.failed) return at
  }
  return at
}

function takeStep(values: readonly unknown[], step: Step, walk: Walk): Found {
  switch (step.kind) {
    case 'field':
      return takeField(values, step.name)
    case 'wildcard':
      return takeChildren(values, walk)
    case 'descend': {
      const all: unknown[] = []
      for (const value of values) if (!descend(value, all, walk)) return failed([])
      return found(all)
    }
    case 'text':
      return found([step.text])
    case 'literal':
      return found(values.map(() => step.value))
    case 'identifier':
      return takeWord(values, step.name, walk)
    case 'union':
      return takeUnion(values, step.members, walk)
    case 'slice':
      return takeSlices(values, step, walk)
    case 'filter':
      return takeFilter(values, step, walk)
  }
}

const isMap = (value: unknown): value is Record<string, unknown> => isRecord(value) && !(value instanceof Float)

function takeField(values: readonly unknown[], name: string): Found {
  const all: unknown[] = []
  for (const value of values) if (isMap(value) && Object.hasOwn(value, name)) all.push(value[name])
  return found(all)
}

/** Those of a text are its bytes. */
function childrenOf(value: unknown): readonly unknown[] {
  if (typeof value === 'string') return Array.from(Buffer.from(value), BigInt)
  return Array.isArray(value) ? value : isMap(value) ? Object.values(value) : []
}

function takeChildren(values: readonly unknown[], walk: Walk): Found {
  const all: unknown[] = []
  for (const value of values) {
    const part = childrenOf(value)
    walk.visits -= part.length
    if (walk.visits < 0) return failed([])
    for (const each of part) all.push(each)
  }
  return found(all)
}

/** Returns whether it reached the end. Visits containers, before their content; a text contains its bytes. */
function descend(value: unknown, all: unknown[], walk: Walk): boolean {
  if (--walk.visits < 0) return false
  if (typeof value === 'string') {
    if (value !== '') all.push(value)
    return true
  }
  const children = childrenOf(value)
  if (children.length > 0) all.push(value)
  return children.every(child => descend(child, all, walk))
}

function takeWord(values: readonly unknown[], word: string, walk: Walk): Found {
  if (word === 'range') {
    walk.begun++
    return found(values)
  }
  if (word !== 'end') return failed(values)
  if (walk.within === 0) return failed([])
  walk.ended++
  return found([])
}

function takeUnion(values: readonly unknown[], members: readonly Steps[], walk: Walk): Found {
  const all: unknown[] = []
  for (const member of members) {
    const part = takeSteps(values, member, walk)
    if (part.failed) return failed(values)
    for (const each of part.values) all.push(each)
  }
  return found(all)
}

/** Bounds are checked; a slice is not truncated to the list. An empty slice ends the step. */
function takeSlices(values: readonly unknown[], { from, to, single, by }: Slice, walk: Walk): Found {
  const all: unknown[] = []
  for (const list of values) {
    if (list === null) continue
    if (!Array.isArray(list)) return failed(values)
    const { length } = list
    const start = from < 0 ? from + length : from
    const end = to === undefined ? length : to < 0 || (to === 0 && single) ? to + length : to
    if (start === end) break
    if (start < 0 || start > end || end > length || by <= 0) return failed(values)
    for (let index = start; index < end; index += by) all.push(list[index])
    walk.visits -= end - start
  }
  return found(all)
}

function takeFilter(values: readonly unknown[], step: Filter, walk: Walk): Found {
  const all: unknown[] = []
  for (const list of values) {
    if (!Array.isArray(list)) return failed(values)
    for (const item of list) {
      const left = takeSteps([item], step.left, walk)
      if (walk.visits < 0) return failed([])
      if (step.operator === 'exists') {
        if (left.values.length > 0) all.push(item)
        continue
      }
      if (left.failed || left.values.length > 1) return failed(values)
      if (left.values.length === 0) continue
      const right = takeSteps([item], step.right, walk)
      if (right.failed || right.values.length > 1) return failed(values)
      if (right.values.length === 0) continue
      const passed = compare(left.values[0], step.operator, right.values[0])
      if (passed === undefined) return failed(all)
      if (passed) all.push(item)
    }
  }
  return found(all)
}

const orders: ReadonlyMap<string, (order: number) => boolean> = new Map([
  ['==', order => order === 0],
  ['!=', order => order !== 0],
  ['<', order => order < 0],
  ['<=', order => order <= 0],
  ['>', order => order > 0],
  ['>=', order => order >= 0],
])

/** Undefined for values of two types, and for unordered ones. */
function compare(left: unknown, operator: string, right: unknown): boolean | undefined {
  const type = typeOf(left)
  const holds = orders.get(operator)
  if (type === undefined || type !== typeOf(right) || holds === undefined) return undefined
  if (type === 'boolean') return operator === '==' || operator === '!=' ? holds(left === right ? 0 : 1) : undefined
  if (typeof left === 'string' && typeof right === 'string') return holds(byBytes(left, right))
  const [a, b] = [orderedOf(left), orderedOf(right)]
  return holds(a < b ? -1 : a > b ? 1 : 0)
}

/** Numbers without a fraction are integers within 64 bits. */
function typeOf(value: unknown): 'boolean' | 'string' | 'integer' | 'float' | undefined {
  if (value instanceof Float) return 'float'
  if (typeof value === 'boolean') return 'boolean'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'bigint') return 'integer'
  if (typeof value !== 'number') return undefined
  return isInt64(value) ? 'integer' : 'float'
}

const orderedOf = (value: unknown): number | bigint =>
  value instanceof Float ? value.value : typeof value === 'bigint' ? value : Number(value)
