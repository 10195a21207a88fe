// cel-go's extended strings, version 2: positions and lengths are in code points.
import { goEscapes } from '../../go-text/go-quote.ts'
import type { EstimateCall, Range } from '../functions/estimate.ts'
import * as estimate from '../functions/estimate.ts'
import { free, type Library, member } from '../functions/function.ts'
import { fail } from '../values/failure.ts'
import { asIndex, asList, asString } from '../values/narrow.ts'
import * as t from '../values/type.ts'
import { type CelValue, codePoints, sizeOf, typeNameOf } from '../values/values.ts'
import { addReading, addWork } from '../values/work-counter.ts'
import { type Costs, itemOf, traverses, walks } from './costs.ts'
import { findLastText, findText, splitText } from './find-text.ts'
import { formatText } from './format.ts'

/** Limit of characters that an expression may create in one step; the cost limit of concatenation allows about as many. */
const maxLength = 10_000_000
/** Characters of a result that cost no more than upstream charges. */
const freeLength = 1000

/** Upstream charges some functions only for their pattern; larger results are charged here as well. */
const beyond = (result: CelValue): number => estimate.walk(Math.max(0, (typeof result === 'string' ? result.length : 0) - freeLength))

function bounded(length: number): void {
  if (length > maxLength) fail(`result has more than ${maxLength} characters`)
}

const outOfRange = (index: number): never => fail(`index out of range: ${index}`)

/** Text without surrogates is its own list of characters. */
const charactersOf = (text: string): string | readonly string[] => (codePoints(text) === text.length ? text : listedCharacters(text))

/** Most of the work is creating a text for each. */
function listedCharacters(text: string): string[] {
  addWork(text.length)
  return [...text]
}

function charAt(text: string, index: number): string {
  const characters = charactersOf(text)
  return index < 0 || index > characters.length ? outOfRange(index) : (characters[index] ?? '')
}

/** Position in UTF-16 units of a position in code points. */
function unitsBefore(characters: string | readonly string[], index: number): number {
  return typeof characters === 'string' ? index : characters.slice(0, index).join('').length
}

const joined = (characters: string | readonly string[]): string => (typeof characters === 'string' ? characters : characters.join(''))

function indexOf(text: string, part: string, from: number): number {
  if (part === '') return from
  const characters = charactersOf(text)
  if (from < 0 || from >= characters.length) return outOfRange(from)
  const found = findText(text, part, unitsBefore(characters, from))
  return found === -1 ? -1 : codePoints(text.slice(0, found))
}

function lastIndexOf(text: string, part: string, from: number | undefined): number {
  const characters = charactersOf(text)
  if (part === '') return from ?? characters.length
  if (text === '' && from === undefined) return -1
  const start = from ?? characters.length - 1
  if (start < 0 || start >= characters.length) return outOfRange(start)
  const found = findLastText(text, part, unitsBefore(characters, start))
  return found === -1 ? -1 : codePoints(text.slice(0, found))
}

function substring(text: string, start: number, end: number | undefined): string {
  const characters = charactersOf(text)
  const stop = end ?? characters.length
  if (end !== undefined && start > end) return fail(`invalid substring range. start: ${start}, end: ${end}`)
  if (start < 0 || start > characters.length) return outOfRange(start)
  return stop < 0 || stop > characters.length ? outOfRange(stop) : joined(characters.slice(start, stop))
}

/** The first `count` occurrences, or all if it is negative; an empty needle matches before each character and at the end. */
function replace(text: string, part: string, by: string, count: number): string {
  if (count === 0) return text
  const limit = count < 0 ? Number.POSITIVE_INFINITY : count
  bounded(text.length + Math.min(limit, part === '' ? text.length + 1 : Math.floor(text.length / part.length)) * by.length)
  if (part === '') {
    const characters = listedCharacters(text)
    const joined = characters.map((character, index) => (index < limit ? by + character : character)).join('')
    return characters.length < limit ? joined + by : joined
  }
  const pieces = splitText(text, part)
  const replaced = Math.min(limit, pieces.length - 1)
  return (
    pieces.slice(0, replaced + 1).join(by) +
    pieces
      .slice(replaced + 1)
      .map(piece => part + piece)
      .join('')
  )
}

