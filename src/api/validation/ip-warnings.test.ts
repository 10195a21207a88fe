import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { warnOfCidr, warnOfIp } from './ip-warnings.ts'

const future = 'will be considered invalid in a future Kubernetes release: use'

describe('warnOfIp()', () => {
  const rows: readonly { name: string; text: string; warnings: readonly string[] }[] = [
    { name: 'a plain IPv4 address', text: '10.1.2.3', warnings: [] },
    { name: 'a canonical IPv6 address', text: '2001:db8::1', warnings: [] },
    { name: 'leading zeros', text: '010.1.2.3', warnings: [`p: non-standard IP address "010.1.2.3" ${future} "10.1.2.3"`] },
    { name: 'IPv4 as IPv6', text: '::ffff:1.2.3.4', warnings: [`p: non-standard IP address "::ffff:1.2.3.4" ${future} "1.2.3.4"`] },
    {
      name: 'capitals and zeros that canonical form leaves out',
      text: 'FE80:0:0:0:0:0:0:0abc',
      warnings: ['p: IPv6 address "FE80:0:0:0:0:0:0:0abc" should be in RFC 5952 canonical format ("fe80::abc")'],
    },
    { name: 'one zero group, which is not shortened', text: '1:0:2:3:4:5:6:7', warnings: [] },
  ]
  for (const { name, text, warnings } of rows) {
    test(name, () => {
      const found: string[] = []
      warnOfIp(text, 'p', found)
      assert.deepEqual(found, warnings)
    })
  }
})

describe('warnOfCidr()', () => {
  const rows: readonly { name: string; text: string; warnings: readonly string[] }[] = [
    { name: 'a network', text: '192.168.0.0/16', warnings: [] },
    { name: 'a canonical IPv6 network', text: 'fd00::/8', warnings: [] },
    {
      name: 'bits beyond the prefix',
      text: '192.168.1.5/24',
      warnings: ['p: CIDR value "192.168.1.5/24" is ambiguous in this context (should be "192.168.1.0/24" or "192.168.1.5/32"?)'],
    },
    {
      name: 'leading zeros in the length',
      text: '10.0.0.0/08',
      warnings: [`p: non-standard CIDR value "10.0.0.0/08" ${future} "10.0.0.0/8"`],
    },
    {
      name: 'an IPv6 network that is not canonical',
      text: 'FD00:0::/64',
      warnings: ['p: IPv6 CIDR value "FD00:0::/64" should be in RFC 5952 canonical format ("fd00::/64")'],
    },
  ]
  for (const { name, text, warnings } of rows) {
    test(name, () => {
      const found: string[] = []
      warnOfCidr(text, 'p', found)
      assert.deepEqual(found, warnings)
    })
  }
})
