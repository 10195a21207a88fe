// What the identity of a node, or of a joining machine, can do with the API: attacks on Kubernetes, each as a request.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTicket, ticketSecretData } from '../../../access/credentials/join-ticket.ts'
import { createKeyAndCsr } from '../../../access/pki/key-and-csr.ts'
import type { KubeObject } from '../../../api/object.ts'
import { TestServer } from '../../../server/testing.ts'
import { inDefault, n1, twoNodes } from '../nodes/two-nodes.testing.ts'
import { admin, contentTypes, restrictedPod } from '../secured-api.testing.ts'

const csrs = '/apis/certificates.k8s.io/v1/certificatesigningrequests'

const reads: readonly [string, string, number][] = [
  ['a Secret that its pod mounts', `${inDefault}/secrets/mine`, 200],
  ['a ConfigMap that its pod mounts', `${inDefault}/configmaps/mine`, 200],
  ['its pod', `${inDefault}/pods/mine`, 200],
  ['the pods bound to it', '/api/v1/pods?fieldSelector=spec.nodeName%3Dn1', 200],
  ['its Node', '/api/v1/nodes/n1', 200],
  ['its Node in a list', '/api/v1/nodes?fieldSelector=metadata.name%3Dn1', 200],
  ['Services, as it keeps their rules', '/api/v1/services', 200],
  ['EndpointSlices, as it keeps their rules', '/apis/discovery.k8s.io/v1/endpointslices', 200],
  ['NetworkPolicies, as it keeps their rules', '/apis/networking.k8s.io/v1/networkpolicies', 200],
  ['the labels of Namespaces, which policies select by', '/apis/bulkhead.dev/v1alpha1/namespacelabels', 200],
  ['Namespaces', '/api/v1/namespaces', 403],
  ['the addresses of all pods', '/apis/bulkhead.dev/v1alpha1/podaddresses', 200],
  ['a Secret of another node', `${inDefault}/secrets/theirs`, 403],
  ['a ConfigMap of another node', `${inDefault}/configmaps/theirs`, 403],
  ['all Secrets of the namespace', `${inDefault}/secrets`, 403],
  ['all Secrets', '/api/v1/secrets', 403],
  ['a pod of another node', `${inDefault}/pods/theirs`, 403],
  ['all pods', '/api/v1/pods', 403],
  ['all pods of a namespace', `${inDefault}/pods`, 403],
  ['the pods of another node', '/api/v1/pods?fieldSelector=spec.nodeName%3Dn2', 403],
  ['all pods but one node’s', '/api/v1/pods?fieldSelector=spec.nodeName%21%3Dn2', 403],
  ['all pods behind an escaped comma', '/api/v1/pods?fieldSelector=status.phase%21%3Dx%5C,spec.nodeName%3Dn1', 403],
  ['all pods by a second selector', '/api/v1/pods?fieldSelector=&fieldSelector=spec.nodeName%3Dn1', 403],
  ['watches of all pods', '/api/v1/pods?watch=1', 403],
  ['watches of all pods by the old path', '/api/v1/watch/pods', 403],
  ['another Node', '/api/v1/nodes/n2', 403],
  ['all Nodes', '/api/v1/nodes', 403],
  ['another Node behind an escaped comma', '/api/v1/nodes?fieldSelector=metadata.name%21%3Dx%5C,metadata.name%3Dn1', 403],
  ['the lease of another node', '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n2', 403],
  ['roles', '/apis/rbac.authorization.k8s.io/v1/clusterroles', 403],
]
test('a node reads only what belongs to it', async t => {
  await using api = await twoNodes()
  for (const [what, path, status] of reads) {
    await t.test(`${status === 200 ? 'reads' : 'cannot read'} ${what}`, async () => {
      assert.equal((await api.request(n1, 'GET', path)).status, status)
    })
  }
})

