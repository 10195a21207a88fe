import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configMap } from '../../api/resources/core/config-map.ts'
import { event } from '../../api/resources/core/event.ts'
import type { ResourceDefinition } from '../../api/resources/resource.ts'
import { ask, FakeStoreView, requestOf } from '../admission.fixture.ts'
import { createPlugin } from '../plugin-definition.ts'
import { type EventLimit, eventRateLimit } from './event-rate-limit.ts'

const news = (namespace: string, about = 'p') => ({
  metadata: { name: 'e', namespace },
  involvedObject: { kind: 'Pod', name: about, namespace },
  source: { component: 'kubelet' },
})

function limited(...limits: EventLimit[]) {
  let at = 0
  const feed = new FakeStoreView()
  const plugin = createPlugin(eventRateLimit, { configuration: { eventLimits: limits }, quotaSource: feed, now: () => at })
  return {
    send: (namespace: string, more: { about?: string; user?: string; dryRun?: boolean } = {}) =>
      ask(plugin, {
        resource: event,
        object: news(namespace, more.about),
        dryRun: more.dryRun ?? false,
        user: { name: more.user ?? 'u', groups: [] },
      }),
    pass: (ms: number) => {
      at += ms
    },
  }
}

test('eventRateLimit lets a burst pass, and then as many as come back in time', async () => {
  const { send, pass } = limited({ type: 'Namespace', qps: 2, burst: 3 })
  for (let i = 0; i < 3; i++) assert.equal(await send('a'), undefined)
  assert.equal(await send('a'), 'limit reached on type Namespace for key a')
  assert.equal(await send('b'), undefined)
  pass(1000)
  assert.deepEqual([await send('a'), await send('a')], [undefined, undefined])
  assert.match((await send('a')) ?? '', /limit reached/)
})

const kinds: { type: EventLimit['type']; other: { about?: string; user?: string }; separate: boolean }[] = [
  { type: 'Server', other: { user: 'v' }, separate: false },
  { type: 'User', other: { user: 'v' }, separate: true },
  { type: 'User', other: { about: 'q' }, separate: false },
  { type: 'SourceAndObject', other: { about: 'q' }, separate: true },
  { type: 'SourceAndObject', other: { user: 'v' }, separate: false },
]
for (const { type, other, separate } of kinds) {
  test(`eventRateLimit counts ${separate ? 'separately' : 'together'} by ${type} if ${Object.keys(other).join()} differs`, async () => {
    const { send } = limited({ type, qps: 1, burst: 1 })
    assert.equal(await send('n'), undefined)
    assert.equal((await send('n', other)) === undefined, separate)
  })
}

test('eventRateLimit remembers a bounded number of keys and counts no dry run', async () => {
  const { send } = limited({ type: 'Namespace', qps: 1, burst: 1, cacheSize: 2 })
  for (let i = 0; i < 5; i++) assert.equal(await send('a', { dryRun: true }), undefined)
  assert.equal(await send('a'), undefined)
  assert.match((await send('a')) ?? '', /limit reached/)
  await send('b')
  await send('c')
  assert.equal(await send('a'), undefined)
})

test('eventRateLimit lets the Events of a namespace take 32 MiB, whatever else there is', () => {
  const feed = new FakeStoreView()
  const plugin = createPlugin(eventRateLimit, { configuration: { eventLimits: [] }, quotaSource: feed, now: () => 0 })
  const grow = (growth: number, resource: ResourceDefinition = event) => {
    const verdict = plugin.validateSize?.(requestOf({ resource, object: news('a') }), { bytes: 2000, growth })
    return verdict?.allowed === false ? verdict.error.status : undefined
  }
  feed.storeBytes('a', 32 * 2 ** 20 - 1000, 'news')
  feed.storeBytes('a', 2 ** 40)
  assert.equal(grow(1000), undefined)
  assert.equal(grow(1001, configMap), undefined)
  const { code, message, details } = grow(1001) ?? assert.fail('it was admitted')
  assert.deepEqual([code, details?.retryAfterSeconds], [429, 60])
  assert.match(
    message ?? '',
    /^limit reached on type Namespace for key a: its Events take 32 MiB, as much as they may, until older ones expire/,
  )
  assert.equal(grow(0), undefined)
})
