import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultsCommand, namespacesWithoutDefaults } from './without-defaults.ts'

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

test('namespacesWithoutDefaults() names those that were never given any, and neither the system’s nor the exempt', () => {
  for (const given of [{ resourceQuota: { hard: { pods: '1' } } }, { network: { defaultDeny: true, allowDNS: false } }])
    assert.deepEqual(namespacesWithoutDefaults(all, defaults(given)), ['ancient', 'old'])
})

test('namespacesWithoutDefaults() names nothing where there is nothing to give', () => {
  assert.deepEqual(namespacesWithoutDefaults(all, defaults({ network: { defaultDeny: false, allowDNS: true } })), [])
  assert.deepEqual(namespacesWithoutDefaults(all, undefined), [])
})

test('defaultsCommand() is a command of kubectl', () => {
  assert.equal(defaultsCommand(['a', 'b']), 'kubectl annotate namespace a b bulkhead.dev/defaults=pending')
})
