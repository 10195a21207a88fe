// Pods of two trust domains never share a node: every way to choose a pod's node, and every way to change a node or a namespace.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, admin, contentTypes, nodeUser, person, restrictedPod, SecuredApi } from '../secured-api.testing.ts'

const nodeLabel = 'node-restriction.kubernetes.io/trust-domain'
const label = 'placement.bulkhead.dev/trust-domain'
const annotation = 'placement.bulkhead.dev/trust-domain'
const placer = person('placer')

/** Namespaces `red`, `blue` and `plain`, nodes `red-1`, `blue-1` and `plain-1`; all but the plain ones are in the domain of their name. */
async function opened(): Promise<SecuredApi> {
  const api = await SecuredApi.open()
  const labelled = (key: string, domain: string) => (domain === 'plain' ? {} : { [key]: domain })
  for (const domain of ['red', 'blue', 'plain']) {
    await api.create('/api/v1/namespaces', { metadata: { name: domain, labels: labelled(label, domain) } })
    await api.create(`/api/v1/namespaces/${domain}/serviceaccounts`, { metadata: { name: 'default' } })
    await api.create('/api/v1/nodes', { metadata: { name: `${domain}-1`, labels: labelled(nodeLabel, domain) } })
  }
  const rules = [
    { apiGroups: [''], resources: ['nodes', 'namespaces'], verbs: ['create', 'patch', 'update', 'get'] },
    { apiGroups: [''], resources: ['pods', 'pods/binding', 'bindings'], verbs: ['*'] },
  ]
  await api.create('/apis/rbac.authorization.k8s.io/v1/clusterroles', { metadata: { name: 'placer' }, rules })
  await api.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: 'placer' },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'placer' }],
    roleRef: { kind: 'ClusterRole', apiGroup: 'rbac.authorization.k8s.io', name: 'placer' },
  })
  return api
}
const podsOf = (namespace: string) => `/api/v1/namespaces/${namespace}/pods`
const refused = ({ status, json }: Answer, why: RegExp) => {
  assert.equal(status, 403)
  assert.match(json.message, why)
}
const bind = (api: SecuredApi, namespace: string, pod: string, node: string) =>
  api.request(admin, 'POST', `${podsOf(namespace)}/${pod}/binding`, {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name: pod },
    target: { kind: 'Node', name: node },
  })

test('a pod that names its node, tolerates everything and forges its domain comes to no node of another domain', async () => {
  await using api = await opened()
  const everywhere = { tolerations: [{ operator: 'Exists' }] }
  for (const [namespace, node] of [
    ['red', 'blue-1'],
    ['red', 'plain-1'],
    ['plain', 'red-1'],
    ['red', 'not-there-yet'],
  ] as const) {
    const pod = restrictedPod('p', { nodeName: node, ...everywhere })
    refused(await api.request(admin, 'POST', podsOf(namespace), pod), /^pods "p" is forbidden: node ".*" is of (no )?trust domain/)
    const forged = { ...pod, metadata: { name: 'p', annotations: { [annotation]: node.replace('-1', '') } } }
    refused(await api.request(placer, 'POST', podsOf(namespace), forged), /is of (no )?trust domain/)
  }
  const { metadata } = await api.create(podsOf('red'), restrictedPod('fits', { nodeName: 'red-1' }))
  assert.equal(metadata.annotations[annotation], 'red')
  await api.create(podsOf('plain'), restrictedPod('fits', { nodeName: 'plain-1' }))
  await api.create(podsOf('plain'), restrictedPod('early', { nodeName: 'not-there-yet' }))
})

test('a binding to a node of another domain is refused, by both paths', async () => {
  await using api = await opened()
  await api.create(podsOf('red'), restrictedPod('p'))
  refused(
    await bind(api, 'red', 'p', 'blue-1'),
    /^pods "p" is forbidden: node "blue-1" is of trust domain "blue", the pod of trust domain "red"$/,
  )
  const body = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'p' }, target: { kind: 'Node', name: 'plain-1' } }
  refused(await api.request(admin, 'POST', '/api/v1/namespaces/red/bindings', body), /is of no trust domain/)
  assert.equal((await bind(api, 'red', 'p', 'red-1')).status, 201)
})

test("a pod's domain cannot be changed", async () => {
  await using api = await opened()
  await api.create(podsOf('red'), restrictedPod('p'))
  const patches: [string, unknown][] = [
    [contentTypes.merge, { metadata: { annotations: { [annotation]: 'blue' } } }],
    [contentTypes.strategic, { metadata: { annotations: { [annotation]: null } } }],
    [contentTypes.jsonPatch, [{ op: 'replace', path: '/metadata/annotations', value: {} }]],
  ]
  for (const subresource of ['', '/status'])
    for (const [type, patch] of patches) {
      await api.request(admin, 'PATCH', `${podsOf('red')}/p${subresource}`, patch, type)
      const { json } = await api.request(admin, 'GET', `${podsOf('red')}/p`)
      assert.equal(json.metadata.annotations?.[annotation], 'red', `${type} ${subresource}`)
    }
  refused(await bind(api, 'red', 'p', 'blue-1'), /trust domain/)
  const forged = { metadata: { name: 'p', annotations: { [annotation]: 'blue', other: 'x' } }, target: { kind: 'Node', name: 'red-1' } }
  assert.equal((await api.request(admin, 'POST', `${podsOf('red')}/p/binding`, forged)).status, 201)
  const { json } = await api.request(admin, 'GET', `${podsOf('red')}/p`)
  assert.deepEqual([json.metadata.annotations[annotation], json.metadata.annotations.other], ['red', 'x'])
})

