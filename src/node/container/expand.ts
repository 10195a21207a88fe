// Upstream's `$(VAR)` expansion in commands, arguments, environment values and subPathExpr. Pure.
import { writeJson } from '../../base/write-json.ts'

/** `$(NAME)` becomes its value and `$$` a dollar sign; unknown references and other text stay unchanged. */
export function expand(text: string, variables: ReadonlyMap<string, string>): string {
  return replaceReferences(text, name => variables.get(name))
}

/** Like expand(), but throws upstream's text for an unknown reference. */
export function expandStrictly(text: string, variables: ReadonlyMap<string, string>): string {
  return replaceReferences(text, name => {
    const value = variables.get(name)
    if (value === undefined) throw new Error(`missing value for ${writeJson(name)}`)
    return value
  })
}

/** One pass: a regular expression would search for the end of each unclosed reference again, and users control the length. */
function replaceReferences(text: string, lookUp: (name: string) => string | undefined): string {
  const lastEnd = text.lastIndexOf(')')
  const parts: string[] = []
  let from = 0
  for (let at = text.indexOf('$'); at >= 0 && at + 1 < text.length; at = text.indexOf('$', at)) {
    const next = text[at + 1]
    if (next === '$') {
      parts.push(text.slice(from, at + 1))
      from = at += 2
    } else if (next === '(' && at + 2 <= lastEnd) {
      const end = text.indexOf(')', at + 2)
      parts.push(text.slice(from, at), lookUp(text.slice(at + 2, end)) ?? text.slice(at, end + 1))
      from = at = end + 1
    } else at++
  }
  parts.push(text.slice(from))
  return parts.join('')
}
