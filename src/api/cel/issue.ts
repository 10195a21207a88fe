// Problems of an expression and their places, in cel-go's wording and layout: users compare them with Kubernetes' output.

/** One problem of an expression. */
export interface Issue {
  /** Position in the source in UTF-16 units; undefined for the whole expression. */
  readonly offset: number | undefined
  readonly message: string
}

/** An expression does not compile. `message` is cel-go's output: all issues, each with its line and a caret below the place. */
export class CelCompileError extends Error {
  readonly issues: readonly Issue[]

  constructor(source: string, issues: readonly Issue[]) {
    super(formatIssues(source, issues))
    this.name = 'CelCompileError'
    this.issues = issues
  }
}

const maxSnippetLength = 16_384
const maxIssues = 100
/** Limit of characters of all issues: each shows its line, and one request may contain many expressions. */
const maxMessageLength = 65_536

/** `ERROR: <input>:1:5: …` for each issue in order of place, with the line concerned and a caret. */
function formatIssues(source: string, issues: readonly Issue[]): string {
  const lines = source.split('\n')
  const ordered = issues.map((issue, index) => ({ issue, index }))
  ordered.sort((a, b) => (a.issue.offset ?? -1) - (b.issue.offset ?? -1) || a.index - b.index)
  const shown: string[] = []
  let length = 0
  for (const { issue } of ordered.slice(0, maxIssues)) {
    const { line, column } = locate(lines, issue.offset)
    const text = formatOne(lines, issue.message, line, column)
    length += text.length
    if (length > maxMessageLength && shown.length > 0) break
    shown.push(text)
  }
  if (ordered.length > shown.length) shown.push(`${ordered.length - shown.length} more errors were truncated`)
  return shown.join('\n')
}

/** Line from 1, column from 0 in code points; -1 and -1 without a place. */
function locate(lines: readonly string[], offset: number | undefined): { line: number; column: number } {
  if (offset === undefined) return { line: -1, column: -1 }
  let rest = offset
  let line = 0
  while (line < lines.length - 1 && rest > (lines[line] ?? '').length) {
    rest -= (lines[line] ?? '').length + 1
    line++
  }
  return { line: line + 1, column: [...(lines[line] ?? '').slice(0, rest)].length }
}

function formatOne(lines: readonly string[], message: string, line: number, column: number): string {
  const head = `ERROR: <input>:${line}:${column + 1}: ${message}`
  const text = lines[line - 1]
  const isNothing = text === '' && lines.length === 1
  if (text === undefined || isNothing || text.length > maxSnippetLength) return head
  const characters = [...text.replaceAll('\t', ' ')]
  const isWide = (character: string | undefined): boolean => character !== undefined && character > '\x7f'
  const dots = characters.slice(0, column).map(character => (isWide(character) ? '．' : '.'))
  return `${head}\n | ${characters.join('')}\n | ${dots.join('')}${isWide(characters[column]) ? '＾' : '^'}`
}
