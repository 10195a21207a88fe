// Regular expressions in time linear in the text (RE2 syntax), compiled once: patterns of policies repeat with every request.
import type { RE2JS } from 're2js'
import { requireLate } from '../../../base/late-module.ts'
import { fail } from './failure.ts'
import type * as re2 from './re2-late.ts'

/** Patterns that an expression computes at run time must not fill the memory. */
const maxPatterns = 500
const compiled = new Map<string, RE2JS>()

/** Fails for what is no regular expression, with the reason. */
export function compilePattern(pattern: string): RE2JS {
  const known = compiled.get(pattern)
  if (known !== undefined) return known
  // Its tables take megabytes, which a server without patterns need not pay.
  const engine = requireLate<typeof re2>(import.meta.url, './re2-late.ts')
  try {
    const made = engine.RE2JS.compile(pattern)
    if (compiled.size >= maxPatterns) compiled.clear()
    compiled.set(pattern, made)
    return made
  } catch (err) {
    if (err instanceof engine.RE2JSException) return fail(err.message)
    throw err
  }
}

/** Whether some part of the text matches. */
export const matches = (text: string, pattern: string): boolean => compilePattern(pattern).test(text)

/** What matches, from left to right, without nothing right behind a match; at most `limit` parts where it is not negative. */
export function findAll(text: string, pattern: string, limit: number): string[] {
  const matcher = compilePattern(pattern).matcher(text)
  const found: string[] = []
  let end = -1
  while (found.length !== limit && matcher.find()) {
    const isAbutting = matcher.end() === matcher.start() && matcher.start() === end
    end = matcher.end()
    if (!isAbutting) found.push(matcher.group() ?? '')
  }
  return found
}
