// Index lists of a Job's policy and status: `0,3-5`.

import { parseInt64 } from '../../go-text/go-int64.ts'
import { goQuote } from '../../go-text/go-quote.ts'

type Interval = readonly [first: number, last: number]

/** The number of indexes in a list, or its problem. */
export function countIndexes(text: string, completions: number): number | string {
  if (text === '') return 0
  let total = 0
  let previous: number | undefined
  for (const part of text.split(',')) {
    const interval = parseInterval(part, completions)
    if (typeof interval === 'string') return interval
    const [first, last] = interval
    if (previous !== undefined && previous >= first) return `non-increasing order, previous: ${previous}, current: ${first}`
    total += last - first + 1
    previous = last
  }
  return total
}

/** The problem if both lists contain an index; undefined if none is in both. Unreadable parts are ignored. */
export function indexesOverlap(completed: string, failed: string, completions: number): string | undefined {
  if (completed === '' || failed === '') return undefined
  const others = intervalsOf(failed, completions)
  let at = 0
  // Both lists are sorted, so one pass finds every overlapping pair.
  for (const [first, last] of intervalsOf(completed, completions)) {
    while (at < others.length && (others[at]?.[1] ?? 0) < first) at++
    const other = others[at]
    if (other === undefined || other[0] > last) continue
    return `failedIndexes and completedIndexes overlap at index: ${Math.max(first, other[0])}`
  }
  return undefined
}

function intervalsOf(text: string, completions: number): Interval[] {
  return text.split(',').flatMap(part => {
    const interval = parseInterval(part, completions)
    return typeof interval === 'string' ? [] : [interval]
  })
}

function parseInterval(text: string, completions: number): Interval | string {
  const limits = text.split('-')
  if (limits.length > 2)
    return `the fragment ${goQuote(text)} violates the requirement that an index interval can have at most two parts separated by '-'`
  const numbers: number[] = []
  for (const limit of limits) {
    const number = parseInt64(limit)
    if (typeof number === 'string') return `cannot convert string to integer for index: ${goQuote(limit)}`
    if (number >= completions) return `too large index: ${goQuote(limit)}`
    numbers.push(number)
  }
  const [first = 0, last = first] = numbers
  if (numbers.length > 1 && first >= last) return `non-increasing order, previous: ${first}, current: ${last}`
  return [first, last]
}
