import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRegistry } from '../../base/metrics/metrics.ts'
import type { WebhookEndpoint } from '../../base/net/webhook-endpoint.ts'
import { stillHeld } from '../../base/testing/retained-bytes.testing.ts'
import type { WebhookAuthorizer } from '../access.ts'
import type { AuthorizationConfiguration, WebhookSettings } from '../webhook/authorization-configuration.ts'
import { authorizationWebhookMetrics } from '../webhook/webhook-metrics.ts'
import { WebhookSet } from './webhook-set.ts'

const endpoint = (path: string): WebhookEndpoint => ({
  url: `https://hooks.example/${path}`,
  ...{ authorities: undefined, serverName: undefined, identity: {} },
})
const hook = (name: string, more: Partial<WebhookSettings> = {}): AuthorizationConfiguration[number] => ({
  ...{ type: 'Webhook', name },
  webhook: {
    endpoint: endpoint(name),
    ...{ timeoutMs: 3000, authorizedMs: 5000, unauthorizedMs: 1000, version: 'v1', failsClosed: true, conditions: [] },
    ...more,
  },
})
const rbac = { type: 'RBAC', name: 'rbac' } as const

function opened() {
  const registry = createRegistry()
  const metrics = authorizationWebhookMetrics(registry)
  const released: string[] = []
  const set = new WebhookSet({
    make: (name): WebhookAuthorizer => ({ name, ask: async () => ({ decision: 'allow', reason: '' }) }),
    release: ({ url }) => void released.push(url),
    metrics,
  })
  return { registry, metrics, released, set }
}

test('replace() keeps a webhook with unchanged settings, at any position, and creates the others anew', () => {
  const { set, released } = opened()
  const first = set.replace([hook('a'), hook('b'), rbac])
  const second = set.replace([rbac, hook('b'), hook('a', { unauthorizedMs: 1 }), hook('c')])
  assert.deepEqual([...second.keys()], ['b', 'a', 'c'])
  assert.equal(second.get('b'), first.get('b'))
  assert.notEqual(second.get('a'), first.get('a'))
  assert.deepEqual(released, ['https://hooks.example/a'])
  assert.deepEqual([...set.replace([rbac]).keys()], [])
})

test('replace() keeps the former configuration if a webhook cannot be created', () => {
  const { set, released } = opened()
  const first = set.replace([hook('a')])
  const broken = [{ ...hook('a'), webhook: undefined }] as unknown as AuthorizationConfiguration
  assert.throws(() => set.replace(broken))
  assert.deepEqual(released, [])
  assert.equal(set.replace([hook('a')]).get('a'), first.get('a'))
})

test('1,000 replaces leave no webhook behind, and no samples of theirs', async () => {
  const { set, metrics, registry } = opened()
  const made: WeakRef<WebhookAuthorizer>[] = []
  for (let round = 0; round < 1_000; round++) {
    const name = `hook-${round}`
    for (const webhook of set.replace([hook(name)]).values()) made.push(new WeakRef(webhook))
    metrics.roundTrip(name, 'success', 1)
    metrics.matched(name, 1)
    metrics.decided(name, 'denied')
    metrics.failedOpen(name, 'timeout')
    metrics.excluded(name)
    metrics.conditionFailed(name)
    // Requests to the former webhooks still in progress.
    metrics.roundTrip(`hook-${round - 1}`, 'success', 1)
  }
  await new Promise(resolve => setImmediate(resolve))
  assert.equal(stillHeld(made), 1)
  assert.equal(set.replace([hook('hook-999')]).size, 1)
  const names = new Set([...(await registry.metrics()).matchAll(/name="([^"]*)"/g)].map(([, name]) => name))
  assert.deepEqual([...names], ['hook-999'])
})
