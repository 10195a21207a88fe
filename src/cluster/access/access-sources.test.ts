import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRbacAuthorizer } from '../../access/authorizers/rbac.ts'
import { silentLogger } from '../../base/log.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { object, put, remove, testResource } from '../../store/objects.fixture.ts'
import { createStoreView } from '../../store/store-view.ts'
import { nodeGraphSource, rbacSource } from './access-sources.ts'

test('nodeGraphSource() gives each pod that is on a node, and parses none that waits for one', async () => {
  await using store = createMemoryStore()
  const pods = store.collection(testResource)
  const entries = [await put(pods, 'bound', { spec: { nodeName: 'n1' } }), await put(pods, 'waiting')]
  for (const entry of entries) Object.defineProperty(entry, 'objectOnce', { get: () => object(`seen-${entry.name}`) })
  const seen = [...nodeGraphSource(createStoreView(store, silentLogger, new AbortController().signal)).each()]
  assert.deepEqual(
    seen.map(({ resource, object: { metadata } }) => [resource, metadata.name]),
    [['pods', 'seen-bound']],
  )
})

test('rbacSource() withdraws deleted roles and bindings, which are not read back', async () => {
  await using store = createMemoryStore()
  const group = 'rbac.authorization.k8s.io'
  const roles = store.collection({ groupResource: `roles.${group}` })
  const bindings = store.collection({ groupResource: `rolebindings.${group}` })
  const rbac = createRbacAuthorizer(rbacSource(createStoreView(store, silentLogger, new AbortController().signal)))
  const write = async () => {
    const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }]
    await put(roles, 'reader', { rules } as object)
    const subjects = [{ apiGroup: group, kind: 'User', name: 'ann' }]
    await put(bindings, 'ann', { roleRef: { apiGroup: group, kind: 'Role', name: 'reader' }, subjects } as object)
  }
  const decision = async () => {
    const user = { name: 'ann', groups: [] }
    const path = { group: '', version: 'v1', resource: 'pods', subresource: '', namespace: 'default', name: '', path: '' } as const
    return (await rbac.authorize({ user, verb: 'get', isResource: true, ...path })).decision
  }
  for (const collection of [bindings, roles]) {
    await write()
    assert.equal(await decision(), 'allow')
    const name = collection === roles ? 'reader' : 'ann'
    await remove(collection, name)
    assert.equal(await decision(), 'no-opinion')
  }
})
