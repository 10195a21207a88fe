// Kubernetes' libraries against their documentation: each row is true in the environment of stored expressions.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Program } from '../environment.ts'
import { newExpressions, storedExpressions } from '../kubernetes/base.ts'
import { perCallLimit } from '../kubernetes/limits.ts'
import * as t from '../values/type.ts'
import { Authorizer, type CheckAttributes } from './authorizer.ts'
import { authorizerType } from './opaque-types.ts'

const environment = storedExpressions().extend([{ name: 'authorizer', type: authorizerType }])
const asked: CheckAttributes[] = []
const authorizer = new Authorizer(attributes => {
  asked.push(attributes)
  if (attributes.verb === 'broken') return { allowed: false, reason: '', error: 'cannot decide' }
  return { allowed: attributes.verb === 'get', reason: `asked for ${attributes.resource ?? attributes.path}` }
})
const evaluate = (source: string) => new Program(environment.compile(source)).evaluate({ authorizer }, perCallLimit)

const rows: Readonly<Record<string, readonly string[]>> = {
  lists: [
    '[1, 2, 2].isSorted() && ![2, 1].isSorted() && [].isSorted()',
    '[1, 3].sum() == 4 && [1.5, 2.5].sum() == 4.0 && [1u].sum() == 1u && [duration("1h"), duration("1m")].sum() == duration("61m")',
    "['b', 'a'].min() == 'a' && [1, 3, 2].max() == 3",
    '[1, 2, 2, 3].indexOf(2) == 1 && [1, 2, 2].lastIndexOf(2) == 2 && [1].indexOf(4) == -1',
  ],
  regex: [
    "'abc 123'.find('[0-9]+') == '123' && 'abc'.find('[0-9]+') == ''",
    "'ab'.findAll('.*') == ['ab'] && 'baac'.findAll('a*') == ['', 'aa', ''] && 'abc'.findAll('c*') == ['', '', 'c']",
    "'1 2 3'.findAll('[0-9]') == ['1', '2', '3'] && '1 2 3'.findAll('[0-9]', 1) == ['1'] && '1'.findAll('[0-9]', 0) == []",
  ],
  strings: [
    "'tacocat'.charAt(3) == 'o' && 'tacocat'.charAt(7) == ''",
    "'tacocat'.indexOf('ac') == 1 && 'tacocat'.indexOf('a', 2) == 5 && 'héllo'.indexOf('l') == 2 && 'a'.indexOf('') == 0",
    "'tacocat'.lastIndexOf('a') == 5 && 'tacocat'.lastIndexOf('a', 4) == 1",
    "'TacoCÆt'.lowerAscii() == 'tacocÆt' && 'tacocæt'.upperAscii() == 'TACOCæT'",
    "'he he'.replace('he', 'wu') == 'wu wu' && 'he he'.replace('he', 'wu', 1) == 'wu he' && 'ab'.replace('', '_') == '_a_b_'",
    "'a b c'.split(' ') == ['a', 'b', 'c'] && 'a b c'.split(' ', 2) == ['a', 'b c'] && 'a'.split('', 0) == []",
    "'tacocat'.substring(4) == 'cat' && 'tacocat'.substring(0, 4) == 'taco'",
    "' \\t x\\n'.trim() == 'x' && ['a', 'b'].join('-') == 'a-b' && ['a', 'b'].join() == 'ab'",
    'strings.quote(\'a"b\\n\') == \'"a\\\\"b\\\\n"\'',
    "'%s %d %.2f %b %x %X %o'.format(['a', 1, 1.005, 5, 255, 255, 8]) == 'a 1 1.00 101 ff FF 10'",
    "'%s'.format([[1, 'a', {'k': 1.0}]]) == '[1, \"a\", {\"k\":1.000000}]'",
  ],
  times: [
    "timestamp('2020-01-02T1:00:00Z') == timestamp('2020-01-01T01:00:00-24:00') && duration('-1.5s').getMilliseconds() == -1500",
    "string(timestamp('2020-01-01T00:00:00-03:30') - duration('1s')) == '2019-12-31T23:59:59-03:30'",
    "string(timestamp('2020-01-01T00:00:00-00:00')) == '2020-01-01T00:00:00Z' && '%s'.format([timestamp('2020-01-01T00:00:00+02:00')]) == '2020-01-01T00:00:00+02:00'",
    "timestamp('2020-01-01T00:00:00Z').getHours('+1:30') == 1 && timestamp('2020-01-01T00:00:00Z').getMinutes('-00:30') == 30",
  ],
  sets: ['sets.contains([1, 2], [1]) && !sets.contains([1], [2]) && sets.equivalent([1, 2], [2, 1, 1]) && sets.intersects([1, 2], [2, 3])'],
  quantities: [
    "quantity('50k').add(20).sub(quantity('100k')).sub(-50000) == quantity('20')",
    "quantity('200M').compareTo(quantity('0.2G')) == 0 && quantity('50Mi').isGreaterThan(quantity('50M')) && quantity('1').isLessThan(quantity('2'))",
    "quantity('1Ki').isInteger() && quantity('1k').add(1).isInteger() && !quantity('1.0').isInteger() && !quantity('1.5Ki').isInteger()",
    "!quantity('10E').isInteger() && !quantity('1.5').sub(quantity('0.5')).isInteger() && quantity('0').sub(quantity('5')).asInteger() == -5",
    "isQuantity('1.3Gi') && !isQuantity('200K') && !isQuantity('1,3G')",
    "quantity('50k').asInteger() == 50000 && quantity('50k').isInteger() && !quantity('1m').isInteger() && sign(quantity('-1')) == -1",
    "quantity('1.5').asApproximateFloat() == 1.5 && type(quantity('1')) == type(quantity('2'))",
  ],
  addresses: [
    "ip('127.0.0.1').family() == 4 && ip('::1').family() == 6 && ip('::1').isLoopback() && ip('0.0.0.0').isUnspecified()",
    "isIP('10.0.0.1') && !isIP('10.0.0.256') && !isIP('010.0.0.1') && !isIP('::ffff:1.2.3.4') && !isIP('fe80::1%eth0')",
    "ip.isCanonical('2001:db8::abcd') && !ip.isCanonical('2001:DB8::ABCD') && !ip.isCanonical('2001:db8::0:0:0:abcd')",
    "ip('169.254.1.1').isLinkLocalUnicast() && ip('224.0.0.1').isLinkLocalMulticast() && ip('ff02::1').isLinkLocalMulticast()",
    "ip('192.168.0.1').isGlobalUnicast() && !ip('255.255.255.255').isGlobalUnicast() && !ip('ff00::1').isGlobalUnicast()",
    "cidr('192.168.0.0/24').containsIP('192.168.0.1') && !cidr('192.168.0.0/24').containsIP(ip('192.168.1.1'))",
    "cidr('192.168.0.0/16').containsCIDR('192.168.10.0/24') && !cidr('192.168.1.0/24').containsCIDR(cidr('192.168.2.0/24'))",
    "cidr('192.168.0.1/24').masked() == cidr('192.168.0.0/24') && cidr('::1/128').prefixLength() == 128 && cidr('10.0.0.1/8').ip() == ip('10.0.0.1')",
    "isCIDR('::1/128') && !isCIDR('::1/129') && !isCIDR('10.0.0.0/33') && !isCIDR('10.0.0.0')",
    "string(ip('2001:0DB8::0001')) == '2001:db8::1' && string(cidr('10.0.0.0/8')) == '10.0.0.0/8' && string(ip('1:0:0:2:0:0:0:3')) == '1:0:0:2::3'",
  ],
  urls: [
    "url('https://example.com:80/').getHost() == 'example.com:80' && url('https://[::1]:80/').getHostname() == '::1' && url('https://[::1]/').getHost() == '[::1]'",
    "url('/path').getScheme() == '' && url('/path').getHost() == '' && url('https://a/').getPort() == '' && url('https://a:8/').getPort() == '8'",
    "url('https://example.com/path with spaces/').getEscapedPath() == '/path%20with%20spaces/' && url('https://example.com').getEscapedPath() == ''",
    "url('https://a/path?k1=a&k2=b&k2=c').getQuery() == {'k1': ['a'], 'k2': ['b', 'c']} && url('https://a/?x+y=%20').getQuery() == {'x y': [' ']}",
    "isURL('https://user:pass@example.com:80/path?query=val#fragment') && isURL('/absolute') && !isURL('https://a:b:c/') && !isURL('../relative')",
  ],
  formats: [
    "!format.dns1123Label().validate('my-label').hasValue() && format.dns1123Label().validate('My').value().size() == 1",
    "format.named('uuid').value().validate('123e4567-e89b-12d3-a456-426614174000') == optional.none() && !format.named('none').hasValue()",
    "!format.date().validate('2021-01-01').hasValue() && format.date().validate('2021-13-01') == optional.of(['invalid date'])",
    "!format.datetime().validate('2021-01-01T00:00:00Z').hasValue() && !format.byte().validate('aGVsbG8=').hasValue() && format.uri().validate('x').hasValue()",
  ],
  semver: [
    "semver('1.2.3').isLessThan(semver('1.10.0')) && semver('1.0.0-alpha.2').isLessThan(semver('1.0.0-alpha.10')) && semver('1.0.0-rc.1').isLessThan(semver('1.0.0'))",
    "semver('v01.1', true) == semver('1.1.0') && !isSemver('v1.0') && isSemver('v1.0', true) && !isSemver('1.0.0-01')",
    "semver('1.2.3').major() == 1 && semver('1.2.3').minor() == 2 && semver('1.2.3').patch() == 3 && semver('1.2.3').compareTo(semver('1.2.3')) == 0",
  ],
  'two variables': [
    "{'a': 1, 'b': 2}.all(k, v, k != '' && v > 0) && [1, 2].exists(i, v, i == 1 && v == 2) && [1, 2].existsOne(i, v, v == 2)",
    "{'a': 1}.transformMap(k, v, v + 1) == {'a': 2} && [1, 2].transformList(i, v, i == 0, v * 2) == [2]",
    "{'a': 'b'}.transformMapEntry(k, v, {v: k}) == {'b': 'a'}",
  ],
  authorizer: [
    "authorizer.group('apps').resource('deployments').subresource('scale').namespace('n').name('x').check('get').allowed()",
    "authorizer.path('/healthz').check('get').reason() == 'asked for /healthz' && !authorizer.path('/x').check('post').allowed()",
    "authorizer.serviceAccount('ns', 'sa').group('').resource('pods').fieldSelector('spec.nodeName=a').check('broken').error() == 'cannot decide'",
  ],
}

