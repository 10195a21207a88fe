// metrics.k8s.io from the nodes' measurements: who can read it, what a node can report, and what replaces it.
import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import type { ContainerUsage, NodeUsage } from '../../../api/nodes/node-protocol.ts'
import { admin, person, restrictedPod, SecuredApi } from '../secured-api.testing.ts'
import { Aggregation } from './aggregation.testing.ts'
import { apiServiceFor, apiServices } from './extension-server.testing.ts'

const home = '/apis/metrics.k8s.io/v1beta1'
const used = { at: Date.UTC(2026, 0, 1), windowMs: 15_000, cpuNanocores: 250_000_000, memoryBytes: 8 * 1024 * 1024 }
const containerOf = (podUid: string): ContainerUsage => ({ podUid, name: 'c', ...used })

async function putNode(api: SecuredApi, name: string, usage: () => NodeUsage): Promise<void> {
  await api.create('/api/v1/nodes', { metadata: { name, labels: { zone: name } } })
  api.server.nodeTunnels.register(name, async request => {
    const isUsage = request.kind === 'kubelet' && request.path === 'stats/usage'
    const stream = new PassThrough()
    stream.end(isUsage ? JSON.stringify(usage()) : '')
    return { status: isUsage ? 200 : 404, contentType: 'application/json', stream }
  })
}

/** Returns its uid. */
async function putPod(api: SecuredApi, namespace: string, name: string, nodeName: string): Promise<string> {
  const pod = restrictedPod(name, { nodeName })
  const path = `/api/v1/namespaces/${namespace}/pods`
  const { metadata } = await api.create(path, { ...pod, metadata: { name, labels: { app: name } } })
  const status = await api.request(admin, 'PATCH', `${path}/${name}/status`, { status: { phase: 'Running' } })
  assert.equal(status.status, 200, status.text)
  return metadata.uid
}

