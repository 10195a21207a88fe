import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type AuditedRequest, type AuditPolicy, type AuditRule, auditDecision, defaultAuditPolicy } from './policy.ts'

const asked = (
  verb: string,
  objectRef?: Partial<NonNullable<AuditedRequest['objectRef']>>,
  more: Partial<AuditedRequest> = {},
): AuditedRequest => ({
  ...{ verb, user: { username: 'ann', groups: ['dev', 'system:authenticated'] }, requestURI: '/x?y=z' },
  ...(objectRef === undefined ? {} : { objectRef: { resource: 'pods', apiVersion: 'v1', ...objectRef } }),
  ...more,
})
const levelOf = (rules: readonly AuditRule[], event: AuditedRequest, keepsWrites = false) =>
  auditDecision({ rules }, event, keepsWrites).level

suite('auditDecision()', () => {
  const rows: readonly [name: string, rule: Omit<AuditRule, 'level'>, matching: AuditedRequest[], others: AuditedRequest[]][] = [
    ['everything', {}, [asked('get', {}), asked('get')], []],
    ['users', { users: ['ann'] }, [asked('get', {})], [asked('get', {}, { user: { username: 'bob', groups: [] } })]],
    ['groups', { userGroups: ['ops', 'dev'] }, [asked('get', {})], [asked('get', {}, { user: { username: 'ann', groups: ['qa'] } })]],
    ['verbs', { verbs: ['get'] }, [asked('get', {}), asked('get')], [asked('list', {})]],
    [
      'namespaces',
      { namespaces: ['team', ''] },
      [asked('get', { namespace: 'team' }), asked('get', {})],
      [asked('get', { namespace: 'other' }), asked('get')],
    ],
    [
      'resources',
      { resources: [{ group: '', resources: ['pods'] }] },
      [asked('get', {})],
      [asked('get', { subresource: 'log' }), asked('get', { apiGroup: 'apps' }), asked('get', { resource: 'services' }), asked('get')],
    ],
    [
      'a subresource',
      { resources: [{ resources: ['pods/log'] }] },
      [asked('get', { subresource: 'log' })],
      [asked('get', {}), asked('get', { subresource: 'status' })],
    ],
    ['a subresource of everything', { resources: [{ resources: ['*/log'] }] }, [asked('get', { subresource: 'log' })], [asked('get', {})]],
    [
      'a resource with its subresources',
      { resources: [{ resources: ['pods/*'] }] },
      [asked('get', {}), asked('get', { subresource: 'log' })],
      [asked('get', { resource: 'nodes' })],
    ],
    ['a whole group', { resources: [{ group: 'apps' }] }, [asked('get', { apiGroup: 'apps', subresource: 'scale' })], [asked('get', {})]],
    ['all of a group', { resources: [{ resources: ['*'] }] }, [asked('get', { subresource: 'log' })], [asked('get', { apiGroup: 'apps' })]],
    [
      'names',
      { resources: [{ resources: ['pods', 'pods/binding'], resourceNames: ['web'] }] },
      [asked('get', { name: 'web' }), asked('create', { name: 'web', subresource: 'binding' })],
      [asked('get', { name: 'db' }), asked('list', {}), asked('create', { name: 'web' })],
    ],
    [
      'paths',
      { nonResourceURLs: ['/x', '/api*'] },
      [asked('get'), asked('get', undefined, { requestURI: '/apis/x' })],
      [asked('get', {}), asked('get', undefined, { requestURI: '/y' })],
    ],
    ['every path', { nonResourceURLs: ['*'] }, [asked('get')], [asked('get', {})]],
  ]
  for (const [name, rule, matching, others] of rows) {
    test(`matches ${name}`, () => {
      for (const event of matching) assert.equal(levelOf([{ level: 'Request', ...rule }], event), 'Request', JSON.stringify(event))
      for (const event of others) assert.equal(levelOf([{ level: 'Request', ...rule }], event), 'None', JSON.stringify(event))
    })
  }

  test('takes the first rule that matches', () => {
    const rules: AuditRule[] = [{ level: 'None', verbs: ['get'] }, { level: 'Metadata', users: ['ann'] }, { level: 'Request' }]
    assert.deepEqual([levelOf(rules, asked('get', {})), levelOf(rules, asked('list', {}))], ['None', 'Metadata'])
  })

  test('merges omitted stages, and prefers the managed fields setting of the rule to that of the policy', () => {
    const policy: AuditPolicy = {
      rules: [{ level: 'Metadata', omitStages: ['ResponseStarted'] }],
      omitStages: ['RequestReceived'],
      omitManagedFields: true,
    }
    assert.deepEqual(auditDecision(policy, asked('get', {}), false), {
      level: 'Metadata',
      omitStages: ['RequestReceived', 'ResponseStarted'],
      omitManagedFields: true,
    })
    const kept = { ...policy, rules: [{ level: 'Metadata', omitManagedFields: false } as const] }
    assert.equal(auditDecision(kept, asked('get', {}), false).omitManagedFields, false)
  })

  test('never records bodies of secrets, whatever the policy says', () => {
    const everything: AuditRule[] = [{ level: 'RequestResponse' }]
    for (const verb of ['create', 'list', 'patch', 'deletecollection']) {
      assert.equal(levelOf(everything, asked(verb, { resource: 'pods' })), 'RequestResponse')
      for (const resource of ['secrets', 'configmaps', 'serviceaccounts'])
        assert.equal(levelOf(everything, asked(verb, { resource })), 'Metadata')
      assert.equal(levelOf(everything, asked(verb, { resource: 'serviceaccounts', subresource: 'token' })), 'Metadata')
      assert.equal(levelOf(everything, asked(verb, { resource: 'tokenreviews', apiGroup: 'authentication.k8s.io' })), 'Metadata')
    }
  })

  test('records each write if that is guaranteed, whatever the policy says', () => {
    const silent: AuditPolicy = { rules: [{ level: 'None', users: ['ann'] }, { level: 'Metadata' }], omitStages: ['ResponseComplete'] }
    const kept = { level: 'Metadata', omitStages: [], omitManagedFields: false }
    for (const verb of ['create', 'update', 'patch', 'delete', 'deletecollection']) {
      assert.deepEqual(auditDecision(silent, asked(verb, {}), true), kept)
      assert.deepEqual(auditDecision({ ...silent, rules: [{ level: 'Metadata' }] }, asked(verb, {}), true), kept)
      assert.equal(levelOf(silent.rules, asked(verb, {})), 'None')
    }
    assert.equal(levelOf(silent.rules, asked('get', {}), true), 'None')
  })

  test('by default leaves out health checks alone', () => {
    const level = (event: AuditedRequest) => auditDecision(defaultAuditPolicy, event, true).level
    assert.equal(level(asked('get', undefined, { requestURI: '/livez?verbose' })), 'None')
    assert.equal(level(asked('get')), 'Metadata')
    assert.equal(level(asked('get', {})), 'Metadata')
  })
})
