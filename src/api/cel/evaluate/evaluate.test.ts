// Costs and failures are those of cel-go for the same expression and variables.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { Environment, Program } from '../environment.ts'
import { CelCompileError } from '../issue.ts'
import { optionalLibrary } from '../library/optional.ts'
import { stringsLibrary } from '../library/strings.ts'
import { CelEvaluationError, CelProgramError } from '../values/failure.ts'
import * as t from '../values/type.ts'

const variables = [
  { name: 'x', type: t.dyn },
  { name: 's', type: t.string },
  { name: 'i', type: t.int },
  { name: 'l', type: t.list(t.int) },
  { name: 'ls', type: t.list(t.string) },
  { name: 'm', type: t.map(t.string, t.dyn) },
]
const values = { x: { a: 1, b: ['p', 'q'] }, s: 'str', i: 7, l: [1, 2, 3], ls: ['a'], m: { k: 'v' } }
const environment = Environment.create({ libraries: [optionalLibrary, stringsLibrary], optionalSyntax: true, variables })

const costs: readonly [source: string, cost: number][] = [
  ['x', 1],
  ['x.a', 2],
  ['x.b[0]', 3],
  ["m['k']", 2],
  ['m.k', 2],
  ['l[0]', 2],
  ["x['b'][0]", 3],
  ['has(x.a)', 1],
  ['has(x.b)', 1],
  ['has(m.k)', 1],
  ['!has(m.k)', 2],
  ['has(x.a) && has(x.b)', 2],
  ['true ? i : 3', 0],
  ['true ? x.a : 3', 1],
  ["true ? x.b[0] : 'a'", 2],
  ['true ? i + 1 : 3', 2],
  ['i == 7 ? i : 3', 2],
  ['(i == 7 ? x : x).a', 3],
  ['i == 7', 2],
  ["s == 'str'", 2],
  ["i == 7 && s == 'str'", 4],
  ['i < 8', 2],
  ['i + 1', 2],
  ['-i', 2],
  ['!true', 1],
  ['1 + 2', 1],
  ["s + 'abc'", 2],
  ["s in ['a', 'b']", 1],
  ['i in [1, 7]', 1],
  ['i in l', 5],
  ['s in ls', 3],
  ['s in [s]', 13],
  ['[1,2,3]', 0],
  ['[i]', 11],
  ["{'a': 1}", 0],
  ["{'a': i}", 31],
  ['l.all(y, y > 0)', 17],
  ['l.all(y, true)', 11],
  ['l.all(y, y > 1)', 9],
  ['l.all(y, y > 2)', 9],
  ['l.exists(y, y > 2)', 20],
  ['l.exists(y, y > 0)', 11],
  ['l.exists_one(y, y > 2)', 11],
  ['l.map(y, y)', 41],
  ['l.map(y, 5)', 8],
  ['l.map(y, [y])', 71],
  ['l.map(y, y + 1)', 44],
  ['l.map(y, y > 1, y)', 34],
  ['l.filter(y, y > 1)', 34],
  ["m.all(k, k == 'k')", 7],
  ['m.map(k, m[k])', 16],
  ['size(l)', 2],
  ['l.size()', 2],
  ["s.startsWith('s')", 2],
  ["s.contains('t')", 2],
  ["s.matches('s.*')", 2],
  ['string(i)', 2],
  ["int('3')", 0],
  ['type(i)', 2],
  ['type(i) == int', 3],
  ['dyn(i)', 2],
  ['dyn(i) + 1', 3],
  ['dyn(i) == 7', 3],
  ['dyn(i) < 7', 3],
  ["dyn(s) < 'z'", 3],
  ['x.a + 1', 3],
  ['x.a < 5', 3],
  ['x.a == 1', 3],
  ['x.?a', 2],
  ["m.?k.orValue('q')", 2],
  ['m.?k.hasValue()', 3],
  ["m[?'k']", 2],
  ["m.?z.orValue('q')", 1],
  ['m.?z.or(m.?k)', 3],
  ["m.?z.or(m.?k).orValue('b')", 3],
  ['optional.of(1)', 1],
  ['optional.none()', 1],
  ['x.b.size()', 3],
  ["x.b.all(q, q == 'p')", 13],
  ["x.b.exists(q, q == 'q')", 15],
  ["timestamp('2020-01-01T00:00:00Z')", 0],
  ["duration('1h')", 0],
  ["timestamp('2020-01-01T00:00:00Z') + duration('1h')", 1],
  ["timestamp('2020-01-01T00:00:00Z').getFullYear()", 1],
  ['has(x.a) ? x.a : 3', 2],
  ["x.b[0] == 'p' || false", 4],
  ['l.map(y, y)[0]', 43],
  ["{'a': 1}.a", 2],
  ["{'a': i}.a", 33],
  ['[i][0]', 13],
  ['x.b.map(q, q)[0]', 31],
  ['l[i-7]', 4],
  ["x['b'][l[0]]", 4],
  ['[1,2][l[0]]', 3],
  ['true ? l[l[0]] : 1', 2],
  ["x[?'b'][?0]", 3],
  ['optional.of(i).optMap(v, v + 1)', 9],
  ['x.?a.optMap(v, v + 1).orValue(3)', 9],
  ['optional.of(i).optFlatMap(v, optional.of(v))', 8],
  ['x.?b[0]', 3],
  ["m.?k.optMap(v, v == 'v')", 9],
  ['has(x.b) && x.b.exists(q, has(m.k) && q == m.k)', 22],
  ['x.exists(k, x[k] == 1)', 12],
  ['l.filter(y, y > 1).map(z, z * 2).exists(w, w == 4)', 73],
  ["l.all(a, ls.all(b, b == 'a' && a > 0))", 38],
  ["x.b in [['p','q']]", 3],
  ["'p' in x.b", 3],
  ["'a' in x", 2],
  ['s in m', 3],
  ['5 / 2', 1],
  ['-5 / 2', 1],
  ['-5 % 3', 1],
  ['5.0 / 0.0', 1],
  ['1.5 + 2.5', 1],
  ['double(i) / 2.0', 3],
  ['string(1.0)', 0],
  ['string(1e100)', 0],
  ['string(1.5e-7)', 0],
  ['string(123456789.0)', 0],
  ['string(1e21)', 0],
  ['string(1e20)', 0],
  ['int(1.9)', 0],
  ['int(-1.9)', 0],
  ['uint(3.7)', 0],
  ["string(b'abc')", 0],
  ["bytes('é')", 0],
  ["size('日本語')", 1],
  ["'a' < 'b'", 1],
  ["b'a' < b'b'", 1],
  ['true < false', 1],
  ['1 < 1.5', 1],
  ['1u < 2', 1],
  ['dyn(1) == 1u', 1],
  ['dyn(1) == 1.0', 1],
  ["dyn('a') == 1", 1],
  ["duration('1h') > duration('1m')", 1],
  ["string(duration('1h1.5s'))", 0],
  ["string(timestamp('2020-01-01T00:00:00.123Z'))", 0],
  ["timestamp('2020-01-01T00:00:00Z').getHours('America/New_York')", 1],
  ["timestamp('2020-01-01T00:00:00Z').getDayOfYear()", 1],
  ["duration('1h1m1s').getMinutes()", 1],
  ["duration('10s321ms').getMilliseconds()", 1],
  ['l + [4]', 2],
  ['type(1) == string', 1],
  ['int == int', 1],
  ['string', 0],
  ['s.matches(s)', 3],
  ["{'a': 1, 'a': 2}", 0],
  ['{s: 1, s: 2}', 32],
  ['[[1],[2]][0][0]', 3],
  ['{1: {2: 3}}[1][2]', 3],
  ["{1u: 'a'}[dyn(1)]", 2],
  ['l[dyn(1.0)]', 2],
  ['l[dyn(1u)]', 2],
  ['null == null', 1],
  ['dyn(null) == 1', 1],
  ['x == null', 2],
  ["timestamp('2020-01-01T00:00:00Z') == null", 1],
  ['[] == []', 0],
  ['{} == {}', 0],
  ['[].all(x, x)', 1],
  ['{}.map(k, k)', 1],
  ["'abc'.contains('')", 0],
  ["'é' + 'x' == 'éx'", 2],
  ["'%s'.format([1.5])", 1],
  ["'%s'.format([[1, 'a', 2.5, b'xy', true, null, 3u]])", 1],
  ["'%s'.format([{'a': 1, 'b': [1.0]}])", 1],
  ["'%s'.format([{1: 'a', true: 'c'}])", 1],
  ["'%s'.format([timestamp('2020-01-01T00:00:00Z')])", 1],
  ["'%s'.format([[timestamp('2020-01-01T00:00:00Z'), duration('1h')]])", 1],
  ["'%s'.format([duration('1h')])", 1],
  ["'%s'.format([int])", 1],
  ["'%s'.format([[int]])", 1],
  ["'%s'.format([null])", 1],
  ["'%f'.format([1234567.891])", 1],
  ["'%.3f'.format([1234567.8915])", 1],
  ["'%.0f'.format([2.5])", 1],
  ["'%f'.format([0.5])", 1],
  ["'%f'.format([-1234.5])", 1],
  ["'%.6e'.format([1e-10])", 1],
  ["'%f'.format([1e21])", 1],
  ["'%f'.format(['NaN'])", 1],
  ["'%f'.format(['Infinity'])", 1],
  ["'%f'.format([double('Infinity')])", 1],
  ["'%f'.format([double('NaN')])", 1],
  ["'%s'.format([double('NaN')])", 1],
  ["'%s'.format([[double('NaN'), double('-Infinity')]])", 1],
  ["'%d'.format([5])", 1],
  ["'%d'.format([5u])", 1],
  ["'%%'.format([])", 1],
  ["'%b'.format([5])", 1],
  ["'%b'.format([-5])", 1],
  ["'%b'.format([true])", 1],
  ["'%o'.format([-8])", 1],
  ["'%x'.format([-255])", 1],
  ["'%X'.format(['hello'])", 1],
  ["'%x'.format([b'hello'])", 1],
  ["'%x'.format([30u])", 1],
  ["'%s'.format([x.a])", 13],
  ["'%s'.format([x])", 12],
]

