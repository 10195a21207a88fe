// Expressions designed to take time or memory: they are rejected or end within their charged cost. Work is measured by the engine's counter
// or by the size of the result; a case that runs for minutes fails by the time limit of the test run.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { estimateCost } from './check/cost.ts'
import { Program } from './environment.ts'
import { CelCompileError } from './issue.ts'
import { storedExpressions } from './kubernetes/base.ts'
import { perCallLimit } from './kubernetes/limits.ts'
import { CelEvaluationError } from './values/failure.ts'
import * as t from './values/type.ts'
import type { CelValue } from './values/values.ts'

const environment = storedExpressions().extend([
  { name: 's', type: t.string },
  { name: 'spaces', type: t.string },
  { name: 'digits', type: t.string },
  { name: 'l', type: t.list(t.int) },
  { name: 'm', type: t.map(t.string, t.int) },
])
const long = 'x'.repeat(1_000_000)
const many = Array.from({ length: 100_000 }, (_, index) => index)
const texts = { spaces: `x${' '.repeat(1_000_000)}x`, digits: `${'0'.repeat(1_000_000)}x` }
const values: Readonly<Record<string, CelValue>> = {
  ...texts,
  s: long,
  l: many,
  m: Object.fromEntries(many.map(index => [`k${index}`, index])),
}

const compiled: Readonly<Record<string, string>> = {
  'nothing but characters that are no token': '@'.repeat(100_000),
  'very many unknown names': `[${Array.from({ length: 14_000 }, (_, index) => `a${index}`).join(',')}]`,
  'very many comparisons': Array.from({ length: 8_000 }, () => '1==1').join(' && '),
  'very many empty lists': `[${'[],'.repeat(30_000)}[]]`,
  'one long text': `'${'a'.repeat(99_000)}' == s`,
  'a text that never ends': `'${'a'.repeat(99_000)}`,
  'very many lines': '\n'.repeat(90_000),
  'deep calls': `${'size(['.repeat(120)}1${'])'.repeat(120)} == 1`,
}

suite('compile()', () => {
  for (const [name, source] of Object.entries(compiled)) {
    test(name, () => {
      try {
        environment.compile(source)
      } catch (err) {
        assert.ok(err instanceof CelCompileError, String(err))
        assert.ok(err.message.length < 200_000, `${err.message.length} characters of message`)
      }
    })
  }
})

const evaluated: Readonly<Record<string, string>> = {
  'a size asked again and again': 'l.all(i, s.size() > i || s.size() > 0)',
  'the size of a map asked again and again': 'l.all(i, m.size() > 0)',
  'lists joined in a loop': 'l.all(i, (l + l).size() > 0)',
  'lists of unknown type joined in a loop': 'l.all(i, size(dyn(l) + dyn(l)) > 0)',
  'lists that double': `optional.of(l)${'.optMap(a, a + a)'.repeat(40)}.hasValue()`,
  'a text replaced between all characters': "s.replace('', s) != ''",
  'a text joined with itself': "l.map(i, s).join('').size() > 0",
  'a text formatted in a loop': "l.all(i, '%s%s'.format([s, s]) != '')",
  'a pattern with nested repeats': "s.matches('^(x+)+$') && s.matches('(x*)*y')",
  'spaces that are not at an end': "spaces.trim() != ''",
  'digits that are not numbers': 'double(digits) > 0.0',
  'characters in a loop': "l.all(i, s.charAt(i) == 'x')",
  'positions in a loop': "l.all(i, s.substring(i, i + 1) == 'x')",
  'errors in a loop': 'l.exists(i, 1 / (i - i) == 1)',
  'three loops in one another': 'l.all(a, l.all(b, l.all(c, a + b + c >= 0)))',
  'time zones in all ways of writing': "l.all(i, timestamp(i).getHours(i % 2 == 0 ? 'Europe/Berlin' : 'europe/berlin') >= 0)",
}

suite('evaluate()', () => {
  for (const [name, source] of Object.entries(evaluated)) {
    test(name, () => {
      const checked = environment.compile(source)
      estimateCost(checked, () => undefined)
      const program = new Program(checked)
      try {
        assert.ok(program.evaluate(values, perCallLimit).cost <= perCallLimit)
      } catch (err) {
        assert.ok(err instanceof CelEvaluationError, String(err))
      }
    })
  }
})
