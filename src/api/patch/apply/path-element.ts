// Path elements in the form of `fieldsV1`: `f:replicas`, `k:{"name":"web"}`, `v:"finalizer"`, `i:0`.
import { parseExactJson } from '../../../base/exact-json.ts'
import { writeJson } from '../../../base/write-json.ts'
import { goQuote } from '../../go-text/go-quote.ts'
import { isRecord } from '../../schema/compile.ts'
import { goFloat, goJson } from '../../schema/go-json.ts'
import type { ListShape } from './shape.ts'

/** A list item without its keys. The message is upstream's. */
export class UnnamedItem extends Error {}

export function itemElement(shape: ListShape, item: unknown): string {
  if (shape.keys.length === 0) {
    if (isRecord(item)) throw new UnnamedItem("associative list without keys has an element that's a map type")
    if (Array.isArray(item)) throw new UnnamedItem('not supported: associative list with lists as elements')
    if (item === null) throw new UnnamedItem("associative list without keys has an element that's an explicit null")
    return `v:${goJson(item)}`
  }
  if (item === null) throw new UnnamedItem('associative list with keys may not have a null element')
  if (!isRecord(item)) throw new UnnamedItem('associative list with keys may not have non-map elements')
  let text = 'k:{'
  for (const key of shape.keys) {
    const own = item[key.name]
    const value = own === undefined ? key.default : own
    if (value === undefined) {
      const quoted = writeJson(key.name)
      throw new UnnamedItem(`associative list with keys has an element that omits key field ${quoted} (and doesn't have default value)`)
    }
    text += `${text.length > 3 ? ',' : ''}"${key.name}":${typeof value === 'number' ? value : goJson(value)}`
  }
  return `${text}}`
}

/** Undefined if the item lacks the keys. */
export function elementIfNamed(shape: ListShape, item: unknown): string | undefined {
  try {
    return itemElement(shape, item)
  } catch (err) {
    if (err instanceof UnnamedItem) return undefined
    throw err
  }
}

/** The form in messages: `.spec`, `[name="web"]`, `[="finalizer"]`, `[0]`. Numbers from `fieldsV1` are Go's float64. */
export function elementText(element: string, number: (value: number) => string = goFloat): string {
  const rest = element.slice(2)
  switch (element.charAt(0)) {
    case 'k': {
      const keys: unknown = parseExactJson(rest)
      return `[${Object.entries(isRecord(keys) ? keys : {})
        .map(([name, value]) => `${name}=${valueText(value, number)}`)
        .join(',')}]`
    }
    case 'v':
      return `[=${valueText(parseExactJson(rest), number)}]`
    case 'i':
      return `[${rest}]`
    default:
      return `.${rest}`
  }
}

/** Upstream's form of values; a key that is no scalar occurs only in a message that rejects it. */
function valueText(value: unknown, number: (value: number) => string): string {
  if (Array.isArray(value)) return `[${value.map(item => valueText(item, number)).join(',')}]`
  if (typeof value === 'string') return goQuote(value)
  if (typeof value === 'number') return number(value)
  if (typeof value === 'bigint') return number(Number(value))
  if (!isRecord(value)) return writeJson(value)
  return Object.entries(value)
    .map(([name, member]) => `${name}=${valueText(member, number)}`)
    .join('')
}

/** Upstream's order: the element itself, fields, keys, values, indexes; numbers by size. */
export function compareElements(a: string, b: string): number {
  return compareRead(a, b, readElement)
}

/** The elements in that order; each is parsed once. Sorts in place. */
export function sortElements(elements: string[]): string[] {
  const known = new Map<string, unknown>()
  const read = (element: string): unknown => {
    const value = known.get(element) ?? readElement(element)
    known.set(element, value)
    return value
  }
  return elements.sort((a, b) => compareRead(a, b, read))
}

function compareRead(a: string, b: string, read: (element: string) => unknown): number {
  const kind = a.charCodeAt(0)
  // Nearly all are fields; their order is that of their text.
  if (kind === fieldKind && b.charCodeAt(0) === fieldKind) return a < b ? -1 : a > b ? 1 : 0
  const difference = rank.indexOf(a.charAt(0)) - rank.indexOf(b.charAt(0))
  if (difference !== 0) return difference
  return a === '.' || kind === fieldKind ? 0 : compareValues(read(a), read(b))
}

const readElement = (element: string): unknown => parseExactJson(element.slice(2))

const fieldKind = 'f'.charCodeAt(0)
const rank = '.fkvi'

function compareValues(a: unknown, b: unknown): number {
  if (isNumeric(a) && isNumeric(b)) return a < b ? -1 : a > b ? 1 : 0
  if (isRecord(a) && isRecord(b)) {
    const left = Object.entries(a)
    const right = Object.entries(b)
    for (let i = 0; i < left.length && i < right.length; i++) {
      const names = compareValues(left[i]?.[0], right[i]?.[0])
      if (names !== 0) return names
      const values = compareValues(left[i]?.[1], right[i]?.[1])
      if (values !== 0) return values
    }
    return left.length - right.length
  }
  // Numbers before strings before booleans.
  if (typeof a !== typeof b) return typeRank(a) - typeRank(b)
  return String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0
}

const isNumeric = (value: unknown): value is number | bigint => typeof value === 'number' || typeof value === 'bigint'
const typeOrder = ['number', 'string', 'boolean', 'object']
const typeRank = (value: unknown): number => (isNumeric(value) ? 0 : typeOrder.indexOf(typeof value))