test('of the pods of other nodes a node learns labels and addresses, and it can write neither', async () => {
  await using api = await twoNodes()
  const path = '/apis/bulkhead.dev/v1alpha1/namespaces/default/podaddresses'
  const { json, text } = await api.request(n1, 'GET', '/apis/bulkhead.dev/v1alpha1/podaddresses')
  const items: KubeObject[] = json.items
  assert.deepEqual(items.map(({ metadata }) => metadata.name).sort(), ['mine', 'theirs'])
  for (const item of items) assert.deepEqual(Object.keys(item).sort(), ['apiVersion', 'kind', 'metadata', 'spec'])
  assert.doesNotMatch(text, /secret|configMap|image|serviceAccount|annotations|managedFields/)
  assert.equal((await api.request(n1, 'GET', `${path}/theirs`)).status, 403)
  await api.request(admin, 'PATCH', '/api/v1/namespaces/default', { metadata: { annotations: { note: 'canary' }, labels: { team: 'a' } } })
  const spaces = await api.request(n1, 'GET', '/apis/bulkhead.dev/v1alpha1/namespacelabels')
  assert.match(spaces.text, /"team":"a"/)
  assert.doesNotMatch(spaces.text, /canary|annotations|spec/)
  // Nobody writes a view, whatever right they have.
  for (const [method, at] of [
    ['POST', path],
    ['PUT', `${path}/mine`],
    ['PATCH', `${path}/mine`],
    ['DELETE', `${path}/mine`],
    ['DELETE', path],
  ] as const)
    assert.equal((await api.request(admin, method, at, { metadata: { name: 'mine' } })).status, 405, `${method} ${at}`)
})

test('a node without its name in the selector gets no watch beside a name of its own', async () => {
  await using api = await twoNodes()
  // The right is for the name in the path: the selector must not replace it.
  const reply = await api.send({ url: `/api/v1/watch/namespaces/default/pods/mine?labelSelector=%21x`, identity: n1 })
  assert.equal(reply.status, 200)
  assert.ok(typeof reply.body === 'function')
  const stop = new AbortController()
  const frames: string[] = []
  const over = reply.body({ write: chunk => frames.push(chunk.toString()) > 0, drained: async () => undefined }, stop.signal)
  for (const name of ['theirs', 'mine'])
    await api.request(admin, 'PATCH', `${inDefault}/pods/${name}`, { metadata: { annotations: { a: 'b' } } })
  stop.abort(new Error('the test is done'))
  await over
  const names = frames
    .join('')
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line).object.metadata.name)
  assert.deepEqual([...new Set(names)], ['mine'])
})

test('a node gets tokens for its own pods only, bound to them', async () => {
  await using api = await twoNodes()
  const ask = (account: string, boundObjectRef?: object) =>
    api.request(n1, 'POST', `${inDefault}/serviceaccounts/${account}/token`, {
      spec: { audiences: [], ...(boundObjectRef ? { boundObjectRef } : {}) },
    })
  const bound = (name: string, uid = api.uids[name]) => ({ apiVersion: 'v1', kind: 'Pod', name, uid })
  assert.equal((await ask('mine', bound('mine'))).status, 201)
  const refused: readonly [string, object | undefined, RegExp][] = [
    ['mine', undefined, /node requested token not bound to a pod/],
    ['mine', { ...bound('mine'), uid: undefined }, /node requested token with a pod binding without a uid/],
    ['mine', bound('mine', '00000000-0000-0000-0000-000000000000'), /does not match the UID in record/],
    ['mine', bound('theirs'), /node requested token bound to a pod scheduled on a different node/],
    ['theirs', bound('theirs'), /no relationship found between node 'n1' and this object/],
    ['default', bound('mine'), /no relationship found/],
  ]
  const long = await api.request(n1, 'POST', `${inDefault}/serviceaccounts/mine/token`, {
    spec: { audiences: [], boundObjectRef: bound('mine'), expirationSeconds: 86_400 },
  })
  assert.equal(long.status, 403)
  assert.match(long.json.message, /node requested a token of 86400 s, longer than the 3607 s that its pod may have/)
  for (const [account, ref, message] of refused) {
    const { status, json } = await ask(account, ref)
    assert.equal(status, 403, JSON.stringify(ref))
    assert.match(json.message, message)
  }
})

