import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rightsOf } from './request-rights.ts'

const rbac = 'rbac.authorization.k8s.io'
const rows: readonly [string, Parameters<typeof rightsOf>[0], ReturnType<typeof rightsOf>][] = [
  ['a list', { method: 'GET', path: '/api/v1/pods?limit=500' }, [{ verb: 'list', group: '', resource: 'pods' }]],
  ['a watch', { method: 'GET', path: '/api/v1/namespaces/a/pods?watch=true' }, [{ verb: 'watch', group: '', resource: 'pods' }]],
  [
    'an object',
    { method: 'GET', path: '/apis/apps/v1/namespaces/a/deployments/b' },
    [{ verb: 'get', group: 'apps', resource: 'deployments' }],
  ],
  ['a namespace', { method: 'PUT', path: '/api/v1/namespaces/a' }, [{ verb: 'update', group: '', resource: 'namespaces' }]],
  [
    'its subresource',
    { method: 'PUT', path: '/api/v1/namespaces/a/finalize' },
    [{ verb: 'update', group: '', resource: 'namespaces/finalize' }],
  ],
  [
    'a subresource',
    { method: 'POST', path: '/api/v1/namespaces/a/pods/b/eviction' },
    [{ verb: 'create', group: '', resource: 'pods/eviction' }],
  ],
  ['a collection', { method: 'DELETE', path: '/api/v1/namespaces/a/pods' }, [{ verb: 'deletecollection', group: '', resource: 'pods' }]],
  ['no resource', { method: 'GET', path: '/metrics?x=1' }, [{ verb: 'get', url: '/metrics' }]],
  ['discovery of a version', { method: 'GET', path: '/apis/apps/v1' }, [{ verb: 'get', url: '/apis/apps/v1' }]],
  [
    'a role',
    { method: 'PATCH', path: `/apis/${rbac}/v1/namespaces/a/roles/b` },
    [
      { verb: 'patch', group: rbac, resource: 'roles' },
      { verb: 'escalate', group: rbac, resource: 'roles' },
      { verb: 'escalate', group: rbac, resource: 'clusterroles' },
    ],
  ],
  [
    'a binding',
    { method: 'POST', path: `/apis/${rbac}/v1/clusterrolebindings` },
    [
      { verb: 'create', group: rbac, resource: 'clusterrolebindings' },
      { verb: 'bind', group: rbac, resource: 'roles' },
      { verb: 'bind', group: rbac, resource: 'clusterroles' },
    ],
  ],
  [
    'an approval',
    { method: 'PUT', path: '/apis/certificates.k8s.io/v1/certificatesigningrequests/a/approval' },
    [
      { verb: 'update', group: 'certificates.k8s.io', resource: 'certificatesigningrequests/approval' },
      { verb: 'approve', group: 'certificates.k8s.io', resource: 'signers' },
    ],
  ],
  [
    'a trust domain',
    { method: 'PATCH', path: '/api/v1/nodes/a', body: Buffer.from('{"metadata":{"labels":{"placement.bulkhead.dev/trust-domain":"b"}}}') },
    [
      { verb: 'patch', group: '', resource: 'nodes' },
      { verb: 'place', group: 'placement.bulkhead.dev', resource: 'trustdomains' },
    ],
  ],
  [
    'another label',
    { method: 'PATCH', path: '/api/v1/nodes/a', body: Buffer.from('{}') },
    [{ verb: 'patch', group: '', resource: 'nodes' }],
  ],
  [
    'the deny list',
    { method: 'PUT', path: '/api/v1/namespaces/kube-system/configmaps/bulkhead-denied-credentials' },
    [
      { verb: 'update', group: '', resource: 'configmaps' },
      { verb: 'deny', group: 'access.bulkhead.dev', resource: 'credentials' },
    ],
  ],
  [
    'an impersonated account',
    { method: 'GET', path: '/api/v1/pods', headers: { 'Impersonate-User': 'system:serviceaccount:a:b' } },
    [{ verb: 'impersonate', group: '', resource: 'serviceaccounts' }],
  ],
  [
    'an impersonation',
    {
      method: 'GET',
      path: '/api/v1/pods',
      headers: { 'Impersonate-User': 'a', 'impersonate-group': ['b'], 'Impersonate-Extra-a%2fb': 'c' },
    },
    [
      { verb: 'impersonate', group: '', resource: 'users' },
      { verb: 'impersonate', group: '', resource: 'groups' },
      { verb: 'impersonate', group: 'authentication.k8s.io', resource: 'userextras/a/b' },
    ],
  ],
]
for (const [name, request, expected] of rows) {
  test(`rightsOf() returns the rights of ${name}`, () => assert.deepEqual(rightsOf(request), expected))
}
