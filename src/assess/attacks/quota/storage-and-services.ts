// Storage in total and by class, ports and load balancers of Services, and the short names of CPU and memory.

import { bareContainer } from '../../proof-pods.ts'
import { mergePatch } from '../../request.ts'
import { quotaPod } from './compute.ts'
import { exceeds, type QuotaRoom, type QuotaWrite } from './quota-room.ts'

const byClass = 'storageclass.storage.k8s.io'
/** No such classes exist: the claims stay pending. */
const [a, b, c] = ['bulkhead-prove-a', 'bulkhead-prove-b', 'bulkhead-prove-c']

const claim = (name: string, storageClassName: string, storage: string): QuotaWrite => ({
  name,
  path: 'persistentvolumeclaims',
  body: {
    metadata: { name: name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-') },
    spec: { accessModes: ['ReadWriteOnce'], storageClassName, resources: { requests: { storage } } },
  },
})

/** The class in the annotation that is older than the field. */
const annotated = (name: string, storageClass: string, storage: string): QuotaWrite => ({
  name,
  path: 'persistentvolumeclaims',
  body: {
    metadata: { name: 'annotated', annotations: { 'volume.beta.kubernetes.io/storage-class': storageClass } },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } },
  },
})

const service = (name: string, spec: object, ports = 1): QuotaWrite => ({
  name,
  path: 'services',
  body: {
    metadata: { name: name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-') },
    spec: { ports: Array.from({ length: ports }, (_, index) => ({ name: `p${index}`, port: 80 + index })), ...spec },
  },
})
const change = (name: string, spec: object): QuotaWrite => ({
  ...{ name, method: 'PATCH', path: 'services/internal', contentType: mergePatch, body: { spec } },
})
const noPorts = { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false }

const template = bareContainer()
const pod = (name: string, requests: Readonly<Record<string, string>>): QuotaWrite =>
  quotaPod(name, { containers: [Object.assign({}, template, { resources: { requests: { cpu: '0', memory: '0', ...requests } } })] })

export const storageAndServices: QuotaRoom = {
  name: 'storage and services',
  quotas: {
    // The refusal names the first in the order of the names.
    'class-a-storage': { hard: { [`${a}.${byClass}/requests.storage`]: '1Gi' } },
    'class-c-claims': { hard: { [`${c}.${byClass}/persistentvolumeclaims`]: '1' } },
    storage: { hard: { 'requests.storage': '4Gi' } },
    'allocated-ports': { hard: { 'services.nodeports': '2' } },
    'load-balancers': { hard: { 'services.loadbalancers': '1' } },
    cpu: { hard: { cpu: '5m' } },
    memory: { hard: { memory: '6M' } },
    ephemeral: { hard: { 'ephemeral-storage': '7M' } },
  },
  fills: [
    claim('claim-a', a, '1Gi'),
    claim('claim-b', b, '2Gi'),
    claim('claim-c', c, '1Mi'),
    service('ports', { type: 'NodePort' }, 2),
    service('balancer', noPorts),
    service('internal', {}),
    pod('pod', { cpu: '5m', memory: '6M', 'ephemeral-storage': '7M' }),
  ],
  excesses: [
    { ...claim('storage of a class', a, '1'), message: exceeds('class-a-storage', `${a}.${byClass}/requests.storage=1`) },
    {
      ...annotated('storage of a class by its older annotation', a, '1'),
      message: exceeds('class-a-storage', `${a}.${byClass}/requests.storage=1`),
    },
    { ...claim('claims of a class', c, '1'), message: exceeds('class-c-claims', `${c}.${byClass}/persistentvolumeclaims=1`) },
    { ...claim('storage in total', b, '1Gi'), message: exceeds('storage', 'requests.storage=1Gi') },
    { ...service('node port', { type: 'NodePort' }), message: exceeds('allocated-ports', 'services.nodeports=1') },
    { ...service('node port of a load balancer', { type: 'LoadBalancer' }), message: exceeds('allocated-ports', 'services.nodeports=1') },
    { ...service('load balancer', noPorts), message: exceeds('load-balancers', 'services.loadbalancers=1') },
    { ...change('update to a node port', { type: 'NodePort' }), message: exceeds('allocated-ports', 'services.nodeports=1') },
    { ...change('update to a load balancer', noPorts), message: exceeds('load-balancers', 'services.loadbalancers=1') },
    { ...pod('cpu by its short name', { cpu: '1m' }), message: exceeds('cpu', 'cpu=1m') },
    { ...pod('memory by its short name', { memory: '1' }), message: exceeds('memory', 'memory=1') },
    { ...pod('ephemeral storage by its short name', { 'ephemeral-storage': '1' }), message: exceeds('ephemeral', 'ephemeral-storage=1') },
  ],
  twins: [
    claim('claim up to the bound', b, '1023Mi'),
    service('service without node port', {}, 3),
    change('update of a port', { ports: [{ name: 'p0', port: 81 }] }),
    pod('pod that takes nothing', {}),
  ],
  counted: [
    ['v1', 'persistentvolumeclaims'],
    ['v1', 'services'],
    ['v1', 'pods'],
  ],
}
