import assert from 'node:assert/strict'
import { test } from 'node:test'
import { header } from '../http/exchange.ts'
import { TestServer, testUser } from '../testing.ts'
import { aggregatedVersion, answerForm, failureForm, requireAcceptableRoute } from './negotiate.ts'

const meta = (as: string, version = 'v1') => `application/json;as=${as};v=${version};g=meta.k8s.io`
const binary = 'application/vnd.kubernetes.protobuf'
const binaryMeta = (as: string) => `${binary};as=${as};v=v1;g=meta.k8s.io`
const types = `application/json, application/yaml, ${binary}`
const rows: readonly [name: string, accept: string | undefined, form: string][] = [
  ['nothing', undefined, 'object'],
  ['anything', '*/*', 'object'],
  ['what is empty', '', 'object'],
  ['a star', '*', 'object'],
  ['JSON as the last resort', 'application/json;q=0', 'object'],
  ['protobuf or JSON', `${binary},application/json`, 'object in protobuf'],
  ['protobuf alone', binary, 'object in protobuf'],
  ['protobuf, and JSON rather', `${binary};q=0.5,application/json;q=0.9`, 'object'],
  ['protobuf of a watch', `${binary};stream=watch`, 'object in protobuf'],
  ['protobuf with line breaks', `${binary};pretty=1`, 'object in protobuf'],
  ['a Table in protobuf, which there is not, or JSON', `${binaryMeta('Table')},application/json`, 'object'],
  ['metadata in protobuf', binaryMeta('PartialObjectMetadata'), 'partial meta.k8s.io/v1 in protobuf'],
  ['any type, and protobuf rather', `*/*,${binary}`, 'object in protobuf'],
  ['the name of a method of objects, or JSON', 'constructor,__proto__,application/json', 'object'],
  ['a Table', meta('Table'), 'table meta.k8s.io/v1'],
  ['an old Table', meta('Table', 'v1beta1'), 'table meta.k8s.io/v1beta1'],
  ['a Table or JSON', `${meta('Table')},application/json`, 'table meta.k8s.io/v1'],
  ['metadata', meta('PartialObjectMetadata'), 'partial meta.k8s.io/v1'],
  ['old metadata', meta('PartialObjectMetadataList', 'v1beta1'), 'partial meta.k8s.io/v1beta1'],
  ['anything, and a Table rather', `*/*,${meta('Table')}`, 'table meta.k8s.io/v1'],
  ['any application, and a Table rather', `application/*,${meta('Table')}`, 'table meta.k8s.io/v1'],
  ['the better of two', 'application/yaml;q=0.5,application/json;q=0.9', 'object'],
]
for (const [name, accept, form] of rows) {
  test(`answerForm() for ${name}`, () => {
    const { as, metaVersion, encoding } = answerForm(accept)
    assert.equal(`${as === 'object' ? as : `${as} ${metaVersion}`}${encoding === 'protobuf' ? ' in protobuf' : ''}`, form)
  })
}

const refused = [
  ...[binaryMeta('Table'), `${binary};stream=drip`, meta('Table', 'v2'), meta('Deployment'), 'text/html', 'application/json;stream=drip'],
  ...['application/JSON', 'application/json;g=meta.k8s.io;v=v1', 'application/json;as=Service;g=;v=v1', 'application/yaml;stream=watch'],
]
test('answerForm() has no protobuf of a kind without field numbers but its metadata', () => {
  const custom = { tables: true, stream: false, protobuf: false }
  assert.throws(() => answerForm(binary, custom), {
    message: 'only the following media types are accepted: application/json, application/yaml',
  })
  assert.equal(answerForm(`${binary},application/json`, custom).encoding, 'json')
  assert.equal(answerForm(binaryMeta('PartialObjectMetadata'), custom).encoding, 'protobuf')
})
for (const accept of refused) {
  test(`answerForm() refuses a client that accepts only ${accept}`, () => {
    assert.throws(() => answerForm(accept), { message: `only the following media types are accepted: ${types}` })
  })
}

