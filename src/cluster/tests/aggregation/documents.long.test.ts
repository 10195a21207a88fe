// Discovery and OpenAPI with group versions of aggregated servers.
import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { test } from 'node:test'
import { type Answer, admin, readAll } from '../secured-api.testing.ts'
import { Aggregation, type AggregationOptions } from './aggregation.testing.ts'
import { apiServices } from './extension-server.testing.ts'
import { flunderDocuments, flunderResources, flunderServer, group } from './flunder-server.testing.ts'

const aggregatedType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
const slice = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/wardle-1'

interface DiscoveredVersion {
  readonly version: string
  readonly freshness: string
  readonly resources?: readonly { readonly resource: string; readonly scope: string; readonly subresources?: readonly object[] }[]
}

/** Waits until the group in aggregated discovery is as expected. */
async function discovered(made: Aggregation, is: (version: DiscoveredVersion) => boolean): Promise<DiscoveredVersion> {
  let version: DiscoveredVersion | undefined
  await made.untilDocuments(async () => {
    const { json } = await get(made, '/apis', aggregatedType)
    version = json.items.find((one: { metadata: { name: string } }) => one.metadata.name === group)?.versions[0]
    return version !== undefined && is(version)
  })
  if (version === undefined) throw new Error('the group is not in discovery')
  return version
}

const get = async (made: Aggregation, url: string, accept = 'application/json'): Promise<Answer> =>
  await readAll(await made.api.send({ url, identity: admin, headers: { accept } }))

const fresh = ({ freshness }: DiscoveredVersion) => freshness === 'Current'
const stale = ({ freshness }: DiscoveredVersion) => freshness === 'Stale'

/** Answers these paths itself and all others as before. */
function instead(paths: Record<string, (request: IncomingMessage, response: ServerResponse) => void>): AggregationOptions {
  const usual = flunderServer()
  return { answer: (request, response) => (paths[request.url ?? ''] ?? usual)(request, response) }
}

test('an aggregated group is in every form of discovery, in the order of its priority', async () => {
  await using made = await Aggregation.open()
  const version = await discovered(made, fresh)
  assert.equal(version.version, 'v1')
  assert.deepEqual(version.resources?.[0], {
    resource: 'flunders',
    responseKind: { group: '', version: '', kind: 'Flunder' },
    scope: 'Namespaced',
    singularResource: 'flunder',
    verbs: flunderResources.resources[0]?.verbs,
    shortNames: ['fl'],
    categories: ['all'],
    subresources: [{ subresource: 'status', responseKind: { group: '', version: '', kind: 'Flunder' }, verbs: ['get', 'patch', 'update'] }],
  })
  const order = async (): Promise<string[]> => (await get(made, '/apis')).json.groups.map(({ name }: { name: string }) => name)
  assert.ok((await order()).indexOf(group) > (await order()).indexOf('flowcontrol.apiserver.k8s.io'))
  const entry = { groupVersion: `${group}/v1`, version: 'v1' }
  assert.deepEqual((await get(made, `/apis/${group}`)).json, {
    ...{ kind: 'APIGroup', apiVersion: 'v1', name: group, versions: [entry], preferredVersion: entry },
  })
  await made.request(admin, 'PATCH', `${apiServices}/v1.${group}`, { spec: { groupPriorityMinimum: 20_000 } })
  await discovered(made, fresh)
  assert.equal((await order())[0], group)
  await made.request(admin, 'DELETE', `${apiServices}/v1.${group}`)
  assert.equal((await get(made, `/apis/${group}`)).status, 404)
})

test('a backend with aggregated discovery is read in that form', async () => {
  const resources = [
    {
      resource: 'flunders',
      responseKind: { group, version: 'v1', kind: 'Flunder' },
      scope: 'Cluster',
      singularResource: 'flunder',
      verbs: ['get'],
    },
  ]
  const document = {
    kind: 'APIGroupDiscoveryList',
    items: [{ metadata: { name: group }, versions: [{ version: 'v1', freshness: 'Current', resources }] }],
  }
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    assert.match(request.headers.accept ?? '', /as=APIGroupDiscoveryList/)
    response.setHeader('content-type', aggregatedType)
    response.end(JSON.stringify(document))
  }
  await using made = await Aggregation.open(instead({ '/apis': answer }))
  assert.deepEqual((await discovered(made, fresh)).resources, resources)
})

test('a group whose backend is down is stale, with its last known content, and current again when it is back', async () => {
  await using made = await Aggregation.open()
  await discovered(made, fresh)
  const ready = (value: boolean) => {
    const targetRef = { kind: 'Pod', namespace: 'default', name: 'wardle-0' }
    return made.request(admin, 'PATCH', slice, { endpoints: [{ addresses: ['10.1.2.3'], conditions: { ready: value }, targetRef }] })
  }
  await ready(false)
  assert.equal((await discovered(made, stale)).resources?.length, 1)
  await ready(true)
  assert.equal((await discovered(made, fresh)).resources?.length, 1)
})

