// Simple JSON paths, as printer columns and subresources name fields: `.spec.replicas`, `.status.conditions[?(@.type=="Ready")].status`.
import { isRecord } from '../schema/compile.ts'

export type JsonPath = readonly Step[]

type Step = { readonly kind: 'field'; readonly name: string } | { readonly kind: 'all' } | { readonly kind: 'descend' } | Slice | Filter

interface Slice {
  readonly kind: 'slice'
  readonly from?: number
  readonly to?: number
  readonly by: number
}

interface Filter {
  readonly kind: 'filter'
  readonly left: Operand
  readonly operator: string
  readonly right?: Operand
}

type Operand = { readonly path: JsonPath } | { readonly literal: string | number | boolean }

/** Longer paths are nobody's; the parser looks at each character once. */
const maxPathLength = 1024

/** Undefined for what is no path. */
export function parseJsonPath(text: string): JsonPath | undefined {
  if (text.length > maxPathLength) return undefined
  const steps: Step[] = []
  let at = 0
  while (at < text.length) {
    if (text[at] === '.') {
      at++
      if (text[at] === '.') {
        steps.push({ kind: 'descend' })
        at++
      }
      if (text[at] === '[' || at === text.length) continue
      const end = endOfName(text, at)
      if (end === at) return undefined
      const name = text.slice(at, end).replace(/\\(.)/g, '$1')
      steps.push(name === '*' ? { kind: 'all' } : { kind: 'field', name })
      at = end
    } else if (text[at] === '[') {
      const end = endOfBracket(text, at)
      const step = end === undefined ? undefined : parseBracket(text.slice(at + 1, end))
      if (end === undefined || step === undefined) return undefined
      steps.push(step)
      at = end + 1
    } else return undefined
  }
  return steps
}

function endOfName(text: string, from: number): number {
  let at = from
  while (at < text.length && text[at] !== '.' && text[at] !== '[') at += text[at] === '\\' ? 2 : 1
  return Math.min(at, text.length)
}

/** Brackets within quotes or within a filter do not count. */
function endOfBracket(text: string, from: number): number | undefined {
  let depth = 0
  let quote = ''
  for (let at = from; at < text.length; at++) {
    const char = text[at] ?? ''
    if (quote !== '') {
      if (char === '\\') at++
      else if (char === quote) quote = ''
    } else if (char === '"' || char === "'") quote = char
    else if (char === '[') depth++
    else if (char === ']' && --depth === 0) return at
  }
  return undefined
}

function parseBracket(inner: string): Step | undefined {
  const text = inner.trim()
  if (text === '*') return { kind: 'slice', by: 1 }
  const quoted = /^(['"])(.*)\1$/s.exec(text)
  if (quoted !== null) return { kind: 'field', name: (quoted[2] ?? '').replace(/\\(.)/g, '$1') }
  const filter = /^\?\((.*)\)$/s.exec(text)
  if (filter !== null) return parseFilter(filter[1] ?? '')
  const slice = /^(-?\d+)?(?:(:)(-?\d+)?(?::(\d+))?)?$/.exec(text)
  if (slice === null || text === '') return undefined
  const number = (group: string | undefined) => (group === undefined ? undefined : Number(group))
  const from = number(slice[1])
  if (slice[2] === undefined) return { kind: 'slice', from, to: from === undefined || from === -1 ? undefined : from + 1, by: 1 }
  return { kind: 'slice', from, to: number(slice[3]), by: number(slice[4]) ?? 1 }
}

function parseFilter(text: string): Step | undefined {
  const compared = /^(.*?)(==|!=|<=|>=|<|>)(.*)$/s.exec(text)
  const left = parseOperand((compared?.[1] ?? text).trim())
  if (left === undefined) return undefined
  if (compared === null) return { kind: 'filter', left, operator: 'exists', right: undefined }
  const right = parseOperand((compared[3] ?? '').trim())
  return right === undefined ? undefined : { kind: 'filter', left, operator: compared[2] ?? '', right }
}

function parseOperand(text: string): Operand | undefined {
  const quoted = /^(['"])(.*)\1$/s.exec(text)
  if (quoted !== null) return { literal: (quoted[2] ?? '').replace(/\\(.)/g, '$1') }
  if (text === 'true' || text === 'false') return { literal: text === 'true' }
  if (/^-?\d+(\.\d+)?$/.test(text)) return { literal: Number(text) }
  const path = text.startsWith('@') ? parseJsonPath(text.slice(1)) : undefined
  return path === undefined ? undefined : { path }
}

/** What a path finds, in order; nothing where one of its steps cannot be taken, as upstream gives up then. */
export function findByPath(value: unknown, path: JsonPath): unknown[] {
  let found: unknown[] = [value]
  for (const step of path) {
    const next: unknown[] = []
    for (const one of found) {
      const part = stepInto(one, step)
      if (part === undefined) return []
      for (const each of part) next.push(each)
    }
    found = next
  }
  return found
}

/** Undefined for a step that the value does not allow. */
function stepInto(value: unknown, step: Step): readonly unknown[] | undefined {
  switch (step.kind) {
    case 'field':
      return isRecord(value) && Object.hasOwn(value, step.name) ? [value[step.name]] : []
    case 'all':
      return childrenOf(value)
    case 'descend':
      return descend(value)
    case 'slice':
      if (value === null) return []
      return Array.isArray(value) ? slice(value, step) : undefined
    case 'filter':
      return Array.isArray(value) ? filter(value, step) : undefined
  }
}

function childrenOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : isRecord(value) ? Object.values(value) : []
}

function descend(value: unknown): unknown[] {
  return [value, ...childrenOf(value).flatMap(descend)]
}

/** Bounds are judged: a slice does not end where the list does. */
function slice(list: readonly unknown[], { from = 0, to = list.length, by }: Slice): readonly unknown[] | undefined {
  const [start, end] = [from, to].map(bound => (bound < 0 ? bound + list.length : bound)) as [number, number]
  if (start < 0 || end < start || (start !== end && (start >= list.length || end > list.length))) return undefined
  const part = list.slice(start, end)
  return by === 1 ? part : part.filter((_, index) => by > 0 && index % by === 0)
}

function filter(list: readonly unknown[], step: Filter): readonly unknown[] | undefined {
  const found: unknown[] = []
  for (const item of list) {
    const passed = passes(item, step)
    if (passed === undefined) return undefined
    if (passed) found.push(item)
  }
  return found
}

/** Undefined where there is nothing to compare, more than one value, or values of two types. */
function passes(item: unknown, { left, operator, right }: Filter): boolean | undefined {
  const values = (operand: Operand): unknown[] => ('path' in operand ? findByPath(item, operand.path) : [operand.literal])
  const lefts = values(left)
  if (right === undefined) return lefts.length > 0
  const rights = values(right)
  const [[a], [b]] = [lefts, rights]
  if (lefts.length !== 1 || rights.length !== 1 || typeof a !== typeof b) return undefined
  if (typeof a !== 'number' && typeof a !== 'string' && typeof a !== 'boolean') return undefined
  if (operator === '==') return a === b
  if (operator === '!=') return a !== b
  if (typeof a === 'boolean') return undefined
  const order = a < (b as typeof a) ? -1 : a > (b as typeof a) ? 1 : 0
  return operator === '<' ? order < 0 : operator === '>' ? order > 0 : operator === '<=' ? order <= 0 : order >= 0
}
