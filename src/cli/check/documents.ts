// A file's text taken apart into documents, each with the line on which it begins.
import { parseJson } from '../../base/json.ts'

export interface SourceDocument {
  /** As it was named, or found below what was named; `-` for the standard input. */
  readonly file: string
  readonly text: string
  /** Where the text begins in the file's, in characters. */
  readonly start: number
  /** From 1. */
  readonly line: number
  readonly format: 'yaml' | 'json'
  /** What kustomize made of the folder that `file` then is. */
  readonly rendered?: boolean
}

const separator = /^---(?=[ \t\r]|$)/
/** A line on which nothing stands that could be a value. */
const silent = /^\s*(?:#.*|---(?:\s+#.*)?|\.\.\.|%.*)?$/

/**
 * JSON objects behind each other, or a YAML stream; what begins with a brace and is no JSON is YAML in flow style, as kubectl has it. Documents that
 * say nothing are left out.
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

/** Undefined where the text is not JSON objects behind each other. */
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
