import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readAdmissionConfiguration } from './configuration.ts'

const file = (...plugins: unknown[]) => ({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AdmissionConfiguration', plugins })
const plugin = (name: string, configuration: unknown) => ({ name, configuration })

test("readAdmissionConfiguration() reads each plug-in's configuration", () => {
  const tolerations = [{ key: 'a', operator: 'Exists' }]
  const scope = { scopeName: 'PriorityClass', operator: 'In', values: ['high'] }
  const read = readAdmissionConfiguration(
    file(
      plugin('ResourceQuota', {
        apiVersion: 'apiserver.config.k8s.io/v1',
        kind: 'ResourceQuotaConfiguration',
        limitedResources: [
          { resource: 'pods', matchScopes: [scope] },
          { apiGroup: 'apps', resource: 'deployments', matchContains: ['count/'] },
        ],
      }),
      plugin('EventRateLimit', {
        apiVersion: 'eventratelimit.admission.k8s.io/v1alpha1',
        kind: 'Configuration',
        limits: [{ type: 'User', qps: 5, burst: 10, cacheSize: 100 }],
      }),
      plugin('PodNodeSelector', { podNodeSelectorPluginConfig: { clusterDefaultNodeSelector: 'env=test', team: 'env=prod' } }),
      plugin('PodTolerationRestriction', {
        apiVersion: 'podtolerationrestriction.admission.k8s.io/v1alpha1',
        kind: 'Configuration',
        default: tolerations,
      }),
    ),
  )
  assert.deepEqual(read, {
    limitedResources: [
      { groupResource: 'pods', matchContains: [], matchScopes: [scope] },
      { groupResource: 'deployments.apps', matchContains: ['count/'], matchScopes: [] },
    ],
    eventLimits: [{ type: 'User', qps: 5, burst: 10, cacheSize: 100 }],
    nodeSelectors: { default: { env: 'test' }, allowed: { team: { env: 'prod' } } },
    tolerations: { default: tolerations, allowed: [] },
  })
})

const limits = (limit: object) =>
  file(plugin('EventRateLimit', { apiVersion: 'eventratelimit.admission.k8s.io/v1alpha1', kind: 'Configuration', limits: [limit] }))
const bad: { name: string; value: unknown; why: RegExp }[] = [
  { name: 'no mapping', value: [], why: /the file must be a mapping$/ },
  {
    name: 'another kind',
    value: { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'X' },
    why: /the file\.kind must be AdmissionConfiguration, got "X"$/,
  },
  { name: 'another group', value: { apiVersion: 'v1', kind: 'AdmissionConfiguration' }, why: /the file\.apiVersion must be .*, got "v1"/ },
  {
    name: 'a plug-in that takes none',
    value: file(plugin('NamespaceLifecycle', {})),
    why: /plugins\[0\]\.name is "NamespaceLifecycle"; configured can be/,
  },
  {
    name: 'one twice',
    value: file(plugin('PodNodeSelector', { podNodeSelectorPluginConfig: {} }), plugin('PodNodeSelector', {})),
    why: /plugins\[1\]\.name is "PodNodeSelector" for the second time/,
  },
  { name: 'no configuration', value: file({ name: 'EventRateLimit' }), why: /plugins\[0\]\.configuration must be a mapping/ },
  { name: 'a bad type', value: limits({ type: 'Pod', qps: 1, burst: 1 }), why: /limits\[0\]\.type must be one of Server, .*, got "Pod"/ },
  { name: 'no rate', value: limits({ type: 'User', burst: 1 }), why: /limits\[0\]\.qps must be a whole number above 0, got undefined/ },
  { name: 'too much', value: file(...Array.from({ length: 1001 })), why: /plugins has 1001 items, the limit is 1000/ },
]
for (const { name, value, why } of bad) {
  test(`readAdmissionConfiguration() refuses ${name}`, () => assert.throws(() => readAdmissionConfiguration(value), why))
}