/** At most `count` pieces, the last one being the rest; all if it is negative. */
function split(text: string, separator: string, count: number): string[] {
  if (count === 0) return []
  const pieces = separator === '' ? listedCharacters(text) : splitText(text, separator)
  if (count < 0 || pieces.length <= count) return pieces
  return [...pieces.slice(0, count - 1), pieces.slice(count - 1).join(separator)]
}

function join(items: readonly CelValue[], separator: string): string {
  addWork(items.length)
  const texts = items.map(item => (typeof item === 'string' ? item : fail(`join: invalid input: ${shown(item)}`)))
  bounded(texts.reduce((length, text) => length + text.length, separator.length * texts.length))
  return texts.join(separator)
}

/** Lists and maps have no length limit. */
const shown = (value: CelValue): string => (typeof value === 'object' && value !== null ? typeNameOf(value) : String(value))

const lower = (text: string): string => text.replace(/[A-Z]+/g, letters => changed(letters.toLowerCase()))
const upper = (text: string): string => text.replace(/[a-z]+/g, letters => changed(letters.toUpperCase()))
const quote = (text: string): string =>
  `"${text.toWellFormed().replace(/["\\\p{Cc}]/gu, character => changed(goEscapes[character] ?? character))}"`

/** Each replaced part of a text is a call. */
function changed(part: string): string {
  addWork(4)
  return part
}

/** White space by Go's unicode.IsSpace, which excludes the byte order mark that JavaScript's trim() removes. */
const wideSpaces: ReadonlySet<number> = new Set([0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000])
const isSpace = (unit: number): boolean =>
  unit === 0x20 || (unit >= 9 && unit <= 13) || (unit >= 0x85 && (wideSpaces.has(unit) || (unit >= 0x2000 && unit <= 0x200a)))

/** From both ends, character by character: a pattern for the end would try each run of spaces in the middle. */
function trim(text: string): string {
  let from = 0
  let to = text.length
  while (from < to && isSpace(text.charCodeAt(from))) from++
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--
  addReading(from + text.length - to)
  return text.slice(from, to)
}

const sized = walks(1, true)

const splits: Costs = {
  ...walks(2),
  estimate({ target, args: [, count], size }) {
    if (target === undefined) return undefined
    const range = size(target)
    const limit =
      count?.expr?.kind === 'literal' && typeof count.expr.value === 'number' && count.expr.value >= 0 ? count.expr.value : undefined
    return { cost: estimate.scale(range, 2 * estimate.traversalFactor), size: { min: 0, max: limit ?? range.max } }
  },
}

const replaces: Costs = {
  cost: ([text = null], result) => Math.ceil(sizeOf(text) * 2 * estimate.traversalFactor) + beyond(result),
  costsAlways: true,
  estimate(call: EstimateCall) {
    const { target, args, size } = call
    const [part, by] = args
    if (target === undefined || part === undefined || by === undefined) return undefined
    const range = size(target)
    return { cost: estimate.scale(range, 2 * estimate.traversalFactor), size: sizeAfterReplace(range, size(part), size(by)) }
  },
}

/** Maximum: as many of the smallest parts as fit, each replaced by the longest text; minimum: the reverse. */
function sizeAfterReplace(text: Range, part: Range, by: Range): Range {
  const most = { count: 0, kept: 0 }
  if (part.min === 0) Object.assign(most, { count: text.max + 1, kept: text.max })
  else if (by.max <= part.min) most.kept = text.max
  else most.count = Math.ceil(text.max / part.min)
  const least = { count: 0, kept: 0 }
  if (part.max === 0) Object.assign(least, { count: text.min + 1, kept: text.min })
  else if (part.max <= by.min) least.kept = text.min
  else least.count = Math.ceil(text.min / part.max)
  const counts = { min: least.count, max: Math.min(most.count, estimate.unbounded) }
  return estimate.add(estimate.multiply(counts, by), { min: least.kept, max: most.kept })
}

