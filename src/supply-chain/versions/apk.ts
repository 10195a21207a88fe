// Versions of Alpine: `number{.number}[letter]{_suffix[number]}[~commit][-rnumber]` (apk-package(5)), compared as apk-tools 3 does.
import { compareDigits, compareNumbers, compareTexts, endOfRun, isDigit, type Order, orderOf } from './version-order.ts'

const suffixes = ['alpha', 'beta', 'pre', 'rc', '', 'cvs', 'svn', 'git', 'hg', 'p']
const released = suffixes.indexOf('')

/** In the order in which they may follow each other; where versions end differently, the one whose next part comes later is older. */
const kinds = ['first', 'number', 'letter', 'suffix', 'suffixNumber', 'commit', 'revision', 'end'] as const
type Kind = (typeof kinds)[number]

interface Part {
  readonly kind: Kind
  readonly text: string
}

const end: Part = { kind: 'end', text: '' }
const rank = (kind: Kind): number => kinds.indexOf(kind)

export const compareApkVersions = orderOf(parse, compare)

function parse(text: string): readonly Part[] | undefined {
  const parts: Part[] = []
  let at = 0
  let last: Kind = 'first'
  while (at < text.length) {
    const part = partAt(text, at, parts.length === 0 ? undefined : last)
    if (part === undefined) return undefined
    parts.push({ kind: part.kind, text: part.text })
    at = part.end
    last = part.kind
  }
  return parts.length === 0 ? undefined : parts
}

/** The part that begins at `at`, after one of kind `last`; undefined if none may. */
function partAt(text: string, at: number, last: Kind | undefined): (Part & { readonly end: number }) | undefined {
  const run = (kind: Kind, start: number, matches: (char: string | undefined) => boolean) => {
    const stop = endOfRun(text, start, matches)
    return stop === start ? undefined : { kind, text: text.slice(start, stop), end: stop }
  }
  const char = text[at] ?? ''
  if (last === undefined) return run('first', at, isDigit)
  const after = rank(last)
  if (char === '.') return after <= rank('number') ? run('number', at + 1, isDigit) : undefined
  if (isLower(char)) return after <= rank('number') ? { kind: 'letter', text: char, end: at + 1 } : undefined
  if (isDigit(char)) return last === 'suffix' ? run('suffixNumber', at, isDigit) : undefined
  if (char === '_') {
    const suffix = after <= rank('suffixNumber') ? run('suffix', at + 1, isLower) : undefined
    return suffix !== undefined && suffixes.includes(suffix.text) ? suffix : undefined
  }
  if (char === '~') return after < rank('commit') ? run('commit', at + 1, isHex) : undefined
  return text.startsWith('-r', at) && after < rank('revision') ? run('revision', at + 2, isDigit) : undefined
}

const isLower = (char: string | undefined): boolean => char !== undefined && char >= 'a' && char <= 'z'
const isHex = (char: string | undefined): boolean => isDigit(char) || (char !== undefined && char >= 'a' && char <= 'f')

function compare(a: readonly Part[], b: readonly Part[]): Order {
  for (let at = 0; ; at++) {
    const [partA, partB] = [a[at] ?? end, b[at] ?? end]
    if (partA.kind !== partB.kind) return compareKinds(partA, partB)
    if (partA.kind === 'end') return 0
    const order = compareParts(partA, partB)
    if (order !== 0) return order
  }
}

function compareParts({ kind, text: a }: Part, { text: b }: Part): Order {
  if (kind === 'suffix') return compareNumbers(suffixes.indexOf(a), suffixes.indexOf(b))
  // A fraction such as .01 is compared as text, if one of them begins with 0.
  const asText = kind === 'letter' || kind === 'commit' || (kind === 'number' && (a.startsWith('0') || b.startsWith('0')))
  return asText ? compareTexts(a, b) : compareDigits(a, b)
}

function compareKinds(a: Part, b: Part): Order {
  if (isBeforeRelease(a)) return -1
  if (isBeforeRelease(b)) return 1
  return compareNumbers(rank(b.kind), rank(a.kind))
}

const isBeforeRelease = ({ kind, text }: Part): boolean => kind === 'suffix' && suffixes.indexOf(text) < released
