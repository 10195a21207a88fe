import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RuleWithOperations } from '../../api/types/admissionregistration-v1.ts'
import { matchesRule, type RuleTarget } from './rule.ts'

const base: RuleWithOperations = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'], scope: '*' }
const pod: RuleTarget = {
  operation: 'CREATE',
  resource: { group: '', version: 'v1', plural: 'pods' },
  subresource: '',
  inNamespace: true,
}
const status: RuleTarget = { ...pod, subresource: 'status' }
const node: RuleTarget = { ...pod, resource: { group: '', version: 'v1', plural: 'nodes' }, inNamespace: false }
const rows: readonly [string, Partial<RuleWithOperations>, RuleTarget, boolean][] = [
  ['the resource itself', {}, pod, true],
  ['no subresource of it', {}, status, false],
  ['a subresource by name', { resources: ['pods/status'] }, status, true],
  ['the resource with all of its subresources', { resources: ['pods/*'] }, pod, true],
  ['every subresource', { resources: ['pods/*'] }, status, true],
  ['a subresource of every resource', { resources: ['*/status'] }, status, true],
  ['a subresource of every resource, not the resource', { resources: ['*/status'] }, pod, false],
  ['every resource, not its subresources', { resources: ['*'] }, status, false],
  ['everything', { resources: ['*/*'] }, status, true],
  ['another operation', { operations: ['UPDATE', 'DELETE'] }, pod, false],
  ['every operation', { operations: ['*'] }, pod, true],
  ['another group', { apiGroups: ['apps'] }, pod, false],
  ['every group', { apiGroups: ['*'] }, pod, true],
  ['another version', { apiVersions: ['v2'] }, pod, false],
  ['every version', { apiVersions: ['*'] }, pod, true],
  ['what is in a namespace', { scope: 'Namespaced' }, pod, true],
  ['what is in no namespace', { scope: 'Cluster' }, pod, false],
  ['a cluster-scoped object', { scope: 'Cluster', resources: ['nodes'] }, node, true],
  ['a cluster-scoped object that is wanted in a namespace', { scope: 'Namespaced', resources: ['nodes'] }, node, false],
]
for (const [what, change, target, expected] of rows) {
  test(`matchesRule() ${expected ? 'covers' : 'omits'} ${what}`, () => {
    assert.equal(matchesRule({ ...base, ...change }, target), expected)
  })
}
