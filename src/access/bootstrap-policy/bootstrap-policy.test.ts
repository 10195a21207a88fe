import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { KubeObject } from '../../api/object.ts'
import { createAuthorization } from '../authorize.ts'
import { createRbacAuthorizer } from '../authorizers/rbac.ts'
import type { ClusterRole } from '../rules/rbac-object.ts'
import { bootstrapPolicy, upstreamClusterRoles, upstreamPolicy } from './index.ts'
import { planBootstrapObject } from './reconcile.ts'

test('bootstrapPolicy names each object once, and every binding refers to a role of it', () => {
  const keys = bootstrapPolicy.map(({ kind, object }) => `${kind}/${object.metadata.namespace ?? ''}/${object.metadata.name}`)
  assert.equal(new Set(keys).size, keys.length)
  for (const { kind, object } of bootstrapPolicy) {
    if (kind !== 'RoleBinding' && kind !== 'ClusterRoleBinding') continue
    const { roleRef } = object
    const namespace = roleRef.kind === 'Role' ? (object.metadata.namespace ?? '') : ''
    assert.ok(keys.includes(`${roleRef.kind}/${namespace}/${roleRef.name}`), `${object.metadata.name} refers to a missing role`)
  }
})

test('upstreamPolicy has as many objects as a fresh Kubernetes v1.33', () => {
  const count = (wanted: string) => upstreamPolicy.filter(({ kind }) => kind === wanted).length
  assert.deepEqual(['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'].map(count), [67, 48, 7, 7])
})

test('the policy list imports every file of its folder', () => {
  const files = readdirSync(import.meta.dirname).filter(file => file.endsWith('-roles.ts') || file.endsWith('-bindings.ts'))
  const index = ['index.ts', 'controller-roles.ts'].map(name => readFileSync(`${import.meta.dirname}/${name}`, 'utf8')).join('')
  for (const file of files) assert.ok(index.includes(`'./${file}'`), `${file} is not listed`)
})

test('bootstrapPolicy lets a controller do its work and not another one', async () => {
  const authorization = createAuthorization([createRbacAuthorizer({ list: () => bootstrapPolicy, onChange: () => undefined })])
  const may = async (account: string, verb: string, group: string, resource: string) =>
    (
      await authorization.authorize(
        {
          user: { name: `system:serviceaccount:kube-system:${account}`, groups: ['system:serviceaccounts', 'system:authenticated'] },
          verb,
          isResource: true,
          group,
          version: 'v1',
          resource,
          subresource: '',
          namespace: 'default',
          name: 'x',
          path: '',
        },
        {},
      )
    ).allowed
  assert.equal(await may('deployment-controller', 'create', 'apps', 'replicasets'), true)
  assert.equal(await may('deployment-controller', 'create', '', 'pods'), false)
  assert.equal(await may('replicaset-controller', 'create', '', 'pods'), true)
  assert.equal(await may('replicaset-controller', 'get', '', 'secrets'), false)
  assert.equal(await may('nobody', 'get', '', 'pods'), false)
})

const viewer = upstreamClusterRoles.find(role => role.metadata.name === 'system:basic-user')

test('planBootstrapObject() creates, repairs, keeps additions and respects autoupdate', () => {
  assert.ok(viewer)
  const expected = { kind: 'ClusterRole', object: viewer } as const
  assert.equal(planBootstrapObject(undefined, expected).action, 'create')
  assert.equal(planBootstrapObject(viewer, expected).action, 'none')
  const added = { verbs: ['get'], apiGroups: [''], resources: ['pods'] }
  const changed: ClusterRole = { ...viewer, rules: [added] }
  const plan = planBootstrapObject(changed, expected)
  assert.equal(plan.action, 'update')
  const repaired: ClusterRole | undefined = plan.action === 'update' ? plan.object : undefined
  assert.deepEqual(repaired?.rules, [added, ...(viewer.rules ?? [])])
  const off: KubeObject = {
    ...changed,
    metadata: { ...viewer.metadata, annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'false' } },
  }
  assert.equal(planBootstrapObject(off, expected).action, 'none')
})

test('planBootstrapObject() adds missing subjects and recreates a binding to another role', () => {
  const expected = bootstrapPolicy.find(({ kind, object }) => kind === 'ClusterRoleBinding' && object.metadata.name === 'cluster-admin')
  assert.ok(expected?.kind === 'ClusterRoleBinding')
  const emptied = { ...expected.object, subjects: [{ kind: 'User', name: 'ann' }] }
  const plan = planBootstrapObject(emptied, expected)
  assert.equal(plan.action, 'update')
  assert.ok('object' in plan && 'subjects' in plan.object)
  assert.deepEqual(plan.object.subjects, [...emptied.subjects, ...(expected.object.subjects ?? [])])
  const other = { ...expected.object, roleRef: { ...expected.object.roleRef, name: 'view' } }
  assert.equal(planBootstrapObject(other, expected).action, 'recreate')
})
