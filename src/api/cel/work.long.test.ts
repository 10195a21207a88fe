// Actual work is counted if upstream's cost does not cover it: doubling the input at most about doubles the count, the count is at least
// proportional to the input, and an evaluation with too much work ends.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { maxWork, Program } from './environment.ts'
import { storedExpressions } from './kubernetes/base.ts'
import { perCallLimit } from './kubernetes/limits.ts'
import { viewOf } from './kubernetes/schema-view.ts'
import { CelEvaluationError } from './values/failure.ts'
import * as t from './values/type.ts'
import type { CelValue } from './values/values.ts'

const environment = storedExpressions().extend([
  { name: 's', type: t.string },
  { name: 'p', type: t.string },
  { name: 'l', type: t.list(t.dyn) },
  { name: 'k', type: t.list(t.dyn) },
  { name: 'm', type: t.map(t.string, t.dyn) },
  { name: 'self', type: t.dyn },
])

type Bindings = Readonly<Record<string, CelValue>>

/** Cost and work of an evaluation; also of a failed one. */
function spent(source: string, bindings: Bindings): { readonly total: number; readonly work: number; readonly message?: string } {
  const program = new Program(environment.compile(source))
  try {
    const { cost, work } = program.evaluate(bindings)
    return { total: cost + work, work }
  } catch (err) {
    assert.ok(err instanceof CelEvaluationError, String(err))
    return { total: err.cost + err.work, work: err.work, message: err.message }
  }
}

const numbers = (n: number): number[] => Array.from({ length: n }, (_, index) => index)
const objects = (n: number): CelValue[] => numbers(n).map(a => ({ a, b: [`x${a}`] }))
const map = (n: number): Bindings => Object.fromEntries(numbers(n).map(index => [`k${index}`, index]))

interface Row {
  readonly source: string
  readonly bind: (n: number) => Bindings
  /** Minimum count for each n elements, characters or bytes that are read. */
  readonly each: number
  /** Default 4000. */
  readonly n?: number
}

