// Runs cel-go's own parser tests, which @bufbuild/cel-spec contains with cel-go's results: the parser accepts the same expressions, and
// rejects the rest with the same messages. Skipped cases have a reason.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { tests as checking } from '@bufbuild/cel-spec/testdata/checking.js'
import { tests as comprehensions } from '@bufbuild/cel-spec/testdata/comprehension.js'
import { tests as parsing } from '@bufbuild/cel-spec/testdata/parsing.js'
import { CelCompileError } from '../issue.ts'
import { optionalLibrary } from '../library/optional.ts'
import { macroTable, standardMacros } from './macro.ts'
import { parse } from './parser.ts'

const options = {
  macros: macroTable([...standardMacros, ...(optionalLibrary.macros ?? [])]),
  optionalSyntax: false,
  escapedNames: false,
}
/** With the syntax that these tests of cel-go enable. */
const extended = { ...options, optionalSyntax: true, escapedNames: true }

const leftOut: readonly [applies: (source: string, error: string) => boolean, reason: string][] = [
  [source => source.startsWith('[].existsOne('), 'existsOne() with one variable is of newer versions'],
  [(_, error) => /recursion (?:depth|limit) exceeded/.test(error), 'the test allows 32 levels, Kubernetes 250'],
  [
    (_, error) => /recovery attempt limit exceeded|lookahead limit exceeded|More than \d+ syntax errors/.test(error),
    'the parser stops at the first token that fits nowhere',
  ],
  [(_, error) => /invalid unicode code point/.test(error), 'half of a surrogate pair is refused by newer versions only'],
  [
    source => /^\{\?'key': \{'a'|\{\?single_int32: \{\}|\{\?entry\[0\]/.test(source),
    'what follows syntax that is switched off is read as well',
  ],
]

for (const { name, tests = [] } of [parsing, checking, comprehensions]) {
  suite(name, () => {
    for (const { original, ast, error = '' } of tests) {
      const { expr } = original
      const refused = ast === undefined
      const reason = refused ? leftOut.find(([applies]) => applies(expr.trim(), error))?.[1] : undefined
      test(JSON.stringify(expr.slice(0, 80)), reason === undefined ? {} : { skip: reason }, () => {
        if (!refused) {
          parse(expr, expr.includes('?') || expr.includes('`') ? extended : options)
          return
        }
        const message = error.trimEnd().replaceAll(/^ERROR: :/gm, 'ERROR: <input>:')
        assert.throws(
          () => parse(expr, options),
          (err: unknown) => {
            assert.ok(err instanceof CelCompileError)
            assert.equal(firstOf(err.message), firstOf(message))
            return true
          },
        )
      })
    }
  })
}

/** Only the first issue: after it, the parser may stop while cel-go continues. */
function firstOf(message: string): string {
  return message.split('\nERROR: ', 1)[0] ?? ''
}
