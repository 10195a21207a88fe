import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isReason } from '../../api/status.ts'
import type { UserInfo } from '../../api/user.ts'
import { WrittenBytes } from './written-bytes.ts'

const mebibyte = 2 ** 20
const user = (name: string, ...groups: string[]): UserInfo => ({ name, groups })

function budget() {
  let at = 0
  const written = new WrittenBytes({ burst: 4 * mebibyte, perSecond: mebibyte }, () => at)
  /** How many objects of 1 MiB are written until one is refused, at most 100. */
  const until = (who: UserInfo, namespace: string): number => {
    for (let count = 0; count < 100; count++) {
      try {
        written.take(who, namespace, mebibyte)
      } catch (err) {
        assert.ok(isReason(err, 'TooManyRequests'))
        return count
      }
    }
    return 100
  }
  return { written, until, pass: (ms: number) => (at += ms) }
}

test('WrittenBytes allows a burst, and then the rate', () => {
  const { until, pass } = budget()
  assert.equal(until(user('a'), 'one'), 4)
  pass(2000)
  assert.equal(until(user('a'), 'one'), 2)
})

test('WrittenBytes counts per user over all namespaces, and per namespace over all users', () => {
  const { until } = budget()
  assert.equal(until(user('a'), 'one'), 4)
  assert.equal(until(user('a'), 'two'), 0)
  // One user's many accounts share the limit of their namespace.
  assert.equal(until(user('b'), 'one'), 0)
  assert.equal(until(user('b'), 'two'), 4)
  // Cluster-scoped objects share no limit.
  assert.equal(until(user('c'), ''), 4)
  assert.equal(until(user('d'), ''), 4)
})

test('WrittenBytes counts writes of the cluster and writes that free space, but never refuses them', () => {
  for (const part of [
    user('system:kube-controller-manager'),
    user('n', 'system:serviceaccounts:kube-system'),
    user('x', 'system:masters'),
  ]) {
    const { until } = budget()
    assert.equal(until(part, 'one'), 100)
    assert.equal(until(user('a'), 'one'), 0)
  }
  const { written, until, pass } = budget()
  for (let i = 0; i < 100; i++) written.count(user('a'), 'one', mebibyte)
  pass(4000)
  assert.equal(until(user('a'), 'one'), 0)
  // The debt is limited.
  pass(1000)
  assert.equal(until(user('a'), 'one'), 1)
})

test('WrittenBytes reports the user, the limit, and when to retry', () => {
  const { written } = budget()
  written.take(user('a'), 'one', 10 * mebibyte)
  assert.throws(
    () => written.take(user('b'), 'one', 1),
    /namespace "one" writes more than 1 MiB of objects a second, 4 MiB at once: try again in 5 seconds, or write less often or smaller objects/,
  )
})