suite('evaluate() counts what upstream counts', () => {
  for (const [source, cost] of costs) {
    test(source, () => assert.equal(new Program(environment.compile(source)).evaluate(values).cost, cost))
  }
})

const keyed = [
  "{1.5: 'a'}[1.5] == 'a' && 1.5 in {1.5: 'a'}",
  '{null: 1, null: 2}.size() == 1 && null in {null: 1}',
  "{double('NaN'): 1, double('NaN'): 2}.size() == 2 && !(double('NaN') in {double('NaN'): 1})",
  '!([1] in {[1]: 2}) && {[1]: 2} != {[1]: 2} && {[i]: 2}.all(k, k == [i]) && [1] in [[1]]',
]

suite('evaluate() takes what can be compared as a key', () => {
  for (const source of keyed) test(source, () => assert.equal(new Program(environment.compile(source)).evaluate(values).value, true))
})

const failing: readonly [source: string, message: string][] = [
  ['l[i]', 'index out of bounds: 7'],
  ['m[s]', 'no such key: str'],
  ['x.b[i]', 'index out of bounds: 7'],
  ['int(s)', "type conversion error from 'string' to 'int'"],
  ['x.a.b', 'no such key: b'],
  ['1/0', 'division by zero'],
  ['l[10]', 'index out of bounds: 10'],
  ['9223372036854775807 + 1', 'integer overflow'],
  ['-9223372036854775808 - 1', 'integer overflow'],
  ['9223372036854775807 * 2', 'integer overflow'],
  ['1 % 0', 'modulus by zero'],
  ['5u - 6u', 'unsigned integer overflow'],
  ["x.foo.bar == 'a' && x.y", 'no such key: foo'],
  ["l[dyn('a')]", "unsupported index type 'string' in list"],
  ["'%f'.format([s])", 'error during formatting: fixed-point clause can only be used on doubles, was given string'],
  ["'%s'.format([{1.5: i}])", 'error during formatting: no formatting function for map key of type double'],
  ["{b'a': i}", 'unsupported key type'],
  ["'%d'.format([x.b])", 'error during formatting: decimal clause can only be used on integers, was given list'],
]

