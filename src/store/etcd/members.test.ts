import assert from 'node:assert/strict'
import { test } from 'node:test'
import { etcdError } from './etcd-error.ts'
import { fragmented, isKnownVersion, type MemberStatus, requireUsable, spaceAdvice } from './members.ts'

const member = (status: object): MemberStatus => ({
  endpoint: 'https://a:2379',
  status: {
    ...{ header: { revision: 1 }, version: '3.5.16', dbSize: 0, dbSizeInUse: 0, leader: 7, errors: [], isLearner: false },
    ...status,
  },
  error: undefined,
})

for (const [version, known] of [
  ['3.5.16', true],
  ['3.6.0-rc.1', true],
  ['3.5.16+git', true],
  ['3.4.37', false],
  ['2.3.8', false],
  ['13.5.1', false],
  ['3.5', false],
] as const)
  test(`isKnownVersion() ${known ? 'accepts' : 'refuses'} ${version}`, () => {
    assert.equal(isKnownVersion(version), known)
  })

test('requireUsable() names the version, the missing quorum and the silence', () => {
  requireUsable([member({}), { endpoint: 'https://b', status: undefined, error: 'refused' }])
  assert.throws(() => requireUsable([member({ version: '3.4.1' })]), /has version 3\.4\.1, and this store works with 3\.5 and 3\.6/)
  assert.throws(() => requireUsable([member({ leader: 0 })]), /etcd has no leader: 1 of 1 members answer/)
  assert.throws(() => requireUsable([{ endpoint: 'https://b', status: undefined, error: 'refused' }]), /No etcd member answers: refused/)
})

test('spaceAdvice() and fragmented() say what to do about the space of a member', () => {
  assert.equal(spaceAdvice([member({})]), undefined)
  assert.match(spaceAdvice([member({ errors: ['memberID:1 alarm:NOSPACE '] })]) ?? '', /alarm NOSPACE.*etcdctl defrag --cluster/)
  assert.match(spaceAdvice([member({ errors: ['memberID:1 alarm:CORRUPT '] })]) ?? '', /Replace the damaged member/)
  const mebibyte = 2 ** 20
  assert.equal(fragmented([member({ dbSize: 400 * mebibyte, dbSizeInUse: 200 * mebibyte })]), undefined)
  assert.match(
    fragmented([member({ dbSize: 900 * mebibyte, dbSizeInUse: 200 * mebibyte })]) ?? '',
    /https:\/\/a:2379\. Run "etcdctl defrag"/,
  )
})

for (const [details, code, fault] of [
  ['etcdserver: mvcc: required revision has been compacted', 11, 'compacted'],
  ['etcdserver: mvcc: database space exceeded', 8, 'no-space'],
  ['etcdserver: too many requests', 8, 'busy'],
  ['etcdserver: request is too large', 3, 'too-large'],
  ['etcdserver: request timed out', 14, 'unavailable'],
  ['Deadline exceeded', 4, 'unavailable'],
  ['etcdserver: permission denied', 7, 'denied'],
  ['something new', 2, 'other'],
] as const)
  test(`etcdError() of "${details}" is ${fault}`, () => {
    const err = etcdError(Object.assign(new Error(details), { code, details }), 'https://a:2379')
    assert.equal(err.fault, fault)
    assert.match(err.message, /^etcd at https:\/\/a:2379: /)
  })
