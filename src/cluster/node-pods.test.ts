// What a node can do to pods: report their status, and nothing else.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admin, contentTypes, restrictedPod } from './secured-api.testing.ts'
import { inDefault, n1, twoNodes } from './two-nodes.testing.ts'

test('a node makes no mirror pods: with labels that a Service selects, it would get what is sent to the pods of any namespace', async () => {
  await using api = await twoNodes()
  const { metadata } = (await api.request(admin, 'GET', '/api/v1/nodes/n1')).json
  const draft = restrictedPod('static', { nodeName: 'n1' })
  const annotations = { 'kubernetes.io/config.mirror': 'x' }
  const ownerReferences = [{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid: metadata.uid, controller: true }]
  const pod = { ...draft, metadata: { name: 'static', labels: { app: 'db' }, annotations, ownerReferences } }
  const { status, json } = await api.request(n1, 'POST', `${inDefault}/pods`, pod)
  assert.deepEqual([status, /nodes of this cluster run no static pods/.test(json.message)], [403, true])
})

test('a node changes nothing of its pods but their status', async () => {
  await using api = await twoNodes()
  const path = `${inDefault}/pods/mine`
  const metadataNow = async () => {
    const { resourceVersion: _, managedFields: __, ...metadata } = (await api.request(admin, 'GET', path)).json.metadata
    return metadata
  }
  const before = await metadataNow()
  for (const [field, value] of Object.entries({ finalizers: ['a.example/b'], annotations: { big: 'x'.repeat(100_000) } })) {
    for (const type of [contentTypes.merge, contentTypes.strategic]) {
      const { status, json } = await api.request(n1, 'PATCH', `${path}/status`, { metadata: { [field]: value } }, type)
      assert.deepEqual([status, json.message.includes(`cannot update metadata.${field} through pod status`)], [403, true])
    }
  }
  const owned = { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'u' }] }
  assert.equal((await api.request(n1, 'PATCH', `${path}/status`, { metadata: owned })).status, 403)
  assert.equal((await api.request(n1, 'PATCH', `${path}/status`, { status: { message: 'm' } })).status, 200)
  assert.deepEqual(await metadataNow(), before)
})