for (const [name, sources] of Object.entries(rows)) {
  suite(name, () => {
    for (const source of sources) test(source, () => assert.equal(evaluate(source).value, true))
  })
}

const failing: readonly [source: string, message: RegExp][] = [
  ["quantity('200K')", /^quantities must match the regular expression|unable to parse quantity's suffix/],
  ["quantity('1m').asInteger()", /^cannot convert value to integer$/],
  ["ip('::ffff:1.2.3.4')", /^IPv4-mapped IPv6 address "::ffff:1.2.3.4" is not allowed$/],
  ["cidr('192.168.0.0/33')", /^network address parse error during conversion from string/],
  ["url('../x')", /^URL parse error during conversion from string: parse "\.\.\/x": invalid URI for request$/],
  ["semver('')", /^Version string empty$/],
  ["semver('1.0')", /^No Major\.Minor\.Patch elements found$/],
  ["semver('v1.0.0')", /^Invalid character\(s\) found in major number "v1"$/],
  ["semver('1.02.0')", /^Minor number must not contain leading zeroes "02"$/],
  ["semver('1.0.')", /^strconv\.ParseUint: parsing "": invalid syntax$/],
  ["semver('1.0.18446744073709551616')", /^strconv\.ParseUint: parsing "18446744073709551616": value out of range$/],
  ["semver('1.0.0-')", /^Prerelease is empty$/],
  ["semver('1.0.0-a.01')", /^Numeric PreRelease version must not contain leading zeroes "01"$/],
  ["semver('1.0.0-a_b')", /^Invalid character\(s\) found in prerelease "a_b"$/],
  ["semver('1.0.0+')", /^Build meta data is empty$/],
  ["semver('1.0.0-a+b_c')", /^Invalid character\(s\) found in build meta data "b_c"$/],
  ["semver('1-rc', true)", /^short version cannot contain PreRelease\/Build meta data$/],
  ["quantity('1000m').asInteger()", /^cannot convert value to integer$/],
  ["ip('10.0.0')", /^IP Address "10\.0\.0" parse error during conversion from string: ParseAddr\("10\.0\.0"\): IPv4 address too short$/],
  ["ip('::1%eth0')", /^IP address "::1%eth0" with zone value is not allowed$/],
  [
    "cidr('::ffff:1.2.3.4/128')",
    /^network address parse error during conversion from string: IPv4-mapped IPv6 address "::ffff:1\.2\.3\.4\/128" is not allowed$/,
  ],
  ["cidr('::/0').containsIP('x')", /^no such overload$/],
  ["dyn(quantity('1')) == 1", /^no such overload$/],
  ['dyn(true) + 1', /^no such overload: _\+_$/],
  ["dyn('a') + 1", /^no such overload$/],
  ["'a'.contains(dyn(1))", /^no such overload$/],
  ["'a,b'.split(dyn(1))", /^no such overload: split\(string, int\)$/],
  ["'a'.find(dyn(1))", /^no such overload: find\(string, int\)$/],
  ["dyn(1).find('a')", /^no such overload$/],
  ['[dyn(1)].join()', /^no such overload: join\(list\)$/],
  ['[dyn(null)].isSorted()', /^no such overload: isSorted\(list\)$/],
  ['[dyn(1), dyn(null)].isSorted()', /^no such overload$/],
  ['dyn(1).all(x, true)', /^got 'types\.Int', expected iterable type$/],
  ["dyn('a').all(i, x, true)", /^unsupported comprehension range type: types\.String$/],
  ['[1][dyn(1.5)]', /^unsupported index value 1\.5 in list$/],
  ['dyn(1)[0]', /^no such key: 0$/],
  ['dyn(1)[optional.none()]', /^invalid qualifier type: \*types\.Optional$/],
  ["timestamp('2024-01-01T00:00:00Z').getHours('utc')", /^unknown time zone utc$/],
  ["timestamp('2024-01-01T00:00:00Z').getHours('x:00')", /^strconv\.Atoi: parsing "x": invalid syntax$/],
  ["authorizer.path(' ')", /^path must not be empty$/],
  ["authorizer.serviceAccount('a.b', 'x')", /^Invalid service account namespace$/],
  ["'abc'.substring(2, 1)", /^invalid substring range. start: 2, end: 1$/],
  ['[].min() == 1', /^min called on empty list$/],
]
for (const [source, message] of failing)
  test(`${source} fails`, () => assert.throws(() => evaluate(source), { name: 'CelEvaluationError', message }))

test('the authorizer gets the attributes of the expression', () => {
  asked.length = 0
  evaluate(
    "authorizer.serviceAccount('ns', 'sa').group('apps').resource('deployments').namespace('n').labelSelector('a=b').check('list').allowed()",
  )
  assert.deepEqual(asked, [
    {
      verb: 'list',
      group: 'apps',
      resource: 'deployments',
      namespace: 'n',
      labelSelector: 'a=b',
      serviceAccount: { namespace: 'ns', name: 'sa' },
    },
  ])
})

/** Constants are computed before anything runs. */
const unplanned: readonly [source: string, message: RegExp][] = [
  ['double(dyn([]))', /^no such overload: double\(list\)$/],
  ['dyn(1)[dyn(null)]', /^invalid qualifier type: types\.Null$/],
  ["'a'.find('(')", /^error parsing regexp: missing closing \): `\(`$/],
  ['int(dyn(1e308))', /^integer overflow$/],
  ['uint(dyn(-1.0))', /^unsigned integer overflow$/],
]
for (const [source, message] of unplanned)
  test(`${source} is no program`, () => assert.throws(() => evaluate(source), { name: 'CelProgramError', message }))