const rows: readonly Row[] = [
  { source: 'k == l', bind: n => ({ k: objects(n), l: objects(n) }), each: 4 },
  { source: 'k != l', bind: n => ({ k: objects(n), l: objects(n) }), each: 4 },
  { source: '[k] == [l]', bind: n => ({ k: objects(n), l: objects(n) }), each: 4 },
  { source: 'k in [l, []]', bind: n => ({ k: objects(n), l: objects(n) }), each: 4 },
  { source: 'sets.contains([k], [l])', bind: n => ({ k: objects(n), l: objects(n) }), each: 4 },
  { source: 'sets.equivalent([k], [l])', bind: n => ({ k: objects(n), l: objects(n) }), each: 8 },
  { source: 'sets.intersects([k], [l])', bind: n => ({ k: objects(n), l: objects(n) }), each: 4 },
  { source: '[k].indexOf(l) == 0', bind: n => ({ k: objects(n), l: objects(n) }), each: 4 },
  { source: '[k].lastIndexOf(l) == 0', bind: n => ({ k: objects(n), l: objects(n) }), each: 4 },
  { source: 'optional.of(k) == optional.of(l)', bind: n => ({ k: objects(n), l: objects(n) }), each: 4 },
  { source: '{"a": m} == {"a": self}', bind: n => ({ m: map(n), self: map(n) }), each: 1 },
  { source: 'm.exists(x, true)', bind: n => ({ m: map(n) }), each: 1 },
  { source: 'm.transformMapEntry(x, y, m).size() > 0', bind: n => ({ m: map(n) }), each: 1 },
  { source: 'optional.ofNonZeroValue(m).hasValue()', bind: n => ({ m: map(n) }), each: 0.5 },
  { source: 'dyn(s) < dyn(p)', bind: n => ({ s: 'a'.repeat(n), p: 'a'.repeat(n) }), each: 1 / 8 },
  { source: 'dyn(s) == dyn(p)', bind: n => ({ s: 'a'.repeat(n), p: 'a'.repeat(n) }), each: 1 / 64 },
  { source: 's.size() > 0', bind: n => ({ s: '中'.repeat(n) }), each: 1 / 64 },
  { source: 's.size() > 0', bind: n => ({ s: '😀'.repeat(n) }), each: 1 / 8 },
  { source: "s.charAt(1) == ''", bind: n => ({ s: '😀'.repeat(n) }), each: 1 },
  { source: "s.indexOf('b' + s) == -1", bind: n => ({ s: 'a'.repeat(n) }), each: 1 / 10 },
  { source: 's.indexOf(p) == -1', bind: n => ({ s: 'a'.repeat(n), p: `b${'a'.repeat(n / 2)}` }), each: 1 / 8 },
  { source: 's.lastIndexOf(p) == -1', bind: n => ({ s: 'a'.repeat(n), p: `${'a'.repeat(n / 2)}b` }), each: 1 / 8 },
  { source: 's.split(p).size() == 1', bind: n => ({ s: 'a'.repeat(n), p: `b${'a'.repeat(n / 2)}` }), each: 1 / 8 },
  { source: "s.replace(p, '') != ''", bind: n => ({ s: 'a'.repeat(n), p: `b${'a'.repeat(n / 2)}` }), each: 1 / 8 },
  { source: "s.split('').size() > 0", bind: n => ({ s: 'a'.repeat(n) }), each: 1 },
  { source: "s.replace('', 'x') != ''", bind: n => ({ s: 'a'.repeat(n) }), each: 1 },
  { source: "l.join('') == ''", bind: n => ({ l: Array<string>(n).fill('') }), each: 1 },
  { source: "s.trim() == ''", bind: n => ({ s: ' '.repeat(n) }), each: 1 / 8 },
  { source: "s.lowerAscii() != ''", bind: n => ({ s: 'aA'.repeat(n) }), each: 1 },
  { source: "s.upperAscii() != ''", bind: n => ({ s: 'aA'.repeat(n) }), each: 1 },
  { source: "strings.quote(s) != ''", bind: n => ({ s: '"'.repeat(n) }), each: 1 },
  { source: "'%s'.format([k]) != ''", bind: n => ({ k: objects(n) }), each: 4 },
  { source: "s.findAll('a').size() > 0", bind: n => ({ s: 'a'.repeat(n) }), each: 4 },
  { source: 'url(s).getQuery().size() > 0', bind: n => ({ s: `http://x/?${'a=1&'.repeat(n)}` }), each: 4 },
  { source: 'url(s).getQuery().size() > 0', bind: n => ({ s: `http://x/?a=${'='.repeat(n)}` }), each: 1 },
  { source: "url(s).getHostname() != ''", bind: n => ({ s: `http://${'a'.repeat(n)}/` }), each: 1 },
  { source: 'isURL(s)', bind: n => ({ s: `http://x/${'%20'.repeat(n)}` }), each: 3 },
  { source: 'isURL(s)', bind: n => ({ s: `http://${'%20'.repeat(n)}/` }), each: 3 },
  { source: 'isIP(s)', bind: n => ({ s: `1.1.1.1${'é'.repeat(n)}` }), each: 1 },
  { source: 'isCIDR(s)', bind: n => ({ s: `1.1.1.1/${'é'.repeat(n)}` }), each: 1 },
  { source: 'isSemver(s)', bind: n => ({ s: `1.1.1-${'a.'.repeat(n)}a` }), each: 1 },
  { source: 'semver(s) == semver(s)', bind: n => ({ s: `1.1.1-${'a.'.repeat(n)}a` }), each: 4 },
  { source: 'double(s) > 0.0', bind: n => ({ s: `${'1'.repeat(n)}x` }), each: 1 / 8 },
  { source: 'double(s) > 0.0', bind: n => ({ s: 'É'.repeat(n) }), each: 1 / 8 },
  { source: "duration(s) > duration('1s')", bind: n => ({ s: '1ns'.repeat(n) }), each: 1 },
  { source: "timestamp(s) > timestamp('2020-01-01T00:00:00Z')", bind: n => ({ s: `2020-01-01T00:00:00.${'1'.repeat(n)}Z` }), each: 1 / 8 },
  { source: 'string(dyn(bytes(s))) == s', bind: n => ({ s: 'a'.repeat(n) }), each: 1 / 8 },
  { source: "l.all(i, timestamp(i).getHours('Europe/Berlin') >= 0)", bind: n => ({ l: numbers(n) }), each: 100, n: 1000 },
  { source: "l.all(i, !''.matches(p + string(i) + 'x{20}'))", bind: n => ({ l: numbers(n), p: `${n}_` }), each: 500, n: 100 },
  { source: "l.all(i, '%f'.format([1.5e300]) != '')", bind: n => ({ l: numbers(n) }), each: 50, n: 1000 },
  { source: "l.all(i, quantity('1e900').isGreaterThan(quantity('1')))", bind: n => ({ l: numbers(n) }), each: 40 },
  { source: "l.all(i, semver('1.2.3').isLessThan(semver('1.2.4')))", bind: n => ({ l: numbers(n) }), each: 40 },
  { source: "l.all(i, url('https://a.b/c').getHost() == 'a.b')", bind: n => ({ l: numbers(n) }), each: 40 },
  { source: "l.all(i, string(i).matches('[0-9]'))", bind: n => ({ l: numbers(n) }), each: 16 },
  { source: "l.all(i, string(i).find('[a-z]') == '')", bind: n => ({ l: numbers(n) }), each: 16 },
  { source: 'l.all(i, timestamp(i).getFullYear() == 1970)', bind: n => ({ l: numbers(n) }), each: 8 },
  { source: 'l.all(i, true && true && true)', bind: n => ({ l: numbers(n) }), each: 2 },
]