for (const [accept, type, pretty] of [
  ['application/yaml', 'application/yaml', false],
  [`${meta('Table')},application/json`, 'application/json', false],
  ['application/json;pretty=1', 'application/json', true],
  [`application/yaml;as=Table;v=v1;g=meta.k8s.io`, 'application/json', true],
  [meta('Table'), 'application/json', true],
  ['text/html', 'application/json', true],
] as const) {
  test(`a refusal is ${type}${pretty ? ' with line breaks' : ''} if the client accepts ${accept}`, async () => {
    await using api = new TestServer()
    const { headers, text } = await api.request('GET', '/apis/apps/v1/namespaces/a/b', undefined, { accept })
    assert.deepEqual([headers['content-type'], text.startsWith('{\n')], [type, pretty])
  })
}

const configMaps = '/api/v1/namespaces/default/configmaps'

test('no more than 2,048 characters of an Accept header are read', () => {
  const json = 'application/json;pretty=1'
  const after = (length: number): string => `${','.repeat(length)}${json}`
  const fits = after(2048 - json.length)
  const isLate = after(2048)
  assert.equal(answerForm(fits).pretty, true)
  assert.throws(() => answerForm(isLate), /only the following media types are accepted/)
  // JSON of a shape for people, as for all that accept nothing known.
  assert.equal(failureForm(after(60_000)).encoding, 'json')
  requireAcceptableRoute(fits)
  assert.throws(() => requireAcceptableRoute(isLate), /Not Acceptable/)
  const aggregated = ',application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
  assert.equal(aggregatedVersion(','.repeat(1900) + aggregated), 'v2')
  assert.equal(aggregatedVersion(','.repeat(2048) + aggregated), undefined)
})

test('the protobuf of OpenAPI v2 is not searched beyond the limit of an Accept header', async () => {
  await using server = new TestServer()
  const protobuf = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'
  const typeOf = async (accept: string) => {
    const reply = await server
      .as(testUser)
      .request({ method: 'GET', path: '/openapi/v2', headers: { accept } }, new AbortController().signal)
    return header(reply.headers, 'content-type') ?? ''
  }
  assert.match(await typeOf(`application/json${','.repeat(1000)}${protobuf}`), /protobuf/)
  assert.equal(await typeOf(`application/json${','.repeat(2048)}${protobuf}`), 'application/json')
})

test('a Table and metadata have the requested version, and so have objects in them', async () => {
  await using api = new TestServer()
  await api.create(configMaps, { metadata: { name: 'a' } })
  for (const version of ['v1', 'v1beta1']) {
    const apiVersion = `meta.k8s.io/${version}`
    for (const path of [`${configMaps}/a`, configMaps, `${configMaps}?pretty=true`]) {
      const { json } = await api.request('GET', path, undefined, { accept: meta('Table', version) })
      assert.deepEqual([json.kind, json.apiVersion, json.rows[0].object.apiVersion], ['Table', apiVersion, apiVersion])
      const kind = path.endsWith('/a') ? 'PartialObjectMetadata' : 'PartialObjectMetadataList'
      const partial = await api.request('GET', path, undefined, { accept: meta(kind, version) })
      assert.equal(partial.json.apiVersion, apiVersion)
      assert.equal(partial.json.items?.[0].apiVersion ?? apiVersion, apiVersion)
    }
  }
})

test('there is no Table of a review, but JSON if the client accepts that too', async () => {
  await using api = new TestServer()
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
  const body = { spec: { nonResourceAttributes: { path: '/', verb: 'get' } } }
  assert.equal((await api.request('POST', path, body, { accept: meta('Table') })).status, 406)
  const { status, json } = await api.request('POST', path, body, { accept: `${meta('Table')},application/json` })
  assert.deepEqual([status, json.kind], [201, 'SelfSubjectAccessReview'])
  const pods = '/api/v1/namespaces/default/pods'
  await api.create(pods, { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } })
  const eviction = await api.request('POST', `${pods}/p/eviction`, { metadata: { name: 'p' } }, { accept: meta('Table') })
  assert.equal(eviction.status, 406)
})

