import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressProblem, networkProblem } from './address-problems.ts'

const addresses: readonly [text: string, problem: string | undefined][] = [
  ['10.0.0.1', undefined],
  ['::', undefined],
  ['::1', undefined],
  ['1::', undefined],
  ['1:2:3:4:5:6:7:8', undefined],
  ['1:2:3:4:5:6:1.2.3.4', undefined],
  ['fe80::1%eth0', undefined],
  ['::ffff:1.2.3.4', undefined],
  ['', 'unable to parse IP'],
  ['10', 'unable to parse IP'],
  ['%eth0', 'missing IPv6 address'],
  ['1.2.3', 'IPv4 address too short'],
  ['1.2.3.4.5', 'IPv4 address too long'],
  ['1.2.3.256', 'IPv4 field has value >255'],
  ['1.2.3.04', 'IPv4 field has octet with leading zero'],
  ['1..2.3', 'IPv4 field must have at least one digit (at ".2.3")'],
  ['1.2.3.', 'IPv4 field must have at least one digit (at ".")'],
  ['1.2.3.x', 'unexpected character (at "x")'],
  ['1.2.3.4%eth0', 'unexpected character (at "%eth0")'],
  ['::1%', 'zone must be a non-empty string'],
  ['12345::', 'each group must have 4 or less digits (at "12345::")'],
  [':1', 'each colon-separated field must have at least one digit (at ":1")'],
  ['1:1.2.3.4', 'embedded IPv4 address must replace the final 2 fields of the address (at "1.2.3.4")'],
  ['::2:3:4:5:6:7:8:1.2.3.4', 'too many hex fields to fit an embedded IPv4 at the end of the address (at "1.2.3.4")'],
  ['::1.2.3', 'IPv4 address too short'],
  ['1:2g::', 'unexpected character, want colon (at "g::")'],
  ['1:2:', 'colon must be followed by more characters (at ":")'],
  ['1::2::3', 'multiple :: in address (at ":3")'],
  ['1:2:3:4:5:6:7:8:9', 'trailing garbage after address (at "9")'],
  ['1:2:3', 'address string too short'],
  ['1:2:3:4::5:6:7:8', 'the :: must expand to at least one field of zeros'],
]
for (const [text, problem] of addresses) {
  const expected = problem === undefined ? undefined : `ParseAddr(${JSON.stringify(text)}): ${problem}`
  test(`addressProblem() of ${JSON.stringify(text)}`, () => assert.equal(addressProblem(text), expected))
}

const networks: readonly [text: string, problem: string | undefined][] = [
  ['10.0.0.0/8', undefined],
  ['::/0', undefined],
  ['::ffff:1.2.3.4/112', undefined],
  ['10.0.0.1', "no '/'"],
  ['x/8', 'ParseAddr("x"): unable to parse IP'],
  ['fe80::1%e/64', 'IPv6 zones cannot be present in a prefix'],
  ['10.0.0.0/08', 'bad bits after slash: "08"'],
  ['10.0.0.0/', 'bad bits after slash: ""'],
  ['10.0.0.0/-1', 'bad bits after slash: "-1"'],
  ['10.0.0.0/99999999999999999999', 'bad bits after slash: "99999999999999999999"'],
  ['10.0.0.0/33', 'prefix length out of range'],
  ['::/129', 'prefix length out of range'],
]
for (const [text, problem] of networks) {
  const expected = problem === undefined ? undefined : `netip.ParsePrefix(${JSON.stringify(text)}): ${problem}`
  test(`networkProblem() of ${JSON.stringify(text)}`, () => assert.equal(networkProblem(text), expected))
}
