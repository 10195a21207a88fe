import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../api/object.ts'
import { formatQuantity } from '../../api/quantity/quantity.ts'
import { evaluatorOf, resourceOf } from './evaluators.ts'

const usage = (resource: string, object: object, now = 0): Record<string, string> =>
  Object.fromEntries([...evaluatorOf(resource).usage(object as KubeObject, now)].map(([name, amount]) => [name, formatQuantity(amount)]))
const withResources = (requests?: object, limits?: object) => ({
  name: 'c',
  resources: { ...(requests ? { requests } : {}), ...(limits ? { limits } : {}) },
})
const pod = (spec: object, status: object = {}, metadata: object = {}) => ({ metadata: { name: 'p', ...metadata }, spec, status })

const podRows: { name: string; object: object; uses: Record<string, string> }[] = [
  { name: 'no word on resources', object: pod({ containers: [{ name: 'c' }] }), uses: { 'count/pods': '1', pods: '1' } },
  {
    name: 'requests and limits',
    object: pod({ containers: [withResources({ cpu: '100m', memory: '1Gi' }, { cpu: '200m' }), withResources({ cpu: '100m' })] }),
    uses: {
      'count/pods': '1',
      pods: '1',
      cpu: '200m',
      'requests.cpu': '200m',
      memory: '1Gi',
      'requests.memory': '1Gi',
      'limits.cpu': '200m',
    },
  },
  {
    name: 'an init container that needs more than all others',
    object: pod({ containers: [withResources({ cpu: '100m' })], initContainers: [withResources({ cpu: '1' })] }),
    uses: { 'count/pods': '1', pods: '1', cpu: '1', 'requests.cpu': '1' },
  },
  {
    name: 'a sidecar, and overhead',
    object: pod({
      containers: [withResources({ cpu: '100m' })],
      initContainers: [{ ...withResources({ cpu: '50m' }), restartPolicy: 'Always' }],
      overhead: { cpu: '10m' },
    }),
    uses: { 'count/pods': '1', pods: '1', cpu: '160m', 'requests.cpu': '160m' },
  },
  {
    name: 'an extended resource and huge pages',
    object: pod({ containers: [withResources({ 'example.com/gpu': '2', 'hugepages-2Mi': '4Mi' }, {})] }),
    uses: {
      'count/pods': '1',
      pods: '1',
      'requests.example.com/gpu': '2',
      'hugepages-2Mi': '4Mi',
      'requests.hugepages-2Mi': '4Mi',
    },
  },
  {
    name: 'an end',
    object: pod({ containers: [withResources({ cpu: '1' })] }, { phase: 'Succeeded' }),
    uses: { 'count/pods': '1' },
  },
  {
    name: 'what it was given and has not given back yet',
    object: pod({ containers: [withResources({ cpu: '1' })] }, { containerStatuses: [withResources({ cpu: '2' })] }),
    uses: { 'count/pods': '1', pods: '1', cpu: '2', 'requests.cpu': '2' },
  },
]
for (const { name, object, uses } of podRows) {
  test(`pods: usage() of a pod with ${name}`, () => assert.deepEqual(usage('pods', object), uses))
}

test('pods: usage() ends when the grace period is over, though the pod is still there', () => {
  const deletionTimestamp = '2026-01-01T00:00:00Z'
  const object = pod({ containers: [{ name: 'c' }] }, {}, { deletionTimestamp, deletionGracePeriodSeconds: 30 })
  const end = Date.parse(deletionTimestamp) + 30_000
  assert.equal(usage('pods', object, end)['pods'], '1')
  assert.equal(usage('pods', object, end + 1)['pods'], undefined)
})

