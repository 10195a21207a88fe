// What a node can store on the server: the status of its pods, and a few certificate requests.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createKeyAndCsr } from '../../../access/pki/key-and-csr.ts'
import { maxCertificateRequestLength, maxCertificateRequests } from '../../../admission/node/own-certificate-requests.ts'
import type { UserInfo } from '../../../api/user.ts'
import { admin, contentTypes, nodeUser, restrictedPod } from '../secured-api.testing.ts'
import { inDefault, n1, twoNodes } from './two-nodes.testing.ts'

test('a node creates no mirror pods: with labels that a Service selects, it would get traffic for pods of any namespace', async () => {
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

test('a node fills the store with no certificate requests', async () => {
  await using api = await twoNodes()
  const { csrPem } = await createKeyAndCsr({ commonName: 'system:node:n1', organizations: ['system:nodes'] })
  const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
  const create = (user: UserInfo, name: string, annotations = {}) => {
    const spec = { signerName: 'example.com/any', usages: ['client auth'], request: Buffer.from(csrPem).toString('base64') }
    return api.request(user, 'POST', path, { metadata: { name, annotations }, spec })
  }
  const large = await create(n1, 'large', { text: 'x'.repeat(maxCertificateRequestLength) })
  assert.deepEqual([large.status, /a certificate request of more than 65536 characters/.test(large.text)], [403, true])
  for (let count = 0; count < maxCertificateRequests; count++) assert.equal((await create(n1, `c${count}`)).status, 201)
  const further = await create(n1, 'further')
  assert.deepEqual([further.status, /not allowed to have more than 50 certificate requests/.test(further.text)], [403, true])
  assert.equal((await create(nodeUser('n2'), 'other')).status, 201)
  assert.equal((await api.request(admin, 'DELETE', `${path}/c0`)).status, 200)
  assert.equal((await create(n1, 'further')).status, 201)
})
