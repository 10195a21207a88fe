import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AccessBasis, Attributes } from '../../access/access.ts'
import type { Asker } from '../../access/authorize.ts'
import { AccessEnds } from './access-end.ts'
import { type Authorize, requireAllowed } from './authorize.ts'

const attributes: Attributes = {
  user: { name: 'ann', groups: [] },
  verb: 'watch',
  isResource: true,
  group: '',
  version: 'v1',
  resource: 'pods',
  subresource: '',
  namespace: 'n',
  name: '',
  path: '',
}

function setUp() {
  const listeners = new Set<() => void>()
  const basis: AccessBasis = {
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
  const rights = { allowed: true, asked: 0, listeners }
  const authorize: Authorize = async () => {
    rights.asked += 1
    return rights.allowed ? { allowed: true, authorizer: 'RBAC', reason: '', basis } : { allowed: false, reason: '' }
  }
  const change = () => {
    for (const listener of [...listeners]) listener()
  }
  return { rights, change, ends: new AccessEnds(authorize), ask: (of: Authorize, asker: Asker) => requireAllowed(attributes, of, asker) }
}

const turn = () => new Promise(setImmediate)

test('AccessEnds asks for each stream once, however many changes concern it, and for few in one turn', async () => {
  const { rights, change, ends, ask } = setUp()
  const ended: Error[] = []
  for (let at = 0; at < 40; at++) ends.whenRefused(ask, {}, reason => ended.push(reason))
  // Once for the answer, and again once its basis is followed.
  await turn()
  assert.equal(rights.asked, 80)
  rights.asked = 0
  for (let at = 0; at < 100; at++) change()
  assert.equal(rights.asked, 0)
  const perTurn: number[] = []
  for (let at = 0; at < 15; at++) {
    const before = rights.asked
    await turn()
    perTurn.push(rights.asked - before)
  }
  assert.equal(rights.asked, 40)
  assert.ok(Math.max(...perTurn) <= 4, perTurn.join(' '))
  assert.deepEqual([ended.length, rights.listeners.size], [0, 40])
})

test('AccessEnds ends a stream once, and follows nothing more for it', async () => {
  const { rights, change, ends, ask } = setUp()
  const ended: Error[] = []
  const stop = ends.whenRefused(ask, {}, reason => ended.push(reason))
  ends.whenRefused(ask, {}, reason => ended.push(reason))
  await turn()
  stop()
  rights.allowed = false
  change()
  await turn()
  await turn()
  assert.deepEqual([ended.length, rights.listeners.size], [1, 0])
  assert.match(ended[0]?.message ?? '', /User "ann" cannot watch resource "pods"/)
})

test('AccessEnds ends a stream at once that is not allowed any more when it begins', async () => {
  const { rights, ends, ask } = setUp()
  rights.allowed = false
  const ended: Error[] = []
  ends.whenRefused(ask, {}, reason => ended.push(reason))
  await turn()
  assert.equal(ended.length, 1)
})

test('AccessEnds ends a stream whose right is removed between the answer and the moment from which it is followed', async () => {
  const { rights, ends, ask } = setUp()
  const ended: Error[] = []
  ends.whenRefused(
    async (of, asker) => {
      await ask(of, asker)
      rights.allowed = false
    },
    {},
    reason => ended.push(reason),
  )
  await turn()
  assert.equal(ended.length, 1)
})

test('AccessEnds waits for a slow decision, and ends the stream if there is none', async () => {
  for (const [fails, count] of [
    [false, 0],
    [true, 1],
  ] as const) {
    const { ends } = setUp()
    const ended: Error[] = []
    const answer = () => (fails ? Promise.reject(new Error('nobody answers')) : Promise.resolve())
    ends.whenRefused(answer, {}, reason => ended.push(reason))
    await turn()
    assert.equal(ended.length, count)
  }
})