const deep = `${'['.repeat(200)}${']'.repeat(200)}`
const hostile: readonly [name: string, body: string | Buffer][] = [
  ['too large', Buffer.alloc(5 * 1024 * 1024, 0x20)],
  ['too deep', deep],
  ['no JSON', 'hello'],
  ['of another kind', '{"kind":"PodList"}'],
  ['a resource whose name leads elsewhere', JSON.stringify({ ...flunderResources, resources: [{ name: '..', verbs: [] }] })],
  ['invalid names', JSON.stringify({ ...flunderResources, resources: [{ name: { a: 1 } }] })],
  ['too many resources', JSON.stringify({ ...flunderResources, resources: Array.from({ length: 1001 }, (_, i) => ({ name: `r${i}` })) })],
]
for (const [name, body] of hostile) {
  test(`discovery of a backend that is ${name} is stale, and the rest of discovery is as before`, async () => {
    // The availability check only looks at the status.
    const answer = (_request: IncomingMessage, response: ServerResponse) => void response.end(body)
    await using opened = await Aggregation.open(instead({ [`/apis/${group}/v1`]: answer }))
    await opened.api.untilLogged('discovery of API service failed')
    const version = await discovered(opened, stale)
    assert.equal(version.resources, undefined)
    const { json } = await get(opened, '/apis', aggregatedType)
    assert.equal(json.items.filter(({ versions }: { versions: DiscoveredVersion[] }) => versions.some(stale)).length, 1)
  })
}

test('OpenAPI v3 lists the group version, and its own server describes it', async () => {
  await using made = await Aggregation.open()
  await made.untilDocuments(async () => `apis/${group}/v1` in (await get(made, '/openapi/v3')).json.paths)
  const { paths } = (await get(made, '/openapi/v3')).json
  const { serverRelativeURL } = paths[`apis/${group}/v1`]
  assert.match(serverRelativeURL, /^\/openapi\/v3\/apis\/wardle\.example\.com\/v1\?hash=[0-9A-F]{128}$/)
  assert.ok('apis/apps/v1' in paths)
  assert.deepEqual((await get(made, serverRelativeURL)).json, flunderDocuments[`/openapi/v3/apis/${group}/v1`])
})

test('OpenAPI v3 of a server that has only v2 is made from that', async () => {
  const missing = (_request: IncomingMessage, response: ServerResponse) => void response.writeHead(404).end()
  await using made = await Aggregation.open(instead({ '/openapi/v3': missing }))
  const path = `apis/${group}/v1`
  await made.untilDocuments(async () => path in (await get(made, '/openapi/v3')).json.paths)
  const { serverRelativeURL } = (await get(made, '/openapi/v3')).json.paths[path]
  const { openapi, components, paths } = (await get(made, serverRelativeURL)).json
  assert.equal(openapi, '3.0.0')
  assert.equal(
    components.schemas['com.example.Flunder'].properties.metadata.$ref,
    '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta',
  )
  assert.deepEqual(Object.keys(paths), [`/${path}/namespaces/{namespace}/flunders`])
})

test('OpenAPI v2 holds the group version’s part, with names that nothing else has', async () => {
  await using made = await Aggregation.open()
  const path = `/apis/${group}/v1/namespaces/{namespace}/flunders`
  await made.untilDocuments(async () => path in (await get(made, '/openapi/v2')).json.paths)
  const { paths, definitions } = (await get(made, '/openapi/v2')).json
  assert.deepEqual(paths[path].get.parameters, [{ name: 'limit', in: 'query', type: 'integer' }])
  assert.equal(paths['/apis/other.example.com/v1/things'], undefined)
  assert.equal(definitions['com.example.Other'], undefined)
  const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'
  assert.ok(definitions[meta].properties.uid)
  assert.equal(definitions[`${meta}_v2`].description, 'Another ObjectMeta.')
  assert.equal(definitions['com.example.Flunder'].properties.metadata.$ref, `#/definitions/${meta}_v2`)
  assert.ok('/apis/apps/v1/namespaces/{namespace}/deployments' in paths)
  const etag = String((await get(made, '/openapi/v2')).headers['etag'])
  const again = () => made.api.send({ url: '/openapi/v2', identity: admin, headers: { 'if-none-match': etag } })
  assert.equal((await again()).status, 304)
  await made.request(admin, 'DELETE', `${apiServices}/v1.${group}`)
  assert.equal((await again()).status, 200)
  assert.equal((await get(made, '/openapi/v2')).json.paths[path], undefined)
})

test('custom resources and another server’s resources are both in OpenAPI v2', async () => {
  await using made = await Aggregation.open()
  const flundersPath = `/apis/${group}/v1/namespaces/{namespace}/flunders`
  const gadgetsPath = '/apis/shop.example.com/v1/namespaces/{namespace}/gadgets'
  await made.request(admin, 'POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    metadata: { name: 'gadgets.shop.example.com' },
    spec: {
      ...{ group: 'shop.example.com', scope: 'Namespaced', names: { plural: 'gadgets', kind: 'Gadget' } },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  })
  await made.until(({ reason }) => reason === 'Local', 'v1.shop.example.com')
  await made.untilDocuments(async () => flundersPath in (await get(made, '/openapi/v2')).json.paths)
  const { paths, definitions } = (await get(made, '/openapi/v2')).json
  for (const path of [flundersPath, gadgetsPath, '/apis/apps/v1/namespaces/{namespace}/deployments']) assert.ok(path in paths, path)
  assert.ok('com.example.Flunder' in definitions)
})
