import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CoreEvent } from '../../client/resources.ts'
import { deadWebhooks } from './dead-webhooks.ts'

const failure = (lastTimestamp: string): CoreEvent => ({
  metadata: {},
  involvedObject: { kind: 'ValidatingWebhookConfiguration', name: 'hooks' },
  reason: 'FailedCallingWebhook',
  message: 'a.example.com: connection refused',
  lastTimestamp,
  reportingComponent: 'kube-apiserver',
  reportingInstance: '',
})

const owners = new Set(['ValidatingWebhookConfiguration/hooks'])

test('deadWebhooks() lists exactly the webhooks that failed recently', () => {
  const now = Date.parse('2026-01-01T00:10:00Z')
  assert.deepEqual(deadWebhooks([failure('2026-01-01T00:09:30Z'), failure('2026-01-01T00:01:00Z')], owners, now), [
    'A webhook of ValidatingWebhookConfiguration "hooks" did not answer at 2026-01-01T00:09:30Z: a.example.com: connection refused',
  ])
})

test('deadWebhooks() does not list webhooks whose configuration was deleted', () => {
  const now = Date.parse('2026-01-01T00:10:00Z')
  const failures = [failure('2026-01-01T00:09:30Z')]
  assert.deepEqual(deadWebhooks(failures, new Set(['MutatingWebhookConfiguration/hooks']), now), [])
})