test('a mirror pod of a static pod represents no pod of another domain', async () => {
  await using api = await opened()
  const { metadata } = (await api.request(admin, 'GET', '/api/v1/nodes/blue-1')).json
  const owner = { apiVersion: 'v1', kind: 'Node', name: 'blue-1', uid: metadata.uid, controller: true }
  const mirror = {
    ...restrictedPod('static', { nodeName: 'blue-1' }),
    metadata: { name: 'static', annotations: { 'kubernetes.io/config.mirror': 'x' }, ownerReferences: [owner] },
  }
  // Nodes themselves create none.
  refused(await api.request(nodeUser('blue-1'), 'POST', podsOf('blue'), mirror), /run no static pods/)
  refused(await api.request(admin, 'POST', podsOf('red'), mirror), /trust domain/)
  assert.equal((await api.request(admin, 'POST', podsOf('blue'), mirror)).status, 201)
})

test('moving nodes and namespaces into or out of a domain requires a right beyond writing them', async () => {
  await using api = await opened()
  const move = (path: string, key: string, domain: string | null) =>
    api.request(placer, 'PATCH', path, { metadata: { labels: { [key]: domain } } })
  const why = /user "placer" may not place in trust domain ".*": that takes the verb "place" on trustdomains\.placement\.bulkhead\.dev/
  refused(await move('/api/v1/nodes/plain-1', nodeLabel, 'red'), why)
  refused(await move('/api/v1/nodes/red-1', nodeLabel, null), why)
  refused(await move('/api/v1/namespaces/plain', label, 'red'), why)
  refused(await move('/api/v1/namespaces/red', label, 'blue'), why)
  refused(await api.request(placer, 'POST', '/api/v1/namespaces', { metadata: { name: 'more', labels: { [label]: 'red' } } }), why)
  await api.create('/apis/rbac.authorization.k8s.io/v1/clusterroles', {
    metadata: { name: 'red' },
    rules: [{ apiGroups: ['placement.bulkhead.dev'], resources: ['trustdomains'], resourceNames: ['red'], verbs: ['place'] }],
  })
  await api.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: 'red' },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'placer' }],
    roleRef: { kind: 'ClusterRole', apiGroup: 'rbac.authorization.k8s.io', name: 'red' },
  })
  assert.equal((await move('/api/v1/nodes/plain-1', nodeLabel, 'red')).status, 200)
  refused(await move('/api/v1/nodes/plain-1', nodeLabel, 'blue'), why)
})

test('a node and a namespace change their domain only without pods of another one', async () => {
  await using api = await opened()
  await api.create(podsOf('red'), restrictedPod('p', { nodeName: 'red-1' }))
  // Pods of the platform itself have no domain.
  await api.create('/api/v1/namespaces/kube-system/serviceaccounts', { metadata: { name: 'default' } })
  await api.create(podsOf('kube-system'), restrictedPod('agent', { nodeName: 'red-1' }))
  const move = (path: string, key: string, domain: string | null) =>
    api.request(admin, 'PATCH', path, { metadata: { labels: { [key]: domain } } })
  refused(
    await move('/api/v1/nodes/red-1', nodeLabel, 'blue'),
    /node "red-1" has 1 pods of another trust domain than trust domain "blue", such as "red\/p"/,
  )
  refused(await move('/api/v1/namespaces/red', label, null), /namespace "red" has 1 pods of another trust domain than no trust domain/)
  assert.equal((await api.request(admin, 'DELETE', '/api/v1/nodes/red-1')).status, 200)
  // The machine still runs its pod, and comes back as a node without a domain.
  refused(
    await api.request(nodeUser('red-1'), 'POST', '/api/v1/nodes', { metadata: { name: 'red-1' } }),
    /has 1 pods of another trust domain/,
  )
  assert.equal((await api.request(admin, 'DELETE', `${podsOf('red')}/p?gracePeriodSeconds=0`)).status, 200)
  assert.equal((await api.request(nodeUser('red-1'), 'POST', '/api/v1/nodes', { metadata: { name: 'red-1' } })).status, 201)
  assert.equal((await move('/api/v1/namespaces/red', label, null)).status, 200)
})

test('a node gives itself no domain', async () => {
  await using api = await opened()
  const body = { metadata: { name: 'new', labels: { [nodeLabel]: 'red' } } }
  refused(await api.request(nodeUser('new'), 'POST', '/api/v1/nodes', body), /is not allowed to set the following labels/)
  const patch = { metadata: { labels: { [nodeLabel]: 'blue' } } }
  refused(await api.request(nodeUser('plain-1'), 'PATCH', '/api/v1/nodes/plain-1', patch), /is not allowed to modify labels/)
})

test('of a pod and a change of its domain at the same time, only one is stored', async () => {
  await using api = await opened()
  const move = (path: string, key: string, domain: string | null) =>
    api.request(admin, 'PATCH', path, { metadata: { labels: { [key]: domain } } })
  for (const [what, path, key] of [
    ['namespace', '/api/v1/namespaces/plain', label],
    ['node', '/api/v1/nodes/plain-1', nodeLabel],
  ] as const) {
    const pod = `${podsOf('plain')}/of-${what}`
    const create = () => api.request(admin, 'POST', podsOf('plain'), restrictedPod(`of-${what}`, { nodeName: 'plain-1' }))
    const answers = await Promise.all([create(), move(path, key, 'red')])
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), answers[0].status === 201 ? [201, 403] : [200, 403], what)
    await api.request(admin, 'DELETE', `${pod}?gracePeriodSeconds=0`)
    // Nothing is left behind that would refuse the next.
    assert.equal((await move(path, key, 'red')).status, 200)
    assert.equal((await move(path, key, null)).status, 200)
    assert.equal((await create()).status, 201)
    await api.request(admin, 'DELETE', `${pod}?gracePeriodSeconds=0`)
  }
})
