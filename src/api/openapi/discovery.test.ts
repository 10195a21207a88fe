import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { defineResource } from '../resources/resource.ts'
import { aggregatedDiscovery, apiGroup, apiGroupList, apiResourceList, apiVersions, byVersion, servedGroups } from './discovery.ts'

const resources = [
  defineResource({ group: 'example.com', version: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true }),
  defineResource({
    group: 'autoscaling',
    version: 'v1',
    kind: 'HorizontalPodAutoscaler',
    plural: 'horizontalpodautoscalers',
    namespaced: true,
  }),
  defineResource({
    group: 'autoscaling',
    version: 'v2',
    kind: 'HorizontalPodAutoscaler',
    plural: 'horizontalpodautoscalers',
    namespaced: true,
  }),
  defineResource({
    group: 'apps',
    version: 'v1',
    kind: 'Deployment',
    plural: 'deployments',
    namespaced: true,
    shortNames: ['deploy'],
    categories: ['all'],
    subresources: [
      { name: 'status', verbs: ['get', 'patch', 'update'] },
      { name: 'scale', verbs: ['get', 'patch', 'update'], kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' } },
    ],
  }),
  defineResource({ group: '', version: 'v1', kind: 'Node', plural: 'nodes', namespaced: false }),
  defineResource({ group: '', version: 'v1', kind: 'Binding', plural: 'bindings', namespaced: true, virtual: true, verbs: ['create'] }),
]

describe('byVersion()', () => {
  it('puts stable first, then higher numbers, then other names', () => {
    const versions = ['foo1', 'v1alpha1', 'v1', 'v11beta2', 'v10', 'v1beta1', 'v2', 'foo10']
    assert.deepEqual(versions.sort(byVersion), ['v10', 'v2', 'v1', 'v11beta2', 'v1beta1', 'v1alpha1', 'foo1', 'foo10'])
  })
})

describe('plain discovery', () => {
  it('lists groups in the order of their priority', () => {
    assert.deepEqual(
      servedGroups(resources).map(({ group }) => group),
      ['', 'apps', 'autoscaling', 'example.com'],
    )
    assert.match(
      JSON.stringify(apiGroupList(resources)),
      /"name":"autoscaling","versions":\[\{"groupVersion":"autoscaling\/v2","version":"v2"\}/,
    )
    assert.equal(apiGroup(resources, ''), undefined)
    assert.equal(apiGroup(resources, 'nope'), undefined)
    assert.deepEqual(apiVersions('host:1'), {
      kind: 'APIVersions',
      versions: ['v1'],
      serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: 'host:1' }],
    })
  })

  it('lists resources with their subresources', () => {
    assert.deepEqual(apiResourceList(resources, 'apps', 'v1'), {
      kind: 'APIResourceList',
      apiVersion: 'v1',
      groupVersion: 'apps/v1',
      resources: [
        {
          name: 'deployments',
          singularName: 'deployment',
          namespaced: true,
          kind: 'Deployment',
          verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
          shortNames: ['deploy'],
          categories: ['all'],
          storageVersionHash: '8aSe+NMegvE=',
        },
        {
          name: 'deployments/scale',
          singularName: '',
          namespaced: true,
          group: 'autoscaling',
          version: 'v1',
          kind: 'Scale',
          verbs: ['get', 'patch', 'update'],
        },
        { name: 'deployments/status', singularName: '', namespaced: true, kind: 'Deployment', verbs: ['get', 'patch', 'update'] },
      ],
    })
    assert.equal(apiResourceList(resources, 'apps', 'v2'), undefined)
  })
})

describe('aggregatedDiscovery()', () => {
  it('separates the core group from the others', () => {
    assert.deepEqual(JSON.parse(JSON.stringify(aggregatedDiscovery(resources, 'core', 'v2'))), {
      kind: 'APIGroupDiscoveryList',
      apiVersion: 'apidiscovery.k8s.io/v2',
      metadata: {},
      items: [
        {
          metadata: {},
          versions: [
            {
              version: 'v1',
              resources: [
                {
                  resource: 'bindings',
                  responseKind: { group: '', version: '', kind: 'Binding' },
                  scope: 'Namespaced',
                  singularResource: 'binding',
                  verbs: ['create'],
                },
                {
                  resource: 'nodes',
                  responseKind: { group: '', version: '', kind: 'Node' },
                  scope: 'Cluster',
                  singularResource: 'node',
                  verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
                },
              ],
              freshness: 'Current',
            },
          ],
        },
      ],
    })
    assert.match(
      JSON.stringify(aggregatedDiscovery(resources, 'groups', 'v2beta1')),
      /"apiVersion":"apidiscovery.k8s.io\/v2beta1".*"subresource":"scale","responseKind":\{"group":"autoscaling","version":"v1","kind":"Scale"\}/,
    )
  })
})
