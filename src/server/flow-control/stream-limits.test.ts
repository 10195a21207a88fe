import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isReason } from '../../api/status.ts'
import { parseQuery } from '../request/query.ts'
import { StreamLimits, watchPlaces } from './stream-limits.ts'

const limits = { watchesPerUser: 2, sessionsPerUser: 1 }
const tooMany = (err: unknown) => isReason(err, 'TooManyRequests') && err.status.details?.retryAfterSeconds === 1

test('StreamLimits.open() counts the watches and sessions of each user until their end', () => {
  const streams = new StreamLimits(limits)
  const user = { name: 'a', groups: [] }
  const first = streams.open(user, 'watch')
  streams.open(user, 'watch')
  assert.throws(() => streams.open(user, 'watch'), tooMany)
  streams.open(user, 'session')
  assert.throws(() => streams.open(user, 'session'), tooMany)
  streams.open({ name: 'b', groups: [] }, 'watch')
  first()
  first()
  streams.open(user, 'watch')
  assert.throws(() => streams.open(user, 'watch'), tooMany)
})

test('StreamLimits.open() limits sessions of administrators, but not their watches or those of the control plane', () => {
  const streams = new StreamLimits(limits)
  const admin = { name: 'admin', groups: ['system:masters'] }
  for (const user of [admin, { name: 'system:kube-scheduler', groups: [] }])
    for (let opened = 0; opened < 10; opened++) streams.open(user, 'watch')
  streams.open(admin, 'session')
  assert.throws(() => streams.open(admin, 'session'), tooMany)
})

test('a watch with long selectors takes several places, and returns all of them', () => {
  const places = (query: string) => watchPlaces(parseQuery(query))
  assert.deepEqual([places(''), places('labelSelector=app%3Dweb'), places(`labelSelector=${'a'.repeat(128)}`)], [1, 1, 1])
  assert.equal(places(`labelSelector=${'a'.repeat(128)}&fieldSelector=${'b'.repeat(129)}`), 3)
  const streams = new StreamLimits({ watchesPerUser: 5, sessionsPerUser: 1 })
  const user = { name: 'a', groups: [] }
  const large = streams.open(user, 'watch', 3)
  assert.throws(() => streams.open(user, 'watch', 3), tooMany)
  streams.open(user, 'watch', 2)
  assert.throws(() => streams.open(user, 'watch'), tooMany)
  large()
  large()
  streams.open(user, 'watch', 3)
  assert.throws(() => streams.open(user, 'watch'), tooMany)
})

test('StreamLimits.open() counts all ServiceAccounts of a namespace as one', () => {
  const streams = new StreamLimits(limits)
  const account = (namespace: string, name: string) => ({ name: `system:serviceaccount:${namespace}:${name}`, groups: [] })
  const first = streams.open(account('a', 'r1'), 'watch')
  streams.open(account('a', 'r2'), 'watch')
  assert.throws(() => streams.open(account('a', 'r3'), 'watch'), tooMany)
  streams.open(account('a', 'r1'), 'session')
  assert.throws(() => streams.open(account('a', 'r2'), 'session'), tooMany)
  streams.open(account('b', 'r1'), 'watch')
  first()
  streams.open(account('a', 'r3'), 'watch')
})
