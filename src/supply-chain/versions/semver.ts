// Semantic Versioning 2.0.0 (semver.org, clause 11), for ecosystems that use it. Build metadata is ignored.
import { compareDigits, compareTexts, endOfRun, isDigit, isDigits, isLetter, type Order } from './version-order.ts'

export interface SemanticVersion {
  /** Major, minor, patch. */
  readonly numbers: readonly [string, string, string]
  readonly prerelease: readonly string[]
}

/**
 * Also takes versions without minor or patch, such as `1.2`, as advisories write them: they are 0. undefined for anything else. The specification
 * forbids zeros before a number and advisories contain them, so they are taken.
 */
export function parseSemver(text: string): SemanticVersion | undefined {
  const plus = text.indexOf('+')
  if (
    plus !== -1 &&
    !text
      .slice(plus + 1)
      .split('.')
      .every(isIdentifier)
  )
    return undefined
  const whole = plus === -1 ? text : text.slice(0, plus)
  const dash = whole.indexOf('-')
  const [major = '', minor = '0', patch = '0', ...rest] = (dash === -1 ? whole : whole.slice(0, dash)).split('.')
  const prerelease = dash === -1 ? [] : whole.slice(dash + 1).split('.')
  if (rest.length > 0 || ![major, minor, patch].every(isDigits) || !prerelease.every(isIdentifier)) return undefined
  return { numbers: [major, minor, patch], prerelease }
}

const isIdentifier = (text: string): boolean =>
  text !== '' && endOfRun(text, 0, char => isDigit(char) || isLetter(char) || char === '-') === text.length

export function compareSemver(a: SemanticVersion, b: SemanticVersion): Order {
  for (const at of [0, 1, 2] as const) {
    const order = compareDigits(a.numbers[at], b.numbers[at])
    if (order !== 0) return order
  }
  if (a.prerelease.length === 0 || b.prerelease.length === 0) {
    if (a.prerelease.length === b.prerelease.length) return 0
    return a.prerelease.length === 0 ? 1 : -1
  }
  for (let at = 0; ; at++) {
    const [idA, idB] = [a.prerelease[at], b.prerelease[at]]
    if (idA === undefined) return idB === undefined ? 0 : -1
    if (idB === undefined) return 1
    const order = compareIdentifiers(idA, idB)
    if (order !== 0) return order
  }
}

function compareIdentifiers(a: string, b: string): Order {
  const [numberA, numberB] = [isDigits(a), isDigits(b)]
  if (numberA && numberB) return compareDigits(a, b)
  if (numberA !== numberB) return numberA ? -1 : 1
  return compareTexts(a, b)
}