const joins: Costs = {
  cost: (_, result) => Math.ceil(sizeOf(result) * 2 * estimate.traversalFactor),
  costsAlways: true,
  estimate({ target, args: [separator], size }) {
    if (target === undefined) return undefined
    const items = size(target)
    const item = itemOf(target)
    const text = item === undefined ? estimate.zero : estimate.multiply(items, size(item))
    const gaps = { min: Math.max(0, items.min - 1), max: Math.max(0, items.max - 1) }
    const whole = separator === undefined ? text : estimate.add(text, estimate.multiply(size(separator), gaps))
    return { cost: estimate.scale(whole, estimate.traversalFactor), size: whole }
  },
}

const formats: Costs = {
  cost: ([pattern = null], result) => estimate.walk(sizeOf(pattern)) + beyond(result),
  estimate: ({ target, size }) => (target === undefined ? undefined : { cost: estimate.scale(size(target), estimate.traversalFactor) }),
}

const quotes: Costs = {
  cost: ([text = null]) => Math.ceil(sizeOf(text) * estimate.traversalFactor),
  estimate({ args: [text], size }) {
    if (text === undefined) return undefined
    const { min, max } = size(text)
    return {
      cost: estimate.scale(size(text), estimate.traversalFactor),
      size: { min: min + 2, max: Math.min(max * 2 + 2, estimate.unbounded) },
    }
  },
}

const { string, int } = t
const strings = t.list(string)

export const stringsLibrary: Library = {
  functions: [
    { name: 'charAt', overloads: [member('string_char_at_int', [string, int], string, (s, i) => charAt(asString(s), asIndex(i)))] },
    {
      name: 'indexOf',
      overloads: [
        member('string_index_of_string', [string, string], int, (s, p) => indexOf(asString(s), asString(p), 0), traverses),
        member(
          'string_index_of_string_int',
          [string, string, int],
          int,
          (s, p, i) => indexOf(asString(s), asString(p), asIndex(i)),
          traverses,
        ),
      ],
    },
    {
      name: 'lastIndexOf',
      overloads: [
        member('string_last_index_of_string', [string, string], int, (s, p) => lastIndexOf(asString(s), asString(p), undefined), traverses),
        member(
          'string_last_index_of_string_int',
          [string, string, int],
          int,
          (s, p, i) => lastIndexOf(asString(s), asString(p), asIndex(i)),
          traverses,
        ),
      ],
    },
    { name: 'lowerAscii', overloads: [member('string_lower_ascii', [string], string, s => lower(asString(s)), sized)] },
    { name: 'upperAscii', overloads: [member('string_upper_ascii', [string], string, s => upper(asString(s)), sized)] },
    { name: 'trim', overloads: [member('string_trim', [string], string, s => trim(asString(s)), sized)] },
    {
      name: 'replace',
      overloads: [
        member(
          'string_replace_string_string',
          [string, string, string],
          string,
          (s, p, b) => replace(asString(s), asString(p), asString(b), -1),
          replaces,
        ),
        member(
          'string_replace_string_string_int',
          [string, string, string, int],
          string,
          (s, p, b, n) => replace(asString(s), asString(p), asString(b), asIndex(n)),
          replaces,
        ),
      ],
    },
    {
      name: 'split',
      overloads: [
        member('string_split_string', [string, string], strings, (s, p) => split(asString(s), asString(p), -1), splits),
        member('string_split_string_int', [string, string, int], strings, (s, p, n) => split(asString(s), asString(p), asIndex(n)), splits),
      ],
    },
    {
      name: 'substring',
      overloads: [
        member('string_substring_int', [string, int], string, (s, i) => substring(asString(s), asIndex(i), undefined), sized),
        member('string_substring_int_int', [string, int, int], string, (s, i, j) => substring(asString(s), asIndex(i), asIndex(j)), sized),
      ],
    },
    {
      name: 'join',
      overloads: [
        member('list_join', [strings], string, l => join(asList(l), ''), joins),
        member('list_join_string', [strings, string], string, (l, s) => join(asList(l), asString(s)), joins),
      ],
    },
    {
      name: 'format',
      overloads: [member('string_format', [string, t.anyList], string, (s, l) => formatText(asString(s), asList(l)), formats)],
    },
    { name: 'strings.quote', overloads: [free('strings_quote', [string], string, s => quote(asString(s)), quotes)] },
  ],
}
