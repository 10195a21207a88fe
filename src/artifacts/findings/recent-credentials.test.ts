import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../base/clock.ts'
import { RecentCredentials, recentLimits, rememberedMs } from './recent-credentials.ts'

const credential = (password: string) => ({ location: 'r.example', username: 'u', password })

test('RecentCredentials returns those of the last admission in the same namespace, for the same repository, for a while', () => {
  let elapsed = 0
  const recent = new RecentCredentials({ ...systemClock, monotonic: () => elapsed })
  recent.note('shop', 'r.example/shop/web:1', [credential('old')])
  recent.note('shop', `r.example/shop/web:2@sha256:${'a'.repeat(64)}`, [credential('new')])
  recent.note('shop', 'r.example/shop/web:3', [])
  assert.deepEqual(recent.of('shop', 'r.example/shop/web'), [credential('new')])
  assert.deepEqual(recent.of('other', 'r.example/shop/web'), [])
  assert.deepEqual(recent.of('shop', 'r.example/shop/other'), [])
  elapsed += rememberedMs + 1
  assert.deepEqual(recent.of('shop', 'r.example/shop/web'), [])
})

test('RecentCredentials forgets the oldest repository of the same namespace, and keeps those of others', () => {
  const recent = new RecentCredentials(systemClock)
  recent.note('victim', 'r.example/a:1', [credential('victim')])
  for (let count = 0; count <= recentLimits.repositories; count++) recent.note('flood', `r.example/flood-${count}:1`, [credential('x')])
  assert.deepEqual(recent.of('victim', 'r.example/a'), [credential('victim')])
  assert.deepEqual(recent.of('flood', 'r.example/flood-0'), [])
  assert.equal(recent.of('flood', 'r.example/flood-1').length, 1)
  for (let count = 0; count < recentLimits.namespaces; count++) recent.note(`n${count}`, 'r.example/a:1', [credential('x')])
  assert.deepEqual(recent.of('victim', 'r.example/a'), [])
})
