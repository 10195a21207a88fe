// Applies a JSON patch to YAML text. Only the lines that change are touched, so comments, quotes and layout stay.
import { type Document, isMap, isScalar, isSeq, type Node, type Pair, parseDocument, stringify, type YAMLMap, type YAMLSeq } from 'yaml'
import type { PatchOperation } from '../../../api/patch/json-patch-between.ts'
import { type PathStep, parsePointer } from '../field-path.ts'

/**
 * Returns the text, or undefined if the operation cannot be written without touching other parts (an alias, content of an anchor, a key
 * that is not a string).
 */
export function editYaml(text: string, at: readonly PathStep[], operations: readonly PatchOperation[]): string | undefined {
  let edited = text
  for (const operation of operations) {
    const next = applyOne(edited, [...at, ...parsePointer(operation.path)], operation)
    if (next === undefined) return undefined
    edited = next
  }
  return edited
}

interface Place {
  readonly text: string
  readonly parent: YAMLMap | YAMLSeq
  readonly key: PathStep
  /** The existing pair or item. */
  readonly present: Pair | Node | undefined
}

function applyOne(text: string, path: readonly PathStep[], { op, value }: PatchOperation): string | undefined {
  const key = path.at(-1)
  if (key === undefined) return undefined
  const document = parseDocument(text, { merge: true })
  if (document.errors.length > 0) return undefined
  const parent = nodeAt(document, path.slice(0, -1))
  if (isEmpty(parent)) return op === 'remove' ? undefined : fillEmpty(text, document, path, { [String(key)]: value })
  if (!isMap(parent) && !isSeq(parent)) return undefined
  const present = isMap(parent)
    ? parent.items.find(pair => isScalar(pair.key) && pair.key.value === String(key))
    : (parent.items[Number(key)] as Node | undefined)
  const place: Place = { text, parent, key, present }
  if (op === 'remove') return remove(place)
  if (present === undefined) return isMap(parent) ? addPair(place, parent, value) : undefined
  return isSeq(parent) && op === 'add' ? undefined : replace(place, value)
}

/** Never follows an alias: its value is written elsewhere and others may share it. */
function nodeAt(document: Document, path: readonly PathStep[]): unknown {
  let node: unknown = document.contents
  for (const step of path) {
    if (isMap(node)) node = node.items.find(pair => isScalar(pair.key) && pair.key.value === String(step))?.value
    else if (isSeq(node)) node = node.items[Number(step)]
    else return undefined
  }
  return node
}

/** `{}`, or no value after the key. */
const isEmpty = (node: unknown): node is Node =>
  (isMap(node) && node.items.length === 0) || (isScalar(node) && node.value === null && (node.range?.[0] ?? 0) === (node.range?.[1] ?? 1))

function fillEmpty(text: string, document: Document, path: readonly PathStep[], value: unknown): string | undefined {
  const outer = nodeAt(document, path.slice(0, -2))
  const key = path.at(-2)
  if (key === undefined || (!isMap(outer) && !isSeq(outer))) return undefined
  const present = isMap(outer) ? outer.items.find(pair => isScalar(pair.key) && pair.key.value === String(key)) : undefined
  if (present === undefined) return undefined
  return replace({ text, parent: outer, key, present }, value)
}

function addPair({ text, key }: Place, parent: YAMLMap, value: unknown): string | undefined {
  const last = parent.items.at(-1)
  const end = last === undefined ? undefined : endOf(last)
  const first = startOf(parent.items[0])
  if (end === undefined || first === undefined) return undefined
  if (parent.flow === true) return splice(text, end, end, `, ${flow(key)}: ${flow(value)}`)
  const lineEnd = endOfLine(text, contentEnd(text, end))
  return splice(text, lineEnd, lineEnd, `\n${block({ [String(key)]: value }, columnOf(text, first))}`)
}

