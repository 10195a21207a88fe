import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PodSecurityException } from '../../api/types/bulkhead-v1alpha1.ts'
import { exceptionFacts } from './exceptions.ts'

const exception = (name: string, expires: string | null): PodSecurityException => ({
  metadata: { name, namespace: 'team' },
  spec: { templateDigest: 'sha256:00', checks: ['hostPorts'], owner: 'ann', reason: 'printer', expires },
})

test('exceptionFacts() names the proofs that ended an exception', () => {
  const annotations = { 'bulkhead.dev/ended-by-proofs': 'C9' }
  const ended = { ...exception('over', '2026-01-01T00:00:00Z'), metadata: { name: 'over', namespace: 'team', annotations } }
  assert.equal(exceptionFacts([ended], Date.now())[0]?.endedBy, 'C9')
})

test('exceptionFacts() lists active exceptions first, by expiry, and marks ended ones', () => {
  const end = '2026-03-01T00:00:00Z'
  const list = [exception('over', '2026-01-01T00:00:00Z'), exception('none', null), exception('late', '2026-06-01T00:00:00Z')]
  const facts = exceptionFacts([...list, exception('soon', end)], Date.parse(end) - 1)
  assert.deepEqual(
    facts.map(({ name, expired }) => [name, expired]),
    [
      ['team/soon', false],
      ['team/late', false],
      ['team/none', true],
      ['team/over', true],
    ],
  )
  assert.equal(exceptionFacts([exception('soon', end)], Date.parse(end))[0]?.expired, true)
})