test('a node gets no token for a server that its pod has nothing to do with', async () => {
  await using api = await twoNodes()
  const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: 'mine', uid: api.uids['mine'] }
  const ask = (audiences: string[]) =>
    api.request(n1, 'POST', `${inDefault}/serviceaccounts/mine/token`, { spec: { audiences, boundObjectRef } })
  assert.equal((await ask(['vault'])).status, 201)
  assert.match((await ask(['billing'])).json.message, /audience "billing" not found in pod spec volume, system:node:n1 is not authorized/)
  assert.match((await ask(['vault', 'billing'])).json.message, /node may only request 0 or 1 audiences/)
  const rules = [{ apiGroups: [''], resources: ['billing'], verbs: ['request-serviceaccounts-token-audience'], resourceNames: ['mine'] }]
  const rbac = '/apis/rbac.authorization.k8s.io/v1'
  await api.create(`${rbac}/clusterroles`, { metadata: { name: 'billing' }, rules })
  await api.create(`${rbac}/clusterrolebindings`, {
    metadata: { name: 'billing' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'billing' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'system:node:n1' }],
  })
  assert.equal((await ask(['billing'])).status, 201)
})

test('CVE-2021-25735 and CVE-2025-5187: a node changes only the status and its own labels of its Node, and never lifts a rule', async t => {
  await using api = await twoNodes()
  const stored = async () => (await api.request(admin, 'GET', '/api/v1/nodes/n1')).json
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'gone', uid: '00000000-0000-0000-0000-000000000000' }
  const changes: readonly [string, object][] = [
    ['ownerReferences', { metadata: { ownerReferences: [owner] } }],
    ['finalizers', { metadata: { finalizers: ['example.com/x'] } }],
    ['taints', { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } }],
    ['a reserved label', { metadata: { labels: { 'node-restriction.kubernetes.io/team': 'a' } } }],
    ['a label of Kubernetes', { metadata: { labels: { 'node-role.kubernetes.io/control-plane': '' } } }],
    ['owner and status together', { metadata: { ownerReferences: [owner] }, status: { phase: 'Running' } }],
  ]
  for (const [what, patch] of changes) {
    for (const subresource of ['', '/status']) {
      await t.test(`${what} through nodes${subresource}`, async () => {
        const before = await stored()
        const { status } = await api.request(n1, 'PATCH', `/api/v1/nodes/n1${subresource}`, patch)
        const after = await stored()
        assert.deepEqual(
          [after.metadata.ownerReferences, after.metadata.finalizers, after.metadata.labels],
          [before.metadata.ownerReferences, before.metadata.finalizers, before.metadata.labels],
        )
        assert.deepEqual(after.spec, before.spec)
        // The status path may drop other fields instead of refusing them.
        if (subresource === '') assert.equal(status, 403)
      })
    }
  }
  await t.test('deletionTimestamp', async () => {
    await api.request(n1, 'PATCH', '/api/v1/nodes/n1', { metadata: { deletionTimestamp: '2020-01-01T00:00:00Z' } })
    assert.equal((await stored()).metadata.deletionTimestamp, undefined)
  })
  await t.test('deletion, of itself and of others', async () => {
    for (const path of ['/api/v1/nodes/n1', '/api/v1/nodes/n2', '/api/v1/nodes']) {
      assert.equal((await api.request(n1, 'DELETE', path)).status, 403, path)
    }
  })
  await t.test('another Node, by update, status and creation', async () => {
    assert.equal((await api.request(n1, 'PATCH', '/api/v1/nodes/n2', { metadata: { labels: { a: 'b' } } })).status, 403)
    assert.equal((await api.request(n1, 'PATCH', '/api/v1/nodes/n2/status', { status: { phase: 'x' } })).status, 403)
    assert.equal((await api.request(n1, 'POST', '/api/v1/nodes', { metadata: { name: 'n3' } })).status, 403)
  })
  await t.test('coming back with reserved labels', async () => {
    await api.request(admin, 'DELETE', '/api/v1/nodes/n1')
    const labels = { 'node-restriction.kubernetes.io/team': 'a' }
    assert.equal((await api.request(n1, 'POST', '/api/v1/nodes', { metadata: { name: 'n1', labels } })).status, 403)
    assert.equal((await api.request(n1, 'POST', '/api/v1/nodes', { metadata: { name: 'n1', ownerReferences: [owner] } })).status, 403)
    assert.equal((await api.request(n1, 'POST', '/api/v1/nodes', { metadata: { name: 'n1' } })).status, 201)
  })
})

