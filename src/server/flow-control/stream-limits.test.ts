import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isReason } from '../../api/status.ts'
import { StreamLimits } from './stream-limits.ts'

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

test('StreamLimits.open() bounds the sessions of an administrator, and no watches of his or of the control plane', () => {
  const streams = new StreamLimits(limits)
  const admin = { name: 'admin', groups: ['system:masters'] }
  for (const user of [admin, { name: 'system:kube-scheduler', groups: [] }])
    for (let opened = 0; opened < 10; opened++) streams.open(user, 'watch')
  streams.open(admin, 'session')
  assert.throws(() => streams.open(admin, 'session'), tooMany)
})