const uncompiled: readonly [source: string, message: RegExp][] = [
  ['1 ==\n', /:2:1: Syntax error: .*\n \| \n \| \^$/],
  ["matches('(', 'a')", /:1:9: invalid matches argument/],
  ["'a'.matches('(')", /:1:13: invalid matches argument/],
  ['timestamp(253402300800)', /:1:11: invalid timestamp argument/],
  ['duration(5)', /:1:10: invalid duration argument/],
  ["'%.f'.format([1.5])", /:1:13: could not parse formatting clause: error while parsing precision: .* parsing "": invalid syntax/],
  ["quantity('1').x", /:1:14: unexpected failed resolution of 'kubernetes.Quantity'/],
  ["type(quantity('1')) == kubernetes.Quantity", /:1:24: undeclared reference to 'kubernetes'/],
  ["{'a': 1, 'b': 'x', 'c': 'y'}", /:1:15: expected type 'int' but found 'string'[\s\S]*:1:25: expected type 'int' but found 'string'/],
]
for (const [source, message] of uncompiled)
  test(`${source} does not compile`, () => assert.throws(() => environment.compile(source), { name: 'CelCompileError', message }))

const costs: readonly [source: string, cost: number][] = [
  ['uint(dyn(1))', 0],
  ["[''].size() in []", 0],
  ["cidr('::/0') == cidr('::/0')", 3],
  ["ip('::1') != ip('::2')", 4],
  ["authorizer.path('/x').check('get').allowed()", 350_003],
  ["'abcdefghijklmnop'.upperAscii()", 2],
  ["'a b c d e f g h'.split(' ')", 3],
  ["quantity('1234567890123').isGreaterThan(quantity('1'))", 4],
  ["cidr('10.0.0.0/8').containsIP('10.1.2.3')", 3],
  ["format.dns1123Label().validate('abcdefghijk')", 17],
  ['[1, 2, 3].indexOf(3)', 3],
  ['sets.contains([1, 2], [1])', 3],
]
for (const [source, cost] of costs) test(`${source} costs ${cost}`, () => assert.equal(evaluate(source).cost, cost))

test('one expression can do at most two authorizer checks', () => {
  const check = "authorizer.path('/x').check('get').allowed()"
  evaluate(`${check} && ${check}`)
  assert.throws(() => evaluate(`${check} && ${check} && ${check}`), { costExceeded: true })
})

test('new expressions may not use features that the previous release lacks', () => {
  storedExpressions().compile("isSemver('1.0.0')")
  assert.throws(() => newExpressions().compile("isSemver('1.0.0')"), { name: 'CelCompileError' })
  newExpressions()
    .extend([{ name: 'x', type: t.dyn }])
    .compile("x.all(k, v, isIP(k)) && format.uuid().validate('a').hasValue()")
})
