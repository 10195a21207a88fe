// Versions of Python's packages: PEP 440 (packaging.python.org, "Version specifiers"), in all spellings that it normalizes. Others have no order.
import { compareDigits, compareNumbers, compareTexts, endOfRun, isDigit, isDigits, isLetter, type Order, orderOf } from './version-order.ts'

interface PythonVersion {
  readonly epoch: string
  /** Without zeros at the end. */
  readonly release: readonly string[]
  /** 0 alpha, 1 beta, 2 release candidate; without one -1 for a development release of the final one, 3 for the rest. */
  readonly pre: readonly [number, string]
  readonly post: string | undefined
  readonly dev: string | undefined
  readonly local: readonly string[]
}

const preNames: Readonly<Record<string, number>> = { a: 0, alpha: 0, b: 1, beta: 1, c: 2, rc: 2, pre: 2, preview: 2 }
const postNames = ['post', 'rev', 'r']
/** The longest first: a name may follow another without a separator. */
const names = [...Object.keys(preNames), ...postNames, 'dev'].sort((a, b) => b.length - a.length)

export const comparePythonVersions = orderOf(parse, compare)

function parse(text: string): PythonVersion | undefined {
  const lower = text.trim().toLowerCase()
  const plus = lower.indexOf('+')
  const local = plus === -1 ? [] : parseLocal(lower.slice(plus + 1))
  const version = plus === -1 ? lower : lower.slice(0, plus)
  const unprefixed = version.startsWith('v') ? version.slice(1) : version
  const mark = unprefixed.indexOf('!')
  const epoch = mark === -1 ? '0' : unprefixed.slice(0, mark)
  const rest = unprefixed.slice(mark + 1)
  const end = endOfRelease(rest)
  const suffixes = parseSuffixes(rest.slice(end))
  if (local === undefined || suffixes === undefined || !isDigits(epoch) || end === 0) return undefined
  const release = rest.slice(0, end).split('.')
  return { epoch, release: release.slice(0, release.findLastIndex(part => compareDigits(part, '0') > 0) + 1), ...suffixes, local }
}

function parseLocal(text: string): readonly string[] | undefined {
  const parts = text.replaceAll('-', '.').replaceAll('_', '.').split('.')
  const valid = (part: string) => part !== '' && endOfRun(part, 0, char => isDigit(char) || isLetter(char)) === part.length
  return parts.every(valid) ? parts : undefined
}

/** The end of `digits{.digits}`. */
function endOfRelease(text: string): number {
  let end = endOfRun(text, 0, isDigit)
  while (end > 0 && text[end] === '.' && isDigit(text[end + 1])) end = endOfRun(text, end + 1, isDigit)
  return end
}

const isSeparator = (char: string | undefined): boolean => char === '.' || char === '-' || char === '_'

/** `[pre][post][dev]`, each once, in this order, with an optional separator before the name and before the number. */
function parseSuffixes(text: string): Pick<PythonVersion, 'pre' | 'post' | 'dev'> | undefined {
  let pre: readonly [number, string] | undefined
  let post: string | undefined
  let dev: string | undefined
  for (let at = 0; at < text.length; ) {
    const start = at + (isSeparator(text[at]) ? 1 : 0)
    const name = names.find(known => text.startsWith(known, start)) ?? ''
    const nameEnd = start + name.length
    const digitsAt = nameEnd + (name !== '' && isSeparator(text[nameEnd]) ? 1 : 0)
    const end = endOfRun(text, digitsAt, isDigit)
    const number = text.slice(digitsAt, end)
    // `1.0-1` is 1.0.post1.
    const implicitPost = name === '' && text[at] === '-' && number !== ''
    if (implicitPost || postNames.includes(name)) {
      if (post !== undefined || dev !== undefined) return undefined
      post = number
    } else if (name === 'dev') {
      if (dev !== undefined) return undefined
      dev = number
    } else {
      const rank = Object.hasOwn(preNames, name) ? preNames[name] : undefined
      if (rank === undefined || pre !== undefined || post !== undefined || dev !== undefined) return undefined
      pre = [rank, number]
    }
    at = end
  }
  return { pre: pre ?? (post === undefined && dev !== undefined ? [-1, ''] : [3, '']), post, dev }
}

function compare(a: PythonVersion, b: PythonVersion): Order {
  return (
    compareDigits(a.epoch, b.epoch) ||
    compareLists(a.release, b.release, compareDigits) ||
    compareNumbers(a.pre[0], b.pre[0]) ||
    compareDigits(a.pre[1], b.pre[1]) ||
    // Without a post release is before, without a development release after.
    compareOptional(a.post, b.post, -1) ||
    compareOptional(a.dev, b.dev, 1) ||
    compareLists(a.local, b.local, compareLocal)
  )
}

function compareOptional(a: string | undefined, b: string | undefined, absent: 1 | -1): Order {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? absent : absent === 1 ? -1 : 1
  return compareDigits(a, b)
}

function compareLists(a: readonly string[], b: readonly string[], comparePart: (a: string, b: string) => Order): Order {
  for (const [at, partA] of a.entries()) {
    const partB = b[at]
    if (partB === undefined) return 1
    const order = comparePart(partA, partB)
    if (order !== 0) return order
  }
  return a.length < b.length ? -1 : 0
}

function compareLocal(a: string, b: string): Order {
  if (isDigits(a) !== isDigits(b)) return isDigits(a) ? 1 : -1
  return isDigits(a) ? compareDigits(a, b) : compareTexts(a, b)
}
