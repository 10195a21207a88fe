// Versions of Red Hat, Fedora, SUSE and others: `[epoch:]version[-release]`, compared as rpm does (rpmvercmp, with `~` before and `^` after).
import { compareDigits, compareTexts, endOfRun, isDigit, isDigits, isLetter, type Order, orderOf } from './version-order.ts'

interface RpmVersion {
  readonly epoch: string
  readonly version: string
  readonly release: string
}

export const compareRpmVersions = orderOf(
  parse,
  (a, b) => compareDigits(a.epoch, b.epoch) || compareRpmParts(a.version, b.version) || compareRpmParts(a.release, b.release),
)

function parse(text: string): RpmVersion | undefined {
  const colon = text.indexOf(':')
  // rpm's database writes `(none)` for a package without an epoch.
  const named = colon === -1 ? '0' : text.slice(0, colon)
  const epoch = named === '(none)' || named === '' ? '0' : named
  if (!isDigits(epoch)) return undefined
  const rest = text.slice(colon + 1)
  const dash = rest.lastIndexOf('-')
  const version = dash === -1 ? rest : rest.slice(0, dash)
  if (version === '') return undefined
  return { epoch, version, release: dash === -1 ? '' : rest.slice(dash + 1) }
}

const isSign = (char: string | undefined): boolean => !isDigit(char) && !isLetter(char) && char !== '~' && char !== '^'

/** rpmvercmp: segments of digits or letters; other characters only separate them. */
export function compareRpmParts(a: string, b: string): Order {
  if (a === b) return 0
  let [atA, atB] = [0, 0]
  while (atA < a.length || atB < b.length) {
    atA = endOfRun(a, atA, isSign)
    atB = endOfRun(b, atB, isSign)
    const [nextA, nextB] = [a[atA], b[atB]]
    if (nextA === '~' || nextB === '~') {
      if (nextA !== '~') return 1
      if (nextB !== '~') return -1
      atA++
      atB++
      continue
    }
    if (nextA === '^' || nextB === '^') {
      if (nextA === undefined) return -1
      if (nextB === undefined) return 1
      if (nextA !== '^') return 1
      if (nextB !== '^') return -1
      atA++
      atB++
      continue
    }
    if (nextA === undefined || nextB === undefined) break
    const isNumber = isDigit(nextA)
    // A number is newer than letters.
    if (isNumber !== isDigit(nextB)) return isNumber ? 1 : -1
    const kind = isNumber ? isDigit : isLetter
    const [endA, endB] = [endOfRun(a, atA, kind), endOfRun(b, atB, kind)]
    const order = (isNumber ? compareDigits : compareTexts)(a.slice(atA, endA), b.slice(atB, endB))
    if (order !== 0) return order
    atA = endA
    atB = endB
  }
  return atA < a.length ? 1 : atB < b.length ? -1 : 0
}
