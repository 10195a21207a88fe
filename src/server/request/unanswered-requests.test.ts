import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { UnansweredRequests } from './unanswered-requests.ts'

test('UnansweredRequests arms each request once, at the end of its turn, also one that comes while others are armed', async () => {
  const requests = new UnansweredRequests()
  const armed: string[] = []
  const request = (name: string) => ({ arm: () => void armed.push(name) })
  requests.add(request('a'))
  requests.add({
    arm() {
      armed.push('b')
      requests.add(request('c'))
    },
  })
  await Promise.resolve()
  assert.deepEqual(armed, [])
  await nextTurn()
  assert.deepEqual(armed, ['a', 'b', 'c'])
  requests.add(request('d'))
  await nextTurn()
  assert.deepEqual(armed, ['a', 'b', 'c', 'd'])
})