test('a scale is printed with desired and current replicas', async () => {
  await using api = new TestServer()
  const path = '/apis/apps/v1/namespaces/default/deployments'
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  await api.create(path, { metadata: { name: 'd' }, spec: { replicas: 3, selector: { matchLabels: { a: 'b' } }, template } })
  const { json } = await api.request('GET', `${path}/d/scale`, undefined, { accept: meta('Table') })
  assert.deepEqual(
    json.columnDefinitions.map((column: { name: string }) => column.name),
    ['Name', 'Desired', 'Available', 'Age'],
  )
  assert.deepEqual(json.rows[0].cells.slice(0, 3), ['d', 3, 0])
})

const agents: readonly [agent: string, query: string, pretty: boolean][] = [
  ['curl/8.14.1', '', true],
  ['curl/8.14.1', '?pretty=false', false],
  ['Mozilla/5.0 (X11)', '', true],
  ['kubectl/v1.32.3', '', false],
  ['kubectl/v1.32.3', '?pretty=true', true],
  ['kubectl/v1.32.3', '?pretty=yes', false],
]
for (const [agent, query, pretty] of agents) {
  test(`answers and refusals to ${agent}${query} ${pretty ? 'have' : 'have no'} line breaks`, async () => {
    await using api = new TestServer()
    for (const path of ['/api/v1/namespaces/default/configmaps', '/apis', '/api/v1/namespaces/default/configmaps/none']) {
      const { text } = await api.request('GET', path + query, undefined, { 'user-agent': agent })
      assert.equal(text.includes('\n  "kind"'), pretty, text)
    }
    const { text } = await api.request('GET', `/openapi/v3${query}`, undefined, { 'user-agent': agent })
    assert.doesNotMatch(text, /\n/)
  })
}

const refusals: readonly (readonly [what: string, query: string, accept: string, status: number, message: string])[] = [
  [
    'metadata of a list',
    '',
    meta('PartialObjectMetadata'),
    406,
    'you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)',
  ],
  [
    'metadata of one as of a list',
    '/a',
    meta('PartialObjectMetadataList'),
    406,
    'you requested PartialObjectMetadataList, but the requested object is not a list (*core.ConfigMap)',
  ],
  ['a watch that drips', '?watch=true', 'application/json;stream=drip', 406, `only the following media types are accepted: ${types}`],
  [
    'a watch in YAML',
    '?watch=true',
    'application/yaml',
    406,
    `only the following media types are accepted: application/json;stream=watch, ${binary};stream=watch`,
  ],
  [
    'a watch as a list',
    '?watch=true',
    meta('PartialObjectMetadataList'),
    406,
    'you requested PartialObjectMetadataList, but the requested object is not a list (*core.ConfigMap)',
  ],
  ...['?includeObject=x', '/a?includeObject=x', '?watch=true&includeObject=x'].map(
    query =>
      [
        `a Table of something unknown at ${query}`,
        query,
        meta('Table'),
        400,
        `Unable to convert to Table as requested: includeObject: Invalid value: "x": must be 'Metadata', 'Object', 'None', or empty`,
      ] as const,
  ),
]
for (const [what, query, accept, status, message] of refusals) {
  test(`no client gets ${what}`, async () => {
    await using api = new TestServer()
    await api.create(configMaps, { metadata: { name: 'a' } })
    const answer = await api.get(configMaps + query, { accept })
    assert.equal(answer.status, status)
    // Errors are YAML for a client that accepts only that.
    assert.ok((answer.json?.message ?? answer.text).includes(message), answer.text)
  })
}