suite('evaluate() fails as upstream fails', () => {
  for (const [source, message] of failing) {
    test(source, () => {
      assert.throws(() => new Program(environment.compile(source)).evaluate(values), {
        name: 'CelEvaluationError',
        message,
        costExceeded: false,
      })
    })
  }
})

test('evaluate() stops at the cost limit, and no operator absorbs that', () => {
  const program = new Program(environment.compile('l.all(a, l.all(b, l.all(c, a + b + c > 0))) || true'))
  assert.equal(program.evaluate(values, 1000).value, true)
  assert.throws(() => program.evaluate(values, 100), { message: 'operation cancelled: actual cost limit exceeded', costExceeded: true })
})

test('evaluate() reads nothing from prototypes', () => {
  for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
    assert.throws(() => new Program(environment.compile(`x.${name}`)).evaluate(values), { message: `no such key: ${name}` })
    assert.equal(new Program(environment.compile(`has(x.${name})`)).evaluate(values).value, false)
    assert.equal(new Program(environment.compile(`'${name}' in x`)).evaluate(values).value, false)
  }
  const own = { ...values, x: JSON.parse('{"__proto__": 1, "constructor": 2}') }
  assert.equal(new Program(environment.compile('x.__proto__ + x.constructor')).evaluate(own).value, 3)
})

