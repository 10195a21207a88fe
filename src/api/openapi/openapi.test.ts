import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { resources } from '../resources/index.ts'
import { documentHash, openApiV2Document, openApiV3Document, openApiV3Index } from './openapi.ts'

const input = { resources, version: 'v1.33.3' }
/** As a client sees it. */
const wire = (document: object | undefined): Record<string, Record<string, Record<string, unknown>>> => JSON.parse(JSON.stringify(document))

/** Every `$ref` of a document points to something in it. */
function assertClosed(document: object): void {
  const text = JSON.stringify(document)
  for (const [, path = ''] of text.matchAll(/"\$ref":"#([^"]+)"/g)) {
    const target = path
      .split('/')
      .slice(1)
      .reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], document)
    assert.ok(target !== undefined, path)
  }
}

describe('openApiV3Document()', () => {
  it('describes what kubectl needs: kinds, merge keys, the fieldValidation parameter of patches', () => {
    const document = openApiV3Document(input, 'apis/apps/v1')
    assert.ok(document)
    assertClosed(document)
    const { components, paths } = wire(document)
    const deployment = components?.['schemas']?.['io.k8s.api.apps.v1.Deployment'] as Record<string, unknown>
    assert.deepEqual(deployment['x-kubernetes-group-version-kind'], [{ group: 'apps', kind: 'Deployment', version: 'v1' }])
    const one = paths?.['/apis/apps/v1/namespaces/{namespace}/deployments/{name}'] as Record<string, Record<string, unknown>>
    assert.equal(one['patch']?.['x-kubernetes-action'], 'patch')
    assert.match(JSON.stringify(one['patch']?.['parameters']), /"name":"fieldValidation","in":"query"/)
    assert.match(
      JSON.stringify(components),
      /"containers":\{"type":"array","items":\{"default":\{\},"allOf":.*?"x-kubernetes-patch-merge-key":"name"/,
    )
  })

  it('marks deletions that return the object', () => {
    const answerOf = (plural: string): unknown => {
      const { paths } = wire(openApiV3Document(input, 'apis/storage.k8s.io/v1'))
      const one = paths?.[`/apis/storage.k8s.io/v1/${plural}/{name}`] as Record<string, { responses: Record<string, unknown> }>
      return JSON.stringify(one['delete']?.responses['200']).match(/schemas\/([\w.-]+)/)?.[1]
    }
    assert.equal(answerOf('csidrivers'), 'io.k8s.api.storage.v1.CSIDriver')
    assert.equal(answerOf('namespaces/{namespace}/csistoragecapacities'), 'io.k8s.apimachinery.pkg.apis.meta.v1.Status')
  })

  it('names operations by all words of their group', () => {
    const named = (path: string) => JSON.stringify(openApiV3Document(input, path))
    assert.match(named('apis/rbac.authorization.k8s.io/v1'), /"operationId":"createRbacAuthorizationV1NamespacedRole"/)
    assert.match(named('apis/flowcontrol.apiserver.k8s.io/v1'), /"operationId":"readFlowcontrolApiserverV1FlowSchema"/)
    assert.match(named('apis/apps/v1'), /"operationId":"listAppsV1DeploymentForAllNamespaces"/)
    assert.match(named('api/v1'), /"operationId":"listCoreV1Node"/)
  })

  it('groups operations by tags and describes them in words', () => {
    const { paths } = wire(openApiV3Document(input, 'apis/apps/v1'))
    const operations = (path: string): unknown =>
      Object.entries(paths?.[path] ?? {}).flatMap(([method, value]) => {
        const { tags, description } = value as { tags?: string[]; description?: string }
        return method === 'parameters' ? [] : [[method, tags?.join(), description]]
      })
    const tag = 'apps_v1'
    assert.deepEqual(operations('/apis/apps/v1/'), [['get', tag, 'get the resources of a version']])
    assert.deepEqual(operations('/apis/apps/v1/namespaces/{namespace}/deployments'), [
      ['get', tag, 'list or watch objects of kind Deployment'],
      ['post', tag, 'create a Deployment'],
      ['delete', tag, 'delete collection of Deployment'],
    ])
    assert.deepEqual(operations('/apis/apps/v1/namespaces/{namespace}/deployments/{name}'), [
      ['get', tag, 'read the specified Deployment'],
      ['put', tag, 'replace the specified Deployment'],
      ['patch', tag, 'partially update the specified Deployment'],
      ['delete', tag, 'delete a Deployment'],
    ])
    assert.deepEqual(operations('/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale'), [
      ['get', tag, 'read scale of the specified Deployment'],
      ['put', tag, 'replace scale of the specified Deployment'],
      ['patch', tag, 'partially update scale of the specified Deployment'],
    ])
    const core = JSON.stringify(openApiV3Document(input, 'api/v1'))
    const texts = ['create an Event', 'create Endpoints', 'create binding of a Pod', 'connect POST requests to exec of Pod']
    for (const text of texts) assert.match(core, new RegExp(`"tags":\\["core_v1"\\],"description":"${text}"`))
    assert.match(JSON.stringify(openApiV3Document(input, 'apis/rbac.authorization.k8s.io')), /"tags":\["rbacAuthorization"\]/)
  })

  it('describes proxied targets, with every proxied method', () => {
    const { paths } = wire(openApiV3Document(input, 'api/v1'))
    for (const one of [
      '/api/v1/nodes/{name}',
      '/api/v1/namespaces/{namespace}/pods/{name}',
      '/api/v1/namespaces/{namespace}/services/{name}',
    ]) {
      const { parameters, ...operations } = paths?.[`${one}/proxy/{path}`] ?? {}
      assert.deepEqual(Object.keys(operations).sort(), ['delete', 'get', 'head', 'options', 'patch', 'post', 'put'], one)
      assert.match(JSON.stringify(parameters), /"name":"path","in":"path","required":true/)
      assert.match(JSON.stringify(operations['head']), /"operationId":"connectCoreV1Head\w+ProxyWithPath".*"content":\{"\*\/\*":/)
      assert.deepEqual(Object.keys(paths?.[`${one}/proxy`] ?? {}).length, 8)
    }
    const exec = Object.keys(paths?.['/api/v1/namespaces/{namespace}/pods/{name}/exec'] ?? {})
    assert.deepEqual(exec.sort(), ['get', 'parameters', 'post'])
    assert.match(JSON.stringify(paths?.['/api/v1/namespaces/{namespace}/pods/{name}/log']), /"content":\{"text\/plain":/)
  })

  it('describes the deprecated watches of watchable resources', () => {
    const { paths } = wire(openApiV3Document(input, 'apis/apps/v1'))
    const watched = (path: string): unknown => {
      const { get, parameters } = (paths?.[`/apis/apps/v1/watch${path}`] ?? {}) as Record<string, Record<string, unknown>>
      const names = (parameters as unknown as readonly { name: string }[]).map(({ name }) => name)
      return [get?.['operationId'], get?.['x-kubernetes-action'], names.slice(0, 3).join()]
    }
    assert.deepEqual(watched('/deployments'), [
      'watchAppsV1DeploymentListForAllNamespaces',
      'watchlist',
      'allowWatchBookmarks,continue,fieldSelector',
    ])
    assert.deepEqual(watched('/namespaces/{namespace}/deployments'), [
      'watchAppsV1NamespacedDeploymentList',
      'watchlist',
      'namespace,allowWatchBookmarks,continue',
    ])
    assert.deepEqual(watched('/namespaces/{namespace}/deployments/{name}'), [
      'watchAppsV1NamespacedDeployment',
      'watch',
      'name,namespace,allowWatchBookmarks',
    ])
    assert.doesNotMatch(JSON.stringify(openApiV3Document(input, 'apis/authorization.k8s.io/v1')), /watch\//)
  })

  it('describes the documents of the token issuer', () => {
    const { paths } = wire(openApiV3Document(input, 'openid/v1/jwks'))
    assert.match(
      JSON.stringify(paths?.['/openid/v1/jwks/']),
      /"tags":\["openid"\].*"application\/jwk-set\+json":\{"schema":\{"type":"string"/,
    )
    const { paths: wellKnown } = wire(openApiV3Document(input, '.well-known/openid-configuration'))
    assert.deepEqual(Object.keys(wellKnown ?? {}), ['/.well-known/openid-configuration/'])
  })

  it('has a document for each address of the index, and no other', () => {
    const { paths } = wire(openApiV3Index(input))
    for (const path of Object.keys(paths ?? {})) {
      const document = openApiV3Document(input, path)
      assert.ok(document, path)
      assertClosed(document)
    }
    assert.equal(openApiV3Document(input, 'apis/nope/v1'), undefined)
  })

  it('changes its hash with the served resources', () => {
    const fewer = { ...input, resources: resources.filter(({ kind }) => kind !== 'Deployment') }
    assert.notEqual(documentHash(input, 'apis/apps/v1'), documentHash(fewer, 'apis/apps/v1'))
    assert.equal(documentHash(input, 'api/v1'), documentHash(fewer, 'api/v1'))
    assert.notEqual(documentHash(input, 'api/v1'), documentHash({ ...input, descriptionsId: 'other texts' }, 'api/v1'))
  })

  it('contains descriptions if there are some', () => {
    const described = openApiV3Document(
      { ...input, descriptions: { 'core/v1.Pod': { text: 'A pod', fields: { spec: 'Its spec' } } } },
      'api/v1',
    )
    assert.match(JSON.stringify(described), /"io.k8s.api.core.v1.Pod":\{"description":"A pod".*"spec":\{"description":"Its spec"/)
  })
})

describe('openApiV2Document()', () => {
  it('describes a query parameter once, and refers to it', () => {
    const document = wire(openApiV2Document({ ...input, descriptions: { parameters: { fields: { watch: 'Follow changes' } } } }))
    assert.deepEqual(document['parameters'], {
      watch: { description: 'Follow changes', in: 'query', name: 'watch', type: 'boolean', uniqueItems: true },
    })
    const paths = document['paths'] as Record<string, Record<string, { parameters: object[] }>>
    const parameters = paths['/api/v1/pods']?.['get']?.parameters ?? []
    assert.ok(parameters.some(one => '$ref' in one && one.$ref === '#/parameters/watch'))
    assert.ok(parameters.some(one => 'name' in one && one.name === 'limit'))
    const v3 = JSON.stringify(
      openApiV3Document({ ...input, descriptions: { parameters: { fields: { watch: 'Follow changes' } } } }, 'api/v1'),
    )
    assert.match(v3, /"name":"watch","in":"query","description":"Follow changes"/)
  })

  it('declares dry run and field validation at each operation: older clients do not resolve references', () => {
    const fields = { dryRun: 'Change nothing', fieldValidation: 'Validate fields', force: 'Take fields over' }
    const document = wire(openApiV2Document({ ...input, descriptions: { parameters: { fields } } }))
    assert.deepEqual(Object.keys(document['parameters'] as object), ['force'])
    const paths = document['paths'] as Record<string, Record<string, { parameters: object[] }>>
    const parameters = paths['/api/v1/namespaces/{namespace}/pods/{name}']?.['patch']?.parameters ?? []
    const dryRun = { name: 'dryRun', in: 'query', description: 'Change nothing', type: 'string', uniqueItems: true }
    assert.deepEqual(
      parameters.find(one => 'name' in one && one.name === 'dryRun'),
      dryRun,
    )
    assert.ok(parameters.some(one => 'name' in one && one.name === 'fieldValidation'))
  })

  it('is closed and has no defaults', () => {
    const document = openApiV2Document(input)
    assertClosed(document)
    assert.doesNotMatch(JSON.stringify(wire(document)['definitions']), /"default":(\{\}|""|0)/)
  })
})