test('CVE-2021-25735: admission sees the stored Node as the old object, whatever the request claims', async () => {
  const seen: KubeObject[] = []
  await using api = new TestServer({
    admission: { mutate: () => undefined, validate: ({ oldObject }) => void (oldObject && seen.push(oldObject)) },
  })
  await api.create('/api/v1/nodes', { metadata: { name: 'n', labels: { team: 'a' } } })
  const stored = (await api.get('/api/v1/nodes/n')).json
  const claim = { ...stored, metadata: { ...stored.metadata, labels: { team: 'b' } }, spec: { unschedulable: true } }
  await api.request('PUT', '/api/v1/nodes/n', claim)
  assert.deepEqual(JSON.parse(JSON.stringify(seen[0])), stored)
  const second = (await api.get('/api/v1/nodes/n')).json
  await api.request('PUT', '/api/v1/nodes/n/status', { ...second, metadata: { ...second.metadata, labels: { team: 'c' } } })
  assert.deepEqual(JSON.parse(JSON.stringify(seen[1])), second)
})

const ownerOf = ({ uid }: { uid: string }) => ({ apiVersion: 'v1', kind: 'Node', name: 'n1', uid, controller: true })
const claimSpec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }

test('CVE-2025-4563: a node of the upstream profile creates only harmless mirror pods of its own', async t => {
  await using api = await twoNodes('upstream')
  const { metadata } = (await api.request(admin, 'GET', '/api/v1/nodes/n1')).json
  const mirror = (spec: object, more: object = {}) => {
    const pod = restrictedPod('static', { nodeName: 'n1', ...spec })
    const ownerReferences = [ownerOf(metadata)]
    return { ...pod, metadata: { ...pod.metadata, annotations: { 'kubernetes.io/config.mirror': 'x' }, ownerReferences, ...more } }
  }
  const [container] = restrictedPod('static').spec.containers
  const mirrorWith = (more: object) => mirror({ containers: [{ ...container, ...more }] })
  const volume = (source: object) => ({ volumes: [{ name: 'v', ...source }] })
  const refused: readonly [string, object][] = [
    ['a service account', mirror({ serviceAccountName: 'mine' })],
    ['a Secret volume', mirror(volume({ secret: { secretName: 'theirs' } }))],
    ['a ConfigMap volume', mirror(volume({ configMap: { name: 'theirs' } }))],
    ['a pull secret', mirror({ imagePullSecrets: [{ name: 'theirs' }] })],
    ['a Secret for a CSI driver', mirror(volume({ csi: { driver: 'd.example', nodePublishSecretRef: { name: 'theirs' } } }))],
    ['a Secret for Azure', mirror(volume({ azureFile: { shareName: 's', secretName: 'theirs' } }))],
    ['a Secret in its environment', mirrorWith({ envFrom: [{ secretRef: { name: 'theirs' } }] })],
    ['a projected volume', mirror(volume({ projected: { sources: [{ secret: { name: 'theirs' } }] } }))],
    ['a claim', mirror(volume({ persistentVolumeClaim: { claimName: 'theirs' } }))],
    ['a claim of its own', mirror(volume({ ephemeral: { volumeClaimTemplate: { spec: claimSpec } } }))],
    ['another node', mirror({ nodeName: 'n2' })],
    ['a missing Node', mirror({}, { ownerReferences: [{ ...ownerOf(metadata), uid: 'gone' }] })],
    ['no mirror annotation', mirror({}, { annotations: {} })],
    ['no owner', mirror({}, { ownerReferences: [] })],
  ]
  for (const [what, pod] of refused) {
    await t.test(`with ${what}: 403`, async () => {
      assert.equal((await api.request(n1, 'POST', `${inDefault}/pods`, pod)).status, 403)
    })
  }
  await t.test('with statuses of resource claims: 403', async () => {
    const status = { resourceClaimStatuses: [{ name: 'gpu', resourceClaimName: 'gpu' }] }
    assert.equal((await api.request(n1, 'POST', `${inDefault}/pods`, { ...mirror({}), status })).status, 403)
  })
  await t.test('and neither its claims nor its status at creation are stored', async () => {
    const pod = { ...mirror({ resourceClaims: [{ name: 'gpu', resourceClaimName: 'gpu' }] }), status: { phase: 'Running' } }
    const { status: code, json, text } = await api.request(n1, 'POST', `${inDefault}/pods`, pod)
    assert.equal(code, 201, text)
    assert.equal(json.spec.resourceClaims, undefined)
    assert.equal(json.status.phase, 'Pending')
  })
})

