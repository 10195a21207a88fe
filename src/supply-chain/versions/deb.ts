// Versions of Debian and Ubuntu: `[epoch:]upstream[-revision]` (deb-version(7)), compared as dpkg does.
import { compareDigits, compareNumbers, endOfRun, isDigit, isDigits, isLetter, type Order, orderOf } from './version-order.ts'

interface DebVersion {
  readonly epoch: string
  readonly upstream: string
  readonly revision: string
}

/** The largest epoch that dpkg takes. */
const maxEpoch = '2147483647'

export const compareDebVersions = orderOf(
  parse,
  (a, b) => compareDigits(a.epoch, b.epoch) || compareDebParts(a.upstream, b.upstream) || compareDebParts(a.revision, b.revision),
)

function parse(text: string): DebVersion | undefined {
  const colon = text.indexOf(':')
  const epoch = colon === -1 ? '0' : text.slice(0, colon)
  if (!isDigits(epoch) || compareDigits(epoch, maxEpoch) > 0) return undefined
  const rest = text.slice(colon + 1)
  const dash = rest.lastIndexOf('-')
  const upstream = dash === -1 ? rest : rest.slice(0, dash)
  const revision = dash === -1 ? '' : rest.slice(dash + 1)
  if (upstream === '' || !hasOnly(upstream, '.-+~:') || !hasOnly(revision, '.+~') || (dash !== -1 && revision === '')) return undefined
  return { epoch, upstream, revision }
}

const hasOnly = (text: string, signs: string): boolean =>
  endOfRun(text, 0, char => isDigit(char) || isLetter(char) || (char !== undefined && signs.includes(char))) === text.length

/** dpkg's verrevcmp: runs of other characters by `weight`, then runs of digits as numbers, alternately. */
export function compareDebParts(a: string, b: string): Order {
  let [atA, atB] = [0, 0]
  while (atA < a.length || atB < b.length) {
    while ((atA < a.length && !isDigit(a[atA])) || (atB < b.length && !isDigit(b[atB]))) {
      const order = compareNumbers(weight(a[atA]), weight(b[atB]))
      if (order !== 0) return order
      atA++
      atB++
    }
    const [endA, endB] = [endOfRun(a, atA, isDigit), endOfRun(b, atB, isDigit)]
    const order = compareDigits(a.slice(atA, endA), b.slice(atB, endB))
    if (order !== 0) return order
    atA = endA
    atB = endB
  }
  return 0
}

/** `~` comes before the end, the end and digits before letters, letters before all other signs. */
function weight(char: string | undefined): number {
  if (char === '~') return -1
  if (char === undefined || isDigit(char)) return 0
  return isLetter(char) ? char.charCodeAt(0) : char.charCodeAt(0) + 256
}