suite('evaluate() counts what it does in proportion to its input', () => {
  for (const { source, bind, each, n = 4000 } of rows) {
    test(source, () => {
      const [once, twice] = [spent(source, bind(n)), spent(source, bind(2 * n))]
      assert.ok(once.total >= n * each, `${once.total} units for ${n}`)
      assert.ok(twice.total >= 1.7 * once.total, `${once.total} units for ${n}, ${twice.total} for twice as much`)
      assert.ok(twice.total <= 2.5 * once.total, `${once.total} units for ${n}, ${twice.total} for twice as much`)
    })
  }
})

/** Objects that count their reads. */
function counted(n: number): { readonly reads: () => number; readonly items: CelValue[] } {
  let reads = 0
  const items = numbers(n).map(index =>
    Object.defineProperty({}, 'a', {
      enumerable: true,
      get() {
        reads++
        return index
      },
    }),
  ) as CelValue[]
  return { reads: () => reads, items }
}

const deep = ['k == l', 'k in [l]', 'sets.contains([k], [l])', 'sets.equivalent([k], [l])', '[k].indexOf(l) == 0']
suite('evaluate() ends within a loop', () => {
  for (const comparison of deep) {
    test(`an evaluation ends if it compares too much: ${comparison}`, () => {
      const { items, reads } = counted(20_000)
      const found = spent(`[${'1,'.repeat(1000)}1].all(i, ${comparison})`, { k: items, l: items })
      assert.match(
        found.message ?? '',
        /^operation cancelled: actual work limit exceeded: comparing, parsing and matching took more than 1000000 steps$/,
      )
      assert.ok(reads() <= maxWork, `${reads()} reads`)
    })
  }

  test('an evaluation ends if it compiles pattern after pattern', () => {
    const { message, work } = spent("l.all(i, !''.matches(string(i) + 'x{1000}'))", { l: numbers(10_000) })
    assert.match(message ?? '', /work limit exceeded/)
    // The last one is counted when it is compiled.
    assert.ok(work < 1.5 * maxWork, String(work))
  })

  test('an evaluation ends if it searches patterns from each place to the end', () => {
    assert.match(spent("s.findAll('a.*b|a').size() > 0", { s: 'a'.repeat(100_000) }).message ?? '', /work limit exceeded/)
  })
})

test('evaluate() copies each pair of a query at most once', () => {
  const own = Array.prototype[Symbol.iterator]
  let copied = 0
  Array.prototype[Symbol.iterator] = function* <T>(this: T[]) {
    for (let index = 0; index < this.length; index++) {
      copied++
      yield this[index] as T
    }
    return undefined
  }
  try {
    spent('url(s).getQuery().size() > 0', { s: `http://x/?${'a=1&'.repeat(2000)}` })
  } finally {
    Array.prototype[Symbol.iterator] = own
  }
  assert.ok(copied < 20_000, `${copied} elements copied`)
})

test('evaluate() reads a query as Go does', () => {
  const { value } = new Program(environment.compile('url(s).getQuery()')).evaluate({ s: 'http://x/?a=1&b=%41+c&a=2=3&&=4&x;y=1&c=%zz&d' })
  const { value: wanted } = new Program(environment.compile("{'a': ['1', '2=3'], 'b': ['A c'], '': ['4'], 'd': ['']}")).evaluate({})
  assert.deepEqual(value, wanted)
})

test("evaluate() computes a field's value once, however often a loop reads it", () => {
  const view = viewOf({ type: 'object', properties: { times: { type: 'array', items: { type: 'string', format: 'date-time' } } } }, false)
  const times = Array<string>(100).fill('2020-01-01T00:00:00Z')
  const work = (turns: number): number =>
    spent('l.all(i, self.times.size() == 100)', { l: numbers(turns), self: view?.({ times }) ?? null }).work
  assert.ok(work(100) < work(1) + 200, `${work(1)} units for one turn, ${work(100)} for a hundred`)
})

test('evaluate() allows everything that upstream allows if no work is hidden', () => {
  const source = 'l.all(a, l.all(b, a + b >= 0 && (a == b || a != b)))'
  const { message, work } = spent(source, { l: numbers(250) })
  assert.equal(message, undefined)
  assert.ok(work < maxWork / 2, String(work))
  assert.ok(perCallLimit <= maxWork)
})