const scopeRows: { name: string; requirement: [string, string, string[]?]; spec: object; in: boolean }[] = [
  { name: 'a deadline', requirement: ['Terminating', 'Exists'], spec: { activeDeadlineSeconds: 5 }, in: true },
  { name: 'no deadline', requirement: ['Terminating', 'Exists'], spec: {}, in: false },
  { name: 'no deadline', requirement: ['NotTerminating', 'Exists'], spec: {}, in: true },
  { name: 'no requests', requirement: ['BestEffort', 'Exists'], spec: {}, in: true },
  { name: 'requests', requirement: ['BestEffort', 'Exists'], spec: { containers: [withResources({ cpu: '1' })] }, in: false },
  { name: 'requests', requirement: ['NotBestEffort', 'Exists'], spec: { containers: [withResources({ cpu: '1' })] }, in: true },
  { name: 'a class', requirement: ['PriorityClass', 'Exists'], spec: { priorityClassName: 'high' }, in: true },
  { name: 'the class', requirement: ['PriorityClass', 'In', ['high']], spec: { priorityClassName: 'high' }, in: true },
  { name: 'another class', requirement: ['PriorityClass', 'In', ['high']], spec: { priorityClassName: 'low' }, in: false },
  { name: 'the class', requirement: ['PriorityClass', 'NotIn', ['high']], spec: { priorityClassName: 'high' }, in: false },
  { name: 'no class', requirement: ['PriorityClass', 'DoesNotExist'], spec: {}, in: true },
  {
    name: 'affinity to pods of other namespaces',
    requirement: ['CrossNamespacePodAffinity', 'Exists'],
    spec: { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'h', namespaces: ['x'] }] } } },
    in: true,
  },
  {
    name: 'affinity to pods of its own namespace',
    requirement: ['CrossNamespacePodAffinity', 'Exists'],
    spec: { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'h' }] } } },
    in: false,
  },
]
for (const { name, requirement, spec, in: expected } of scopeRows) {
  const [scopeName, operator, values] = requirement
  test(`pods: inScope() of ${scopeName} ${operator} ${values ?? ''} is ${expected} for a pod with ${name}`, () => {
    const object = pod({ containers: [{ name: 'c' }], ...spec }) as KubeObject
    assert.equal(evaluatorOf('pods').inScope({ scopeName, operator, ...(values ? { values } : {}) }, object), expected)
  })
}

test('services: usage() counts node ports and load balancers', () => {
  const service = (spec: object) =>
    usage('services', { metadata: {}, spec: { ports: [{ port: 1 }, { port: 2, nodePort: 30000 }], ...spec } })
  const amounts = (nodeports: string, loadbalancers: string) => ({
    'count/services': '1',
    services: '1',
    'services.nodeports': nodeports,
    'services.loadbalancers': loadbalancers,
  })
  assert.deepEqual(service({ type: 'ClusterIP' }), amounts('0', '0'))
  assert.deepEqual(service({ type: 'NodePort' }), amounts('2', '0'))
  assert.deepEqual(service({ type: 'LoadBalancer' }), amounts('2', '1'))
  assert.deepEqual(service({ type: 'LoadBalancer', allocateLoadBalancerNodePorts: false }), amounts('1', '1'))
})

test('persistentVolumeClaims: usage() is also counted by class, in whole bytes, and by the allocated size if that is larger', () => {
  const claim = (spec: object, status: object = {}) => usage('persistentvolumeclaims', { metadata: {}, spec, status })
  const requests = (storage: string) => ({ resources: { requests: { storage } } })
  assert.deepEqual(claim({ storageClassName: 'gold', ...requests('1500m') }), {
    'count/persistentvolumeclaims': '1',
    persistentvolumeclaims: '1',
    'gold.storageclass.storage.k8s.io/persistentvolumeclaims': '1',
    'requests.storage': '2',
    'gold.storageclass.storage.k8s.io/requests.storage': '2',
  })
  assert.equal(claim(requests('1Gi'), { allocatedResources: { storage: '2Gi' } })['requests.storage'], '2Gi')
})

test('resourceOf() finds the resource whose objects a quota counts', () => {
  const rows: [string, string | undefined][] = [
    ['pods', 'pods'],
    ['count/pods', 'pods'],
    ['requests.example.com/gpu', 'pods'],
    ['requests.hugepages-2Mi', 'pods'],
    ['requests.storage', 'persistentvolumeclaims'],
    ['gold.storageclass.storage.k8s.io/requests.storage', 'persistentvolumeclaims'],
    ['services.loadbalancers', 'services'],
    ['secrets', 'secrets'],
    ['count/deployments.apps', 'deployments.apps'],
    ['count/crontabs.example.com', 'crontabs.example.com'],
    ['nothing', undefined],
  ]
  for (const [name, resource] of rows) assert.equal(resourceOf(name), resource, name)
})
