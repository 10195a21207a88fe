// Searches a text in another in time linear in both. The engine's own search backtracks for each character, so that a long needle that
// nearly matches everywhere takes as many steps as the product of the lengths.
import { addReading, addWork } from '../values/work-counter.ts'

/** Shorter needles use the engine's search, whose steps are cheap. */
const shortPart = 16

/** The first position from `from` on, or -1. */
export function findText(text: string, part: string, from: number): number {
  if (part.length <= shortPart || text.length - from < part.length) return text.indexOf(part, from)
  for (const at of occurrences(text, part, from, true)) return at
  return -1
}

/** The last position up to `from`. */
export function findLastText(text: string, part: string, from: number): number {
  if (part.length <= shortPart || text.length < part.length) return text.lastIndexOf(part, from)
  let last = -1
  for (const at of occurrences(text.slice(0, from + part.length), part, 0, true)) last = at
  return last
}

/** As `text.split(part)`. */
export function splitText(text: string, part: string): string[] {
  if (part.length <= shortPart || text.length < part.length) {
    const pieces = text.split(part)
    addWork(pieces.length)
    return pieces
  }
  const pieces: string[] = []
  let start = 0
  for (const at of occurrences(text, part, 0, false)) {
    pieces.push(text.slice(start, at))
    start = at + part.length
  }
  pieces.push(text.slice(start))
  return pieces
}

/** Knuth-Morris-Pratt: continues with the longest suffix of the match that is also a prefix. */
function* occurrences(text: string, part: string, from: number, overlapping: boolean): Generator<number> {
  addReading(text.length - from + part.length)
  const ends = new Int32Array(part.length)
  for (let i = 1, length = 0; i < part.length; i++) {
    while (length > 0 && part.charCodeAt(i) !== part.charCodeAt(length)) length = ends[length - 1] ?? 0
    if (part.charCodeAt(i) === part.charCodeAt(length)) length++
    ends[i] = length
  }
  for (let i = from, length = 0; i < text.length; i++) {
    while (length > 0 && text.charCodeAt(i) !== part.charCodeAt(length)) length = ends[length - 1] ?? 0
    if (text.charCodeAt(i) === part.charCodeAt(length)) length++
    if (length < part.length) continue
    yield i + 1 - length
    length = overlapping ? (ends[length - 1] ?? 0) : 0
  }
}
