import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ManifestPolicySpec } from '../../types/supply-v1.ts'
import { clusterManifestPolicy } from './cluster-manifest-policy.ts'
import { manifestPolicy } from './manifest-policy.ts'
import { maxNamespaces, maxResources, validateManifestPolicySpec } from './manifest-policy-spec.ts'

const spec: ManifestPolicySpec = { resources: ['*'], verify: { anyOf: [{ key: { trustRoot: 'team', name: 'release' } }] } }
const fields = (change: Partial<ManifestPolicySpec>, isOfCluster = false) =>
  validateManifestPolicySpec({ ...spec, ...change }, isOfCluster).map(({ field }) => field)

const rows: readonly (readonly [string, Partial<ManifestPolicySpec>, readonly string[]])[] = [
  ['takes kinds and groups', { resources: ['deployments.apps', 'configmaps', '*.example.com', '*'] }, []],
  ['refuses no resource', { resources: [] }, ['spec.resources']],
  ['refuses a kind', { resources: ['Deployment'] }, ['spec.resources[0]']],
  ['refuses too many resources', { resources: Array.from({ length: maxResources + 1 }, () => '*') }, ['spec.resources']],
  ['refuses namespaces of a policy of one namespace', { namespaces: ['a'] }, ['spec.namespaces']],
  ['refuses another reaction', { onFailure: 'Ignore' }, ['spec.onFailure']],
  ['refuses no signer', { verify: { anyOf: [] } }, ['spec.verify.anyOf']],
]
for (const [name, change, expected] of rows) test(`validateManifestPolicySpec() ${name}`, () => assert.deepEqual(fields(change), expected))

test('validateManifestPolicySpec() takes namespaces of a policy of the cluster', () => {
  assert.deepEqual(fields({ namespaces: ['a'] }, true), [])
  assert.deepEqual(fields({ namespaces: Array.from({ length: maxNamespaces + 1 }, () => 'a') }, true), ['spec.namespaces'])
  assert.deepEqual(
    validateManifestPolicySpec(undefined, true).map(({ field }) => field),
    ['spec.resources', 'spec.verify'],
  )
  assert.deepEqual([manifestPolicy.namespaced, clusterManifestPolicy.namespaced], [true, false])
})
