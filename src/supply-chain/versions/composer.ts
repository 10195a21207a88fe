// Versions of PHP's packages, as Composer normalizes them and PHP's version_compare() orders them. Branches such as `dev-main` have no order.
import { compareDigits, compareNumbers, endOfRun, isDigit, isLetter, type Order, orderOf } from './version-order.ts'

/** Of a part that is letters; numbers and the end have `released`. */
const stabilities: Readonly<Record<string, number>> = { dev: 0, alpha: 1, a: 1, beta: 2, b: 2, rc: 3, patch: 5, pl: 5, p: 5 }
const released = 4
const usualNumbers = 4

interface Part {
  readonly stability: number
  /** Digits; undefined for letters and the end. */
  readonly digits?: string
}

const end: Part = { stability: released }

export const compareComposerVersions = orderOf(parse, compare)

function parse(text: string): readonly Part[] | undefined {
  const lower = text.toLowerCase()
  const plus = lower.indexOf('+')
  const whole = plus === -1 ? lower : lower.slice(0, plus)
  const parts: Part[] = []
  let at = whole.startsWith('v') ? 1 : 0
  if (!isDigit(whole[at])) return undefined
  while (at < whole.length) {
    const stop = endOfRun(whole, at, isDigit(whole[at]) ? isDigit : isLetter)
    if (stop === at) return undefined
    const part = whole.slice(at, stop)
    if (isDigit(part[0])) parts.push({ stability: released, digits: part })
    else if (part !== 'stable') {
      const stability = Object.hasOwn(stabilities, part) ? stabilities[part] : undefined
      if (stability === undefined) return undefined
      parts.push({ stability })
    }
    at = stop + (isSeparator(whole[stop]) ? 1 : 0)
  }
  return isSeparator(whole.at(-1)) ? undefined : withUsualNumbers(parts)
}

const isSeparator = (char: string | undefined): boolean => char === '.' || char === '-' || char === '_'

/** 1.2 is 1.2.0.0, also before a stability. */
function withUsualNumbers(parts: readonly Part[]): readonly Part[] {
  const letters = parts.findIndex(({ digits }) => digits === undefined)
  const numbers = letters === -1 ? parts.length : letters
  const zeros = Array.from({ length: Math.max(0, usualNumbers - numbers) }, (): Part => ({ stability: released, digits: '0' }))
  return [...parts.slice(0, numbers), ...zeros, ...parts.slice(numbers)]
}

function compare(a: readonly Part[], b: readonly Part[]): Order {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const order = compareParts(a[at] ?? end, b[at] ?? end)
    if (order !== 0) return order
  }
  return 0
}

function compareParts(a: Part, b: Part): Order {
  const order = compareNumbers(a.stability, b.stability)
  if (order !== 0 || a.digits === b.digits) return order
  // The end comes before any number: 1.0-beta is older than 1.0-beta0.
  if (a.digits === undefined) return -1
  return b.digits === undefined ? 1 : compareDigits(a.digits, b.digits)
}