test('a mirror pod gives its node no access, for any creator', async () => {
  await using api = await twoNodes()
  await api.create(`${inDefault}/persistentvolumeclaims`, { metadata: { name: 'theirs' }, spec: claimSpec })
  const pod = restrictedPod('static', { nodeName: 'n1', volumes: [{ name: 'disk', persistentVolumeClaim: { claimName: 'theirs' } }] })
  await api.create(`${inDefault}/pods`, { ...pod, metadata: { ...pod.metadata, annotations: { 'kubernetes.io/config.mirror': 'x' } } })
  assert.equal((await api.request(n1, 'GET', `${inDefault}/pods/static`)).status, 200)
  assert.equal((await api.request(n1, 'GET', `${inDefault}/persistentvolumeclaims/theirs`)).status, 403)
})

test('a node writes only its own progress to a claim, and nothing about its ownership', async () => {
  await using api = await twoNodes()
  await api.create(`${inDefault}/persistentvolumeclaims`, { metadata: { name: 'disk' }, spec: claimSpec })
  await api.create(
    `${inDefault}/pods`,
    restrictedPod('stateful', { nodeName: 'n1', volumes: [{ name: 'disk', persistentVolumeClaim: { claimName: 'disk' } }] }),
  )
  const write = (change: object) => api.request(n1, 'PATCH', `${inDefault}/persistentvolumeclaims/disk/status`, change)
  for (const metadata of [
    { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'gone', uid: 'gone' }] },
    { finalizers: ['example.com/forever'] },
    { labels: { app: 'other' } },
    { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } },
  ])
    assert.equal((await write({ metadata })).status, 403, JSON.stringify(metadata))
  assert.equal((await write({ status: { phase: 'Lost' } })).status, 403)
  const { status, text } = await write({ status: { capacity: { storage: '2Gi' } } })
  assert.equal(status, 200, text)
})

test('a node writes the status of its own pods only, and deletes no others', async () => {
  await using api = await twoNodes()
  const running = { status: { phase: 'Running' } }
  assert.equal((await api.request(n1, 'PATCH', `${inDefault}/pods/mine/status`, running, contentTypes.strategic)).status, 200)
  assert.equal((await api.request(n1, 'PATCH', `${inDefault}/pods/theirs/status`, running, contentTypes.strategic)).status, 403)
  for (const [method, path] of [
    ['DELETE', `${inDefault}/pods/theirs`],
    ['POST', `${inDefault}/pods/theirs/eviction`],
    ['POST', `${inDefault}/pods/mine/binding`],
    ['POST', `${inDefault}/pods/mine/exec?command=sh`],
    ['PATCH', `${inDefault}/pods/mine`],
    ['DELETE', `${inDefault}/pods`],
  ] as const) {
    const body = path.endsWith('eviction')
      ? { metadata: { name: 'theirs' } }
      : path.endsWith('pods/mine')
        ? { metadata: { labels: { a: 'b' } } }
        : undefined
    assert.equal((await api.request(n1, method, path, body)).status, 403, `${method} ${path}`)
  }
})

