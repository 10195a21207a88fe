import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  configMapKey,
  dns1035Label,
  dns1123Label,
  dns1123Subdomain,
  dns1123SubdomainWithUnderscore,
  environmentVariableName,
  httpHeaderName,
  labelValue,
  nameIsDnsLabel,
  nameIsDnsSubdomain,
  nameIsPathSegment,
  percent,
  portName,
  portNumber,
  qualifiedName,
  unixId,
  wildcardDns1123Subdomain,
} from './names.ts'

const long = (length: number): string => 'a'.repeat(length)

const rules: readonly { rule: (value: string) => string[]; good: readonly string[]; bad: readonly string[] }[] = [
  { rule: dns1123Label, good: ['a', '1', 'a-b', long(63)], bad: ['', 'A', '-a', 'a-', 'a.b', 'a_b', long(64), 'ä', 'a\n'] },
  {
    rule: dns1123Subdomain,
    good: ['a', 'a.b', 'a-1.b-2', long(253)],
    bad: ['', '.', 'a.', '.a', 'a..b', 'a-.b', 'a.-b', 'A.b', long(254)],
  },
  { rule: dns1123SubdomainWithUnderscore, good: ['_a._tcp.b', 'a_b'], bad: ['_', 'a_', 'a.', 'A'] },
  { rule: dns1035Label, good: ['a', 'a1', 'a-1'], bad: ['', '1a', '-a', 'a-', 'A', 'a.b', long(64)] },
  { rule: wildcardDns1123Subdomain, good: ['*.a.b'], bad: ['*', '*.', 'a.b', '*.*.a', '*a.b'] },
  { rule: qualifiedName, good: ['a', 'A_b.c', 'example.com/a', long(63)], bad: ['', '/a', 'a/', 'a/b/c', 'A.com/a', '-a', 'a-', long(64)] },
  { rule: labelValue, good: ['', 'a', 'A_b.c-1'], bad: ['-a', 'a-', 'a b', long(64)] },
  { rule: configMapKey, good: ['a', '.a', '..a'.slice(1), 'A-b_c.d'], bad: ['', '.', '..', '..a', 'a/b', 'a b', long(254)] },
  { rule: environmentVariableName, good: ['a', '1', 'a b', 'a-b.c'], bad: ['', 'a=b', 'ä', 'a\t'] },
  { rule: httpHeaderName, good: ['X-A1'], bad: ['', 'X_A', 'X A'] },
  { rule: percent, good: ['0%', '100%'], bad: ['', '%', '1', '1.5%', '-1%'] },
  { rule: portName, good: ['a', 'http-2', 'a1'], bad: ['', '1', 'A', 'a--b', '-a', 'a-', long(16)] },
]

describe('rules for names', () => {
  for (const { rule, good, bad } of rules) {
    test(`${rule.name}() accepts valid values`, () => {
      for (const value of good) assert.deepEqual(rule(value), [], JSON.stringify(value))
    })
    test(`${rule.name}() rejects invalid values`, () => {
      for (const value of bad) assert.notDeepEqual(rule(value), [], JSON.stringify(value))
    })
  }

  test('return every reason', () => {
    assert.deepEqual(dns1123Label('a.b'), ['must not contain dots'])
    assert.equal(dns1123Label(`A${long(63)}`).length, 2)
    // 80 bytes.
    assert.equal(dns1123Label('ä'.repeat(40)).length, 2)
    assert.equal(labelValue('ä'.repeat(40)).length, 2)
    assert.deepEqual(portName('1--'), [
      'must contain at least one letter (a-z)',
      'must not contain consecutive hyphens',
      'must not begin or end with a hyphen',
    ])
    assert.deepEqual(qualifiedName('/'), [
      'prefix part must be non-empty',
      'name part must be non-empty',
      "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " +
        "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    ])
  })

  test('validate prefixes for a later suffix', () => {
    assert.deepEqual(nameIsDnsSubdomain('web-', true), [])
    assert.notDeepEqual(nameIsDnsSubdomain('web-', false), [])
    assert.notDeepEqual(nameIsDnsLabel('web.', true), [])
  })

  test('nameIsPathSegment() keeps names within one segment', () => {
    assert.deepEqual(nameIsPathSegment('system:node', false), [])
    assert.deepEqual(nameIsPathSegment('..', false), ["may not be '..'"])
    assert.deepEqual(nameIsPathSegment('a/b%', false), ["may not contain '/'", "may not contain '%'"])
  })

  test('limit numbers', () => {
    assert.deepEqual([portNumber(1), portNumber(65535)], [[], []])
    assert.deepEqual(portNumber(0), ['must be between 1 and 65535, inclusive'])
    assert.deepEqual(unixId(-1), ['must be between 0 and 2147483647, inclusive'])
    assert.deepEqual(unixId(0), [])
  })

  test('take long hostile input in linear time', () => {
    const text = `${'a-'.repeat(200_000)}!`
    const before = process.cpuUsage().user
    for (const { rule } of rules) rule(text)
    assert.ok(process.cpuUsage().user - before < 2_000_000)
  })
})