test('evaluate() matches regular expressions in linear time', () => {
  const program = new Program(environment.compile("s.matches('^(a+)+$')"))
  assert.equal(program.evaluate({ ...values, s: `${'a'.repeat(20_000)}b` }).value, false)
})

const leaf = fc.constantFrom('x', 's', 'i', 'l', 'ls', 'm', '1', "'a'", 'true', 'null', '2u', '1.5', "b'x'", "duration('1s')", '[]', '{}')
const { expression } = fc.letrec<{ expression: string }>(tie => ({
  expression: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    leaf,
    fc
      .tuple(tie('expression'), fc.constantFrom('+', '-', '*', '/', '%', '==', '!=', '<', '>=', '&&', '||', 'in'), tie('expression'))
      .map(([a, operator, b]) => `dyn(${a}) ${operator} dyn(${b})`),
    fc
      .tuple(tie('expression'), fc.constantFrom('all', 'exists', 'exists_one', 'map', 'filter'), tie('expression'))
      .map(([a, macro, b]) => `dyn(${a}).${macro}(y, dyn(${b}))`),
    fc.tuple(tie('expression'), tie('expression'), tie('expression')).map(([a, b, c]) => `(dyn(${a}) ? dyn(${b}) : dyn(${c}))`),
    fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `dyn(${a})[dyn(${b})]`),
    tie('expression').map(a => `dyn(${a}).a`),
    tie('expression').map(a => `has(dyn(${a}).a)`),
    tie('expression').map(a => `string(dyn(${a}))`),
    tie('expression').map(a => `size(dyn(${a}))`),
  ),
}))

test('evaluate() throws only its own errors and never exceeds the cost limit', () => {
  const limit = 500
  fc.assert(
    fc.property(expression, source => {
      try {
        const { cost } = new Program(environment.compile(source)).evaluate(values, limit)
        assert.ok(cost <= limit)
      } catch (err) {
        assert.ok(err instanceof CelEvaluationError || err instanceof CelProgramError || err instanceof CelCompileError, String(err))
      }
    }),
    { numRuns: 2000 },
  )
})