test('a node approves and signs no certificate, and asks for none of system:masters', async () => {
  await using api = await twoNodes()
  const request = async (commonName: string, organizations: string[], signerName: string) => {
    const { csrPem } = await createKeyAndCsr({ commonName, organizations })
    const spec = { request: Buffer.from(csrPem).toString('base64'), signerName, usages: ['client auth', 'digital signature'] }
    return { metadata: { generateName: 'csr-' }, spec }
  }
  const own = await api.request(
    n1,
    'POST',
    csrs,
    await request('system:node:n1', ['system:nodes'], 'kubernetes.io/kube-apiserver-client-kubelet'),
  )
  assert.equal(own.status, 201)
  const approved = { ...own.json, status: { conditions: [{ type: 'Approved', status: 'True', reason: 'Me' }] } }
  assert.equal((await api.request(n1, 'PUT', `${csrs}/${own.json.metadata.name}/approval`, approved)).status, 403)
  assert.equal((await api.request(n1, 'PUT', `${csrs}/${own.json.metadata.name}/status`, approved)).status, 403)
  assert.equal(
    (await api.request(n1, 'POST', csrs, await request('root', ['system:masters'], 'kubernetes.io/kube-apiserver-client'))).status,
    403,
  )
})

test("CVE-2022-3294: a Node's reported address leads the server nowhere", async () => {
  await using api = await twoNodes()
  for (const address of ['127.0.0.1', '::1', '169.254.169.254', '127.0.0.1:6443', 'localhost.', '10.96.0.1']) {
    const status = { addresses: [{ type: 'InternalIP', address }], daemonEndpoints: { kubeletEndpoint: { Port: 6443 } } }
    await api.request(n1, 'PATCH', '/api/v1/nodes/n1/status', { status })
    for (const user of [admin, n1]) {
      const { status: code } = await api.request(user, 'GET', '/api/v1/nodes/n1/proxy/healthz')
      assert.equal(code, user === admin ? 503 : 403)
      const { status: port } = await api.request(user, 'GET', '/api/v1/nodes/n1:6443/proxy/healthz')
      assert.equal(port, 403)
    }
    // The one way to a node is the tunnel that it opened itself.
    await api.request(admin, 'PATCH', `${inDefault}/pods/mine/status`, {
      status: { containerStatuses: [{ name: 'c', state: { running: {} }, image: 'i', imageID: '', ready: true, restartCount: 0 }] },
    })
    const log = await api.request(admin, 'GET', `${inDefault}/pods/mine/log`)
    assert.equal(log.status, 503)
    assert.doesNotMatch(log.text, /ECONNREFUSED|connect/)
  }
})

test('CVE-2023-1943: a join ticket asks for its node’s certificate and reads nothing else', async () => {
  await using api = await twoNodes()
  const { token, ticket } = createTicket('n3', Date.now())
  await api.create('/api/v1/namespaces/kube-system/secrets', {
    metadata: { name: `bulkhead-join-${ticket.id}` },
    type: 'bulkhead.dev/join-ticket',
    data: ticketSecretData(ticket),
  })
  const { csrPem } = await createKeyAndCsr({ commonName: 'system:node:n1', organizations: ['system:nodes'] })
  const spec = {
    request: Buffer.from(csrPem).toString('base64'),
    signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
    usages: ['client auth'],
  }
  await api.create(csrs, { metadata: { name: 'other' }, spec })
  const authorization = `Bearer ${token.reveal()}`
  for (const path of [
    '/api/v1/secrets',
    `${inDefault}/secrets/mine`,
    `/api/v1/namespaces/kube-system/secrets/bulkhead-join-${ticket.id}`,
    '/api/v1/nodes',
    `${csrs}/other`,
    csrs,
  ]) {
    assert.equal((await api.present({ authorization }, path)).status, 403, path)
  }
  for (const [method, path] of [
    ['POST', `${inDefault}/pods`],
    ['POST', '/api/v1/nodes'],
    ['POST', `${inDefault}/serviceaccounts/default/token`],
    ['PUT', `${csrs}/other/approval`],
    ['DELETE', `${csrs}/other`],
  ] as const) {
    const answer = await api.present({ authorization }, path, { method, body: async () => Buffer.from('{}') })
    assert.equal(answer.status, 403, `${method} ${path}`)
  }
  const stored = await api.request(admin, 'GET', `/api/v1/namespaces/kube-system/secrets/bulkhead-join-${ticket.id}`)
  assert.equal(stored.text.includes(token.reveal().split('.')[2] ?? ''), false)
})
