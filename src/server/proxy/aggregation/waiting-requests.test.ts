import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isReason } from '../../../api/status.ts'
import { maxWaiting, WaitingRequests } from './waiting-requests.ts'

const tooMany = (err: unknown) => isReason(err, 'TooManyRequests')
const times = (count: number, act: (at: number) => void) => Array.from({ length: count }, (_, at) => act(at))

test('WaitingRequests.begin() limits the ServiceAccounts of one namespace together', () => {
  const waiting = new WaitingRequests()
  const end = waiting.begin('v1.a', 'system:serviceaccount:a:robot')
  times(maxWaiting.ofCaller - 1, at => waiting.begin('v1.a', `system:serviceaccount:a:robot-${at}`))
  assert.throws(() => waiting.begin('v1.a', 'system:serviceaccount:a:last'), tooMany)
  waiting.begin('v1.a', 'system:serviceaccount:b:robot')
  waiting.begin('v1.b', 'system:serviceaccount:a:robot')
  end()
  waiting.begin('v1.a', 'system:serviceaccount:a:last')
})

test('WaitingRequests.begin() refuses all clients if too many wait in all', () => {
  const waiting = new WaitingRequests()
  times(maxWaiting.inAll, at => waiting.begin('v1.a', `user-${at}`))
  assert.throws(() => waiting.begin('v1.a', 'ann'), tooMany)
  waiting.begin('v1.b', 'ann')
})