function replace(place: Place, value: unknown): string | undefined {
  const { text, parent, present, key } = place
  const node = isNode(present) ? present : ((present as Pair | undefined)?.value as Node | null | undefined)
  const [start, end] = node?.range ?? []
  if (start === undefined || end === undefined) return undefined
  if (parent.flow === true || (isScalar(node) && start !== end && typeof value !== 'object' && !isBlockScalar(text, start)))
    return splice(text, start, end, flow(value))
  if (!isMap(parent)) return undefined
  const first = startOf(present)
  const after = (present as Pair).key as Node | undefined
  const keyEnd = after?.range?.[1]
  if (first === undefined || keyEnd === undefined) return undefined
  // The key and everything before it stay; only its value is rewritten.
  const colon = text.indexOf(':', keyEnd)
  const written = block({ [String(key)]: value }, columnOf(text, first))
  const rest = written.slice(written.indexOf(':') + 1)
  return splice(text, colon + 1, Math.max(contentEnd(text, end), colon + 1), rest)
}

function remove({ text, parent, present }: Place): string | undefined {
  const [start, end] = [startOf(present), endOf(present)]
  if (start === undefined || end === undefined) return undefined
  const index = (parent.items as readonly unknown[]).indexOf(present)
  if (parent.items.length === 1) {
    const [from, to] = parent.range ?? []
    if (from === undefined || to === undefined) return undefined
    const empty = isMap(parent) ? '{}' : '[]'
    if (parent.flow === true) return splice(text, from, to, empty)
    // A block begins on the line after its key, or after the dash of a list item.
    const begin = text.slice(0, from).trimEnd().length
    return splice(text, begin, contentEnd(text, to), ` ${empty}`)
  }
  if (parent.flow === true) {
    const before = endOf((parent.items as readonly unknown[])[index - 1])
    const next = startOf((parent.items as readonly unknown[])[index + 1])
    return before === undefined ? splice(text, start, next ?? end, '') : splice(text, before, end, '')
  }
  const lineStart = text.lastIndexOf('\n', start - 1) + 1
  const lineEnd = endOfLine(text, contentEnd(text, end))
  const head = text.slice(lineStart, start)
  if (/^\s*(?:- +)?$/.test(head) && (isSeq(parent) || !head.includes('-')))
    return splice(text, lineStart, Math.min(lineEnd + 1, text.length), '')
  if (isSeq(parent)) return undefined
  // The first pair of a list item: the next pair takes its place after the dash.
  const next = startOf((parent.items as readonly unknown[])[index + 1])
  return next === undefined ? undefined : splice(text, start, next, '')
}

const isNode = (value: unknown): value is Node => isMap(value) || isSeq(value) || isScalar(value)
const isPair = (value: unknown): value is Pair => typeof value === 'object' && value !== null && 'key' in value && !isNode(value)

function startOf(item: unknown): number | undefined {
  if (isPair(item)) return (item.key as Node | null)?.range?.[0]
  return isNode(item) ? item.range?.[0] : undefined
}

function endOf(item: unknown): number | undefined {
  if (!isPair(item)) return isNode(item) ? (item.range?.[1] ?? undefined) : undefined
  return (item.value as Node | null)?.range?.[1] ?? (item.key as Node | null)?.range?.[1]
}

const isBlockScalar = (text: string, start: number): boolean => text[start] === '|' || text[start] === '>'

/** The end of the content, without the line ends after it. */
const contentEnd = (text: string, end: number): number => text.slice(0, end).trimEnd().length

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end
}

const columnOf = (text: string, offset: number): number => offset - (text.lastIndexOf('\n', offset - 1) + 1)
const splice = (text: string, from: number, to: number, put: string): string => `${text.slice(0, from)}${put}${text.slice(to)}`
/** Strings that YAML 1.1 reads as another type are quoted: parsers of Kubernetes read `yes` and `Y` as booleans. */
const quoting = { version: '1.1' } as const
const flow = (value: unknown): string =>
  stringify(value, { ...quoting, collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: true }).trimEnd()
const block = (value: unknown, column: number): string =>
  stringify(value, { ...quoting, lineWidth: 0 })
    .trimEnd()
    .split('\n')
    .map(line => `${' '.repeat(column)}${line}`)
    .join('\n')