async function withPods(): Promise<{ api: SecuredApi; saidByN2: ContainerUsage[] }> {
  const api = await SecuredApi.open()
  for (const name of ['shop', 'other']) {
    await api.create('/api/v1/namespaces', { metadata: { name } })
    await api.create(`/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } })
  }
  const saidByN1: ContainerUsage[] = []
  const saidByN2: ContainerUsage[] = []
  await putNode(api, 'n1', () => ({ node: { ...used, cpuNanocores: 1_500_000_000 }, containers: saidByN1 }))
  await putNode(api, 'n2', () => ({ containers: saidByN2 }))
  const web = await putPod(api, 'shop', 'web', 'n1')
  const db = await putPod(api, 'shop', 'db', 'n1')
  await putPod(api, 'other', 'quiet', 'n1')
  saidByN1.push(containerOf(web), containerOf(db))
  saidByN2.push(containerOf(web))
  return { api, saidByN2 }
}

const names = (list: { items: { metadata: { name: string } }[] }) => list.items.map(({ metadata }) => metadata.name)

test("pods and nodes are listed, selected and read with their nodes' measurements", async () => {
  const { api } = await withPods()
  await using _ = api
  const list = (path: string) => api.request(admin, 'GET', `${home}/${path}`)
  const pods = (await list('namespaces/shop/pods')).json
  assert.deepEqual([pods.kind, pods.apiVersion, names(pods)], ['PodMetricsList', 'metrics.k8s.io/v1beta1', ['db', 'web']])
  assert.deepEqual(pods.items[1].containers, [{ name: 'c', usage: { cpu: '250m', memory: '8Mi' } }])
  assert.deepEqual(names((await list('pods')).json), ['db', 'web'])
  assert.deepEqual(names((await list('namespaces/shop/pods?labelSelector=app%3Dweb')).json), ['web'])
  assert.deepEqual(names((await list('namespaces/shop/pods?fieldSelector=metadata.name%3Ddb')).json), ['db'])
  assert.deepEqual(names((await list('namespaces/other/pods')).json), [])
  const nodes = (await list('nodes')).json
  assert.deepEqual([nodes.kind, names(nodes), nodes.items[0].usage.cpu], ['NodeMetricsList', ['n1'], '1500m'])
  assert.equal((await list('namespaces/shop/pods/web')).json.kind, 'PodMetrics')
  const missing = await list('namespaces/other/pods/quiet')
  assert.deepEqual([missing.status, missing.json.message], [404, 'podmetrics.metrics.k8s.io "other/quiet" not found'])
  assert.equal((await list('nodes/n2')).json.message, 'nodemetrics.metrics.k8s.io "n2" not found')
  assert.equal((await list('namespaces/shop/pods?labelSelector=%3D')).status, 400)
  assert.equal((await list('namespaces/shop/pods?watch=true')).status, 405)
  assert.equal((await api.request(admin, 'DELETE', `${home}/namespaces/shop/pods/web`)).status, 405)
})

test('discovery shows the group, and kubectl gets a Table', async () => {
  const { api } = await withPods()
  await using _ = api
  const { json } = await api.request(admin, 'GET', home)
  const kinds = json.resources.map((resource: { name: string; kind: string; verbs: string[] }) => [
    resource.name,
    resource.kind,
    resource.verbs,
  ])
  assert.deepEqual(kinds, [
    ['nodes', 'NodeMetrics', ['get', 'list']],
    ['pods', 'PodMetrics', ['get', 'list']],
  ])
  assert.equal((await api.request(admin, 'GET', `/openapi/v3${home}`)).status, 200)
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io'
  const reply = await api.send({ url: `${home}/namespaces/shop/pods`, identity: admin, headers: { accept } })
  const table = JSON.parse(String(reply.body))
  assert.deepEqual(
    table.rows.map(({ cells }: { cells: unknown[] }) => cells),
    [
      ['db', '250m', '8Mi', '15s'],
      ['web', '250m', '8Mi', '15s'],
    ],
  )
})

test('a viewer of a namespace reads the metrics of its pods only', async () => {
  const { api } = await withPods()
  await using _ = api
  const vera = person('vera')
  const get = async (path: string) => (await api.request(vera, 'GET', `${home}/${path}`)).status
  assert.deepEqual([await get('namespaces/shop/pods'), await get('nodes')], [403, 403])
  const { json } = await api.request(admin, 'GET', '/apis/rbac.authorization.k8s.io/v1/clusterroles/bulkhead:metrics-reader')
  assert.deepEqual(json.rules, [{ verbs: ['get', 'list', 'watch'], apiGroups: ['metrics.k8s.io'], resources: ['pods', 'nodes'] }])
  assert.equal(json.metadata.labels['rbac.authorization.k8s.io/aggregate-to-view'], 'true')
  await api.create('/apis/rbac.authorization.k8s.io/v1/namespaces/shop/rolebindings', {
    metadata: { name: 'vera' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'bulkhead:metrics-reader' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'vera' }],
  })
  assert.deepEqual(
    [await get('namespaces/shop/pods'), await get('namespaces/other/pods'), await get('pods'), await get('nodes')],
    [200, 403, 403, 403],
  )
})

test('a node reports nothing about pods on other nodes', async () => {
  const { api, saidByN2 } = await withPods()
  await using _ = api
  // What n2 claims about n1's pod is ignored, and a pod of n2 is read only from n2.
  const own = await putPod(api, 'other', 'own', 'n2')
  saidByN2.splice(0, saidByN2.length, { ...containerOf(own), cpuNanocores: 7_000_000_000 })
  const { json } = await api.request(admin, 'GET', `${home}/pods`)
  const cpu = json.items.map(({ metadata, containers }: { metadata: { name: string }; containers: { usage: { cpu: string } }[] }) => [
    metadata.name,
    containers[0]?.usage.cpu,
  ])
  assert.deepEqual(cpu, [
    ['own', '7'],
    ['db', '250m'],
    ['web', '250m'],
  ])
})

test('an APIService of the same name takes its place until it is deleted', async () => {
  await using made = await Aggregation.open()
  const before = await made.request(admin, 'GET', `${home}/nodes`)
  assert.deepEqual([before.status, before.json.kind], [200, 'NodeMetricsList'])
  const spec = { group: 'metrics.k8s.io', version: 'v1beta1' }
  const service = { ...apiServiceFor(made.extension, spec), metadata: { name: 'v1beta1.metrics.k8s.io' } }
  made.extension.answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end('{"kind":"Foreign","resources":[]}')
  }
  await made.api.create(apiServices, service)
  await made.until(({ status }) => status === 'True', 'v1beta1.metrics.k8s.io')
  for (const path of ['nodes', 'namespaces/default/pods', 'namespaces/default/pods/a', 'anything']) {
    assert.equal((await made.request(admin, 'GET', `${home}/${path}`)).json.kind, 'Foreign', path)
  }
  assert.equal((await made.request(admin, 'DELETE', `${apiServices}/v1beta1.metrics.k8s.io`)).status, 200)
  assert.equal((await made.request(admin, 'GET', `${home}/nodes`)).json.kind, 'NodeMetricsList')
})

test("a report above the limits of a node's containers counts as no measurement", async () => {
  const { api } = await withPods()
  await using _ = api
  const said = Array.from({ length: 400 }, () => containerOf('made-up'))
  await putNode(api, 'n3', () => ({ node: used, containers: said }))
  const ask = async () => (await api.request(admin, 'GET', `${home}/nodes/n3`)).status
  assert.equal(await ask(), 404)
  await putNode(api, 'n4', () => ({ node: used, containers: said.slice(0, 50) }))
  assert.equal((await api.request(admin, 'GET', `${home}/nodes/n4`)).status, 200)
})
