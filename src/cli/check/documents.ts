// Splits the text of a file into documents, each with its first line.
import { parseJson } from '../../base/json.ts'

export interface SourceDocument {
  /** The path as it was given, or a path below it; `-` for stdin. */
  readonly file: string
  readonly text: string
  /** Offset of the document in the text of the file, in characters. */
  readonly start: number
  /** Counted from 1. */
  readonly line: number
  readonly format: 'yaml' | 'json'
  /** True for output of kustomize; `file` is then the folder. */
  readonly rendered?: boolean
}

const separator = /^---(?=[ \t\r]|$)/
/** A line that cannot hold a value: empty, a comment, a separator or a directive. */
const silent = /^\s*(?:#.*|---(?:\s+#.*)?|\.\.\.|%.*)?$/

/**
 * Accepts several JSON objects, or a YAML stream. Text that begins with a brace but is not JSON is YAML in flow style, as in kubectl. Empty
 * documents are left out.
 */
export function splitDocuments(file: string, text: string): SourceDocument[] {
  const plain = text.startsWith('\uFEFF') ? text.slice(1) : text
  const json = plain.trimStart().startsWith('{') ? splitJson(plain) : undefined
  const skipped = text.length - plain.length
  if (json !== undefined)
    return json.map(({ start, end, line }) => ({ file, text: plain.slice(start, end), start: start + skipped, line, format: 'json' }))
  return splitYaml(plain)
    .filter(({ text: part }) => !isEmpty(part))
    .map(part => ({ ...part, file, start: part.start + skipped, format: 'yaml' }))
}

const isEmpty = (text: string): boolean => text.split('\n').every(line => silent.test(line.trimEnd()))

function splitYaml(text: string): { text: string; start: number; line: number }[] {
  const parts: { text: string; start: number; line: number }[] = []
  let [start, startLine, line] = [0, 1, 1]
  for (let at = 0; at < text.length; line++) {
    const end = text.indexOf('\n', at)
    const next = end < 0 ? text.length : end + 1
    if (at > start && text.startsWith('---', at) && separator.test(text.slice(at, end < 0 ? text.length : end))) {
      parts.push({ text: text.slice(start, at), start, line: startLine })
      start = at
      startLine = line
    }
    at = next
  }
  parts.push({ text: text.slice(start), start, line: startLine })
  return parts
}

/** Returns undefined if the text is not a sequence of JSON objects. */
function splitJson(text: string): { start: number; end: number; line: number }[] | undefined {
  const parts: { start: number; end: number; line: number }[] = []
  let [depth, start, line, startLine, inString] = [0, -1, 1, 1, false]
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === '\n') line++
    if (inString) {
      if (char === '\\') at++
      else if (char === '"') inString = false
    } else if (char === '"') inString = true
    else if (char === '{' || char === '[') {
      if (depth++ === 0) [start, startLine] = [at, line]
    } else if (char === '}' || char === ']') {
      if (--depth === 0) parts.push({ start, end: at + 1, line: startLine })
    } else if (depth === 0 && !/\s/.test(char ?? '')) return undefined
    if (depth < 0) return undefined
  }
  return depth === 0 && parts.every(({ start: from, end }) => isJson(text.slice(from, end))) ? parts : undefined
}

function isJson(text: string): boolean {
  try {
    parseJson(text)
    return true
  } catch (err) {
    if (err instanceof SyntaxError) return false
    throw err
  }
}
