// Versions of Ruby's gems, compared as Gem::Version does: segments of digits or letters, a letter makes it a prerelease.
import { compareDigits, compareTexts, endOfRun, isDigit, isLetter, type Order, orderOf } from './version-order.ts'

export const compareGemVersions = orderOf(parse, compare)

function parse(text: string): readonly string[] | undefined {
  const trimmed = text.trim()
  if (trimmed === '') return []
  // Gem::Version reads 1.0-2 as 1.0.pre.2.
  const parts = trimmed.replaceAll('-', '.pre.').split('.')
  if (!isDigit(parts[0]?.[0]) || !parts.every(part => part !== '' && endOfRun(part, 0, isAlphanumeric) === part.length)) return undefined
  const segments = parts.flatMap(segmentsOf)
  const firstLetters = segments.findIndex(isText)
  const release = firstLetters === -1 ? segments : segments.slice(0, firstLetters)
  const prerelease = firstLetters === -1 ? [] : segments.slice(firstLetters)
  return [...withoutTrailingZeros(release), ...withoutTrailingZeros(prerelease)]
}

const isAlphanumeric = (char: string | undefined): boolean => isDigit(char) || isLetter(char)
const isText = (segment: string): boolean => isLetter(segment[0])
const isZero = (segment: string): boolean => endOfRun(segment, 0, char => char === '0') === segment.length

function segmentsOf(part: string): string[] {
  const segments: string[] = []
  for (let at = 0; at < part.length; ) {
    const end = endOfRun(part, at, isDigit(part[at]) ? isDigit : isLetter)
    segments.push(part.slice(at, end))
    at = end
  }
  return segments
}

function withoutTrailingZeros(segments: readonly string[]): readonly string[] {
  return segments.slice(0, segments.findLastIndex(segment => !isZero(segment)) + 1)
}

function compare(a: readonly string[], b: readonly string[]): Order {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const order = compareSegments(a[at] ?? '0', b[at] ?? '0')
    if (order !== 0) return order
  }
  return 0
}

function compareSegments(a: string, b: string): Order {
  if (isText(a) !== isText(b)) return isText(a) ? -1 : 1
  return isText(a) ? compareTexts(a, b) : compareDigits(a, b)
}
