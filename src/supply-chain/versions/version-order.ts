// What all ecosystems' versions share: the form of a comparison, its limit, and the order of texts and of numbers of any size.

export type Order = -1 | 0 | 1

/**
 * Compares two versions by the rules of an ecosystem. undefined if one of them is no version there, or longer than `maxVersionLength`: then nothing
 * is known about their order. Takes linear time.
 */
export type VersionOrder = (a: string, b: string) => Order | undefined

/** UTF-16 units. npm has the same limit; the longest versions of Debian, Go and Maven have about 100. */
export const maxVersionLength = 256

/** A comparison of parsed versions; `parse` returns undefined for a text that is no version. */
export function orderOf<Version>(parse: (text: string) => Version | undefined, compare: (a: Version, b: Version) => Order): VersionOrder {
  return (textA, textB) => {
    if (textA.length > maxVersionLength || textB.length > maxVersionLength) return undefined
    const a = parse(textA)
    const b = parse(textB)
    return a === undefined || b === undefined ? undefined : compare(a, b)
  }
}

/** By code unit, as C's strcmp and Python compare ASCII. */
export const compareTexts = (a: string, b: string): Order => (a < b ? -1 : a > b ? 1 : 0)

export const compareNumbers = (a: number, b: number): Order => (a < b ? -1 : a > b ? 1 : 0)

/** Texts of decimal digits as numbers of any size; an empty one is 0. */
export function compareDigits(a: string, b: string): Order {
  const left = withoutZeros(a)
  const right = withoutZeros(b)
  return compareNumbers(left.length, right.length) || compareTexts(left, right)
}

function withoutZeros(digits: string): string {
  let start = 0
  while (digits[start] === '0') start++
  return digits.slice(start)
}

export const isDigit = (char: string | undefined): boolean => char !== undefined && char >= '0' && char <= '9'

/** ASCII, either case. */
export const isLetter = (char: string | undefined): boolean =>
  char !== undefined && ((char >= 'a' && char <= 'z') || (char >= 'A' && char <= 'Z'))

/** The first position from `start` on whose character `matches` refuses; the length at most. */
export function endOfRun(text: string, start: number, matches: (char: string | undefined) => boolean): number {
  let end = start
  while (end < text.length && matches(text[end])) end++
  return end
}

/** Whether the text has at least one character, all of them decimal digits. */
export const isDigits = (text: string): boolean => text !== '' && endOfRun(text, 0, isDigit) === text.length
