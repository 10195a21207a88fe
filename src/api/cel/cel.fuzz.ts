// CEL expressions compile or fail with CelCompileError, and evaluate or fail with CelEvaluationError, within the limits of cost and work.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type FuzzTarget, succeeds } from '../../base/testing/fuzz-target.testing.ts'
import { estimateCost } from './check/cost.ts'
import { maxWork, Program } from './environment.ts'
import { CelCompileError } from './issue.ts'
import { storedMutations } from './kubernetes/base.ts'
import { perCallLimit } from './kubernetes/limits.ts'
import { CelEvaluationError, CelProgramError } from './values/failure.ts'
import * as t from './values/type.ts'
import type { CelValue } from './values/values.ts'

const environment = storedMutations().extend([
  { name: 's', type: t.string },
  { name: 'l', type: t.list(t.dyn) },
  { name: 'm', type: t.map(t.string, t.dyn) },
  { name: 'd', type: t.dyn },
])
const s = 'https://exämple.com:80/a%20b?x=1&x=2&y#z 10.0.0.1/8 1.2.3-rc.1 10Mi 2024-01-02T03:04:05Z 1h30m '.repeat(20)
const l: CelValue[] = [...Array.from({ length: 200 }, (_, index) => index), 'a', null, true, 1.5, [1, 2], { a: 1 }, '😀']
const bindings: Readonly<Record<string, CelValue>> = { s, l, m: { a: l, b: s, c: { a: { a: 1 } } }, d: { a: l, s } }

const names = ['s', 'l', 'm', 'd', 'x', 'm.a', 'd.?a', 'd.s']
const literals = [
  '0',
  '-1',
  '1u',
  '9223372036854775807',
  '1.5e300',
  '""',
  '"a"',
  "r'[a-z]+'",
  "b'\\xff'",
  '[]',
  '{}',
  'null',
  'true',
  '[1, 2]',
  '{"a": 1}',
]
const members = [
  ...[
    'size',
    'trim',
    'lowerAscii',
    'upperAscii',
    'isSorted',
    'sum',
    'min',
    'max',
    'getQuery',
    'getHostname',
    'value',
    'hasValue',
    'family',
    'sign',
    'getFullYear',
  ],
  ...[
    'matches',
    'find',
    'findAll',
    'contains',
    'startsWith',
    'endsWith',
    'indexOf',
    'lastIndexOf',
    'split',
    'join',
    'charAt',
    'substring',
    'replace',
    'format',
    'orValue',
    'compareTo',
    'containsIP',
    'getHours',
    'add',
  ],
]
const functions = [
  ...[
    'size',
    'int',
    'uint',
    'double',
    'string',
    'bytes',
    'bool',
    'type',
    'dyn',
    'timestamp',
    'duration',
    'url',
    'isURL',
    'ip',
    'isIP',
    'cidr',
    'isCIDR',
    'quantity',
    'isQuantity',
    'semver',
    'isSemver',
  ],
  ...[
    'optional.of',
    'optional.ofNonZeroValue',
    'strings.quote',
    'sets.contains',
    'sets.equivalent',
    'sets.intersects',
    'format.named',
    'has',
    'jsonpatch.escapeKey',
    'Object',
    'JSONPatch',
  ],
]
const macros = ['all', 'exists', 'exists_one', 'map', 'filter', 'optMap', 'transformMap', 'transformList']
const operators = ['+', '-', '*', '/', '%', '==', '!=', '<', '>=', '&&', '||', 'in']

/** Syntactically valid CEL expressions. `dyn` hides types from the checker, so evaluation must handle them. */
const { expression } = fc.letrec<{ expression: string }>(tie => {
  const any = tie('expression').chain(source => fc.constantFrom(source, `dyn(${source})`, `dyn(${source})`))
  const args = fc.array(any, { maxLength: 2 }).map(sources => sources.join(', '))
  return {
    expression: fc.oneof(
      { depthSize: 'small', withCrossShrink: false },
      fc.constantFrom(...names, ...literals),
      fc.tuple(any, fc.constantFrom(...operators), any).map(([a, operator, b]) => `(${a} ${operator} ${b})`),
      fc.tuple(any, fc.constantFrom(...members), args).map(([a, name, given]) => `${a}.${name}(${given})`),
      fc.tuple(fc.constantFrom(...functions), args).map(([name, given]) => `${name}(${given})`),
      fc.tuple(any, fc.constantFrom(...macros), any).map(([a, name, body]) => `${a}.${name}(x, ${body})`),
      fc.tuple(any, any, any).map(([a, b, c]) => `(${a} ? ${b} : dyn(${c}))`),
      fc.tuple(any, any).map(([a, b]) => `${a}[${b}]`),
      fc.tuple(any, any).map(([a, b]) => `{dyn(${a}): dyn(${b}), 'k': dyn([${b}])}`),
    ),
  }
})

export const cel: FuzzTarget = {
  name: 'cel',
  inputs: expression,
  words: [
    ...names,
    ...literals,
    ...functions,
    ...operators,
    ...members.map(name => `.${name}(`),
    ...macros.map(name => `.${name}(x, `),
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    '?',
    ':',
    ',',
    '//',
    '`',
  ],
  run(input) {
    const source = input.toString()
    let program: Program | undefined
    succeeds(
      () => {
        const checked = environment.compile(source)
        estimateCost(checked, () => undefined)
        program = new Program(checked)
      },
      CelCompileError,
      CelProgramError,
    )
    if (program === undefined) return
    const once = outcomeOf(program)
    assert.ok(once.cost <= 2 * perCallLimit || once.failed, `cost of ${once.cost}`)
    assert.ok(once.work <= 2 * maxWork, `work of ${once.work}`)
    const twice = outcomeOf(program)
    assert.deepEqual([twice.cost, twice.failed], [once.cost, once.failed], 'the same evaluation costs the same')
  },
}

function outcomeOf(program: Program): { readonly cost: number; readonly work: number; readonly failed: boolean } {
  try {
    const { cost, work } = program.evaluate(bindings, perCallLimit)
    return { cost, work, failed: false }
  } catch (err) {
    if (!(err instanceof CelEvaluationError)) throw err
    return { cost: err.cost, work: err.work, failed: true }
  }
}
