import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type FieldError, formatFieldError } from '../field-error.ts'
import { cidrWarnings, ipWarnings, validateCanonicalCidr, validateCanonicalIp } from './ip-format.ts'

const validated = (validate: (text: string, field: string, errors: FieldError[]) => void, text: string): string[] => {
  const errors: FieldError[] = []
  validate(text, 'f', errors)
  return errors.map(formatFieldError)
}

const addresses: { text: string; refusal?: string; warning?: string }[] = [
  { text: '10.0.0.1' },
  { text: '2001:db8::1' },
  { text: 'x', refusal: 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)' },
  {
    text: '10.0.0.01',
    refusal: 'must not have leading 0s',
    warning: 'f: non-standard IP address "10.0.0.01" will be considered invalid in a future Kubernetes release: use "10.0.0.1"',
  },
  {
    text: '00001::',
    refusal: 'must not have leading 0s',
    warning: 'f: non-standard IP address "00001::" will be considered invalid in a future Kubernetes release: use "1::"',
  },
  {
    text: '::ffff:1.2.3.4',
    refusal: 'must not be an IPv4-mapped IPv6 address',
    warning: 'f: non-standard IP address "::ffff:1.2.3.4" will be considered invalid in a future Kubernetes release: use "1.2.3.4"',
  },
  {
    text: '2001:DB8::1',
    refusal: 'must be in canonical form ("2001:db8::1")',
    warning: 'f: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")',
  },
]
for (const { text, refusal, warning } of addresses) {
  test(`validateCanonicalIp() and ipWarnings() validate ${text}`, () => {
    assert.deepEqual(validated(validateCanonicalIp, text), refusal === undefined ? [] : [`f: Invalid value: "${text}": ${refusal}`])
    assert.deepEqual(ipWarnings(text, 'f'), warning === undefined ? [] : [warning])
  })
}

const ranges: { text: string; refusal?: string; warnings?: string[] }[] = [
  { text: '10.0.0.0/8' },
  { text: '2001:db8::/64' },
  { text: 'x/8', refusal: 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)' },
  {
    text: '192.12.2.8/24',
    refusal: 'must not have bits set beyond the prefix length',
    warnings: ['f: CIDR value "192.12.2.8/24" is ambiguous in this context (should be "192.12.2.0/24" or "192.12.2.8/32"?)'],
  },
  {
    text: '10.0.0.0/08',
    refusal: 'must not have leading 0s in IP or prefix length',
    warnings: ['f: non-standard CIDR value "10.0.0.0/08" will be considered invalid in a future Kubernetes release: use "10.0.0.0/8"'],
  },
  {
    text: '::ffff:1.2.3.0/120',
    refusal: 'must not have an IPv4-mapped IPv6 address',
    warnings: [
      'f: non-standard CIDR value "::ffff:1.2.3.0/120" will be considered invalid in a future Kubernetes release: use "1.2.3.0/24"',
    ],
  },
  {
    text: '2001:DB8::/64',
    refusal: 'must be in canonical form ("2001:db8::/64")',
    warnings: ['f: IPv6 CIDR value "2001:DB8::/64" should be in RFC 5952 canonical format ("2001:db8::/64")'],
  },
]
for (const { text, refusal, warnings = [] } of ranges) {
  test(`validateCanonicalCidr() and cidrWarnings() validate ${text}`, () => {
    assert.deepEqual(validated(validateCanonicalCidr, text), refusal === undefined ? [] : [`f: Invalid value: "${text}": ${refusal}`])
    assert.deepEqual(cidrWarnings(text, 'f'), warnings)
  })
}
