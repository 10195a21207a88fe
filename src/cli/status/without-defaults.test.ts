import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultsCommand, namespacesWithoutDefaults } from './namespaces-without-defaults.ts'

const namespace = (name: string, metadata: object = {}) => ({ metadata: { name, ...metadata }, spec: {} })
const all = [
  namespace('old'),
  namespace('kube-system'),
  namespace('free'),
  namespace('new', { annotations: { 'bulkhead.dev/defaults': 'applied' } }),
  namespace('waiting', { annotations: { 'bulkhead.dev/defaults': 'pending' } }),
  namespace('going', { deletionTimestamp: '2026-01-01T00:00:00Z' }),
  namespace('ancient'),
]
const defaults = (more: object) => ({ metadata: { name: 'cluster' }, spec: { namespaces: { exempt: ['free'], ...more } } })

test('namespacesWithoutDefaults() lists namespaces that never got defaults, except system and exempt ones', () => {
  for (const given of [{ resourceQuota: { hard: { pods: '1' } } }, { network: { defaultDeny: true, allowDNS: false } }])
    assert.deepEqual(namespacesWithoutDefaults(all, defaults(given)), ['ancient', 'old'])
})

test('namespacesWithoutDefaults() is empty if there are no defaults', () => {
  assert.deepEqual(namespacesWithoutDefaults(all, defaults({ network: { defaultDeny: false, allowDNS: true } })), [])
  assert.deepEqual(namespacesWithoutDefaults(all, undefined), [])
})

test('defaultsCommand() is a kubectl command', () => {
  assert.equal(defaultsCommand(['a', 'b']), 'kubectl annotate namespace a b bulkhead.dev/defaults=pending')
})
