import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findings } from './c4-container-privilege.ts'

const restricted = `Name:	sh
Uid:	65532	65532	65532	65532
CapInh:	0000000000000000
CapPrm:	0000000000000000
CapEff:	0000000000000000
CapBnd:	0000000000000000
NoNewPrivs:	1
Seccomp:	2
Seccomp_filters:	1
touch: /bulkhead-prove: Read-only file system
`

test('findings() is empty for a restricted process', () => assert.deepEqual(findings(restricted), []))

const cases = [
  { name: 'no seccomp filter', from: 'Seccomp:	2', to: 'Seccomp:	0', found: 'Seccomp is 0, expected 2' },
  { name: 'new privileges', from: 'NoNewPrivs:	1', to: 'NoNewPrivs:	0', found: 'NoNewPrivs is 0, expected 1' },
  {
    name: 'a capability',
    from: 'CapEff:	0000000000000000',
    to: 'CapEff:	00000000a80425fb',
    found: 'CapEff is 00000000a80425fb, expected 0000000000000000',
  },
  {
    name: 'a bounding set',
    from: 'CapBnd:	0000000000000000',
    to: 'CapBnd:	0000000000000400',
    found: 'CapBnd is 0000000000000400, expected 0000000000000000',
  },
  { name: 'root', from: 'Uid:	65532', to: 'Uid:	0', found: 'the user id is 0, expected any other than 0' },
  { name: 'a writable root', from: 'Read-only file system', to: '', found: 'the root file system was writable' },
]
for (const { name, from, to, found } of cases) {
  test(`findings() names ${name}`, () => assert.deepEqual(findings(restricted.replace(from, to)), [found]))
}

test('findings() treats an empty log as a failure', () => assert.equal(findings('').length, 8))
