// Versions of Maven artefacts, by the "Version Order Specification" of Maven's POM reference, which ComparableVersion implements.
import { compareDigits, compareNumbers, compareTexts, endOfRun, isDigit, type Order, orderOf } from './version-order.ts'

interface Token {
  /** A qualifier always has `-`: `.x` and `-x` are the same. */
  readonly separator: '.' | '-'
  readonly text: string
}

const qualifiers = ['alpha', 'beta', 'milestone', 'rc', 'snapshot', '', 'sp']
const aliases: Readonly<Record<string, string>> = { ga: '', final: '', release: '', cr: 'rc' }
/** Of qualifiers that a digit follows. */
const abbreviations: Readonly<Record<string, string>> = { a: 'alpha', b: 'beta', m: 'milestone' }

export const compareMavenVersions = orderOf(parse, compare)

/** Every text is a version. */
function parse(text: string): readonly Token[] {
  return withoutNulls(tokensOf(text.toLowerCase()))
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  let separator: Token['separator'] = '-'
  let at = 0
  while (at <= text.length) {
    const end = endOfRun(text, at, isDigit(text[at]) ? isDigit : isQualifier)
    const part = text.slice(at, end)
    // An empty token is 0.
    tokens.push(part === '' ? { separator, text: '0' } : token(separator, part, isDigit(text[end])))
    const next = text[end]
    // A change between digits and letters counts as a hyphen.
    separator = next === '.' ? '.' : '-'
    if (next === undefined) break
    at = next === '.' || next === '-' ? end + 1 : end
  }
  return tokens
}

const isQualifier = (char: string | undefined): boolean => char !== undefined && !isDigit(char) && char !== '.' && char !== '-'
const isNumber = ({ text }: Token): boolean => isDigit(text[0])
const isNull = ({ text }: Token): boolean => endOfRun(text, 0, char => char === '0') === text.length

function token(separator: Token['separator'], text: string, beforeDigit: boolean): Token {
  if (isDigit(text[0])) return { separator, text }
  const known =
    beforeDigit && Object.hasOwn(abbreviations, text) ? abbreviations[text] : Object.hasOwn(aliases, text) ? aliases[text] : text
  return { separator: '-', text: known ?? text }
}

/** Without 0 and the release's qualifier at the end, and before each hyphen. */
function withoutNulls(tokens: readonly Token[]): readonly Token[] {
  const kept: Token[] = []
  for (const [at, one] of tokens.entries()) {
    if (one.separator === '-' && at > 0) dropNulls(kept)
    kept.push(one)
  }
  dropNulls(kept)
  return kept
}

function dropNulls(tokens: Token[]): void {
  for (let last = tokens.at(-1); last !== undefined && isNull(last); last = tokens.at(-1)) tokens.pop()
}

function compare(a: readonly Token[], b: readonly Token[]): Order {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const [tokenA, tokenB] = [a[at], b[at]]
    const order = compareTokens(tokenA ?? padding(tokenB), tokenB ?? padding(tokenA))
    if (order !== 0) return order
  }
  return 0
}

/** What a shorter version has in place of a token of the longer one. */
const padding = (other: Token | undefined): Token =>
  other?.separator === '.' ? { separator: '.', text: '0' } : { separator: '-', text: '' }

function compareTokens(a: Token, b: Token): Order {
  if (isNumber(a) !== isNumber(b)) return isNumber(a) ? 1 : -1
  if (!isNumber(a)) return compareQualifiers(a.text, b.text)
  if (a.separator !== b.separator) return a.separator === '.' ? 1 : -1
  return compareDigits(a.text, b.text)
}

/** Unknown qualifiers come after the known ones, in the order of texts. */
function compareQualifiers(a: string, b: string): Order {
  const place = (text: string) => {
    const index = qualifiers.indexOf(text)
    return index === -1 ? qualifiers.length : index
  }
  return compareNumbers(place(a), place(b)) || (place(a) === qualifiers.length ? compareTexts(a, b) : 0)
}
