import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../api/object.ts'
import { lease } from '../../api/resources/coordination/lease.ts'
import { endpoints } from '../../api/resources/core/endpoints.ts'
import { endpointSlice } from '../../api/resources/discovery/endpoint-slice.ts'
import type { ResourceDefinition } from '../../api/resources/resource.ts'
import type { UserInfo } from '../../api/user.ts'
import { ask } from '../admission.fixture.ts'
import { createPlugin } from '../plugin-definition.ts'
import { apiServerEndpoints } from './api-server-endpoints.ts'

const plugin = createPlugin(apiServerEndpoints, undefined)
const server: UserInfo = { name: 'system:apiserver', groups: ['system:masters'] }
const named = (name: string, namespace = 'default', service?: string): KubeObject => ({
  metadata: { name, namespace, ...(service === undefined ? {} : { labels: { 'kubernetes.io/service-name': service } }) },
})

const rows: {
  name: string
  resource: ResourceDefinition
  object: KubeObject
  oldObject?: KubeObject
  user?: UserInfo
  allowed: boolean
}[] = [
  { name: 'new Endpoints of the API server', resource: endpoints, object: named('kubernetes'), allowed: false },
  { name: 'changed ones', resource: endpoints, object: named('kubernetes'), oldObject: named('kubernetes'), allowed: false },
  {
    name: 'those that an administrator writes',
    resource: endpoints,
    object: named('kubernetes'),
    user: { ...server, name: 'admin' },
    allowed: false,
  },
  { name: 'those that the server writes', resource: endpoints, object: named('kubernetes'), user: server, allowed: true },
  { name: 'those of another Service', resource: endpoints, object: named('web'), allowed: true },
  { name: 'those of that name in another namespace', resource: endpoints, object: named('kubernetes', 'team'), allowed: true },
  {
    name: 'Endpoints of another name with the label, which says nothing there',
    resource: endpoints,
    object: named('web', 'default', 'kubernetes'),
    allowed: true,
  },
  { name: 'the slice of the API server', resource: endpointSlice, object: named('kubernetes'), allowed: false },
  { name: 'one more slice of its Service', resource: endpointSlice, object: named('x', 'default', 'kubernetes'), allowed: false },
  {
    name: 'a slice that becomes one of its Service',
    resource: endpointSlice,
    object: named('x', 'default', 'kubernetes'),
    oldObject: named('x'),
    allowed: false,
  },
  {
    name: 'a slice that leaves its Service',
    resource: endpointSlice,
    object: named('x'),
    oldObject: named('x', 'default', 'kubernetes'),
    allowed: true,
  },
  { name: 'one more slice of another Service', resource: endpointSlice, object: named('x', 'default', 'web'), allowed: true },
  { name: 'a slice of a Service of that name elsewhere', resource: endpointSlice, object: named('x', 'team', 'kubernetes'), allowed: true },
]
const leaseOf = (name: string, namespace = 'kube-system', label = false): KubeObject => ({
  metadata: { name, namespace, ...(label ? { labels: { 'apiserver.kubernetes.io/identity': 'kube-apiserver' } } : {}) },
})
const manager: UserInfo = { name: 'system:kube-controller-manager', groups: [] }
const leaseRows: readonly [string, { object: KubeObject; oldObject?: KubeObject; user?: UserInfo }, boolean][] = [
  ['the Lease of a server', { object: leaseOf('apiserver-1') }, false],
  ['one with its label', { object: leaseOf('x', 'kube-system', true) }, false],
  ['one that loses its label', { object: leaseOf('x'), oldObject: leaseOf('x', 'kube-system', true) }, false],
  ['the Lease of a server by itself', { object: leaseOf('apiserver-1'), user: server }, true],
  ['the Lease of the controllers by others', { object: leaseOf('kube-controller-manager') }, false],
  [
    'the Lease of the controllers by an administrator',
    { object: leaseOf('kube-controller-manager'), user: { ...server, name: 'admin' } },
    false,
  ],
  ['the Lease of the controllers by them', { object: leaseOf('kube-controller-manager'), user: manager }, true],
  ['the Lease of the scheduler by the controllers', { object: leaseOf('kube-scheduler'), user: manager }, false],
  ['another Lease there', { object: leaseOf('mine') }, true],
  ['one of that name elsewhere', { object: leaseOf('kube-scheduler', 'team') }, true],
]
for (const [name, asked, allowed] of leaseRows) {
  test(`apiServerEndpoints ${allowed ? 'admits' : 'refuses'} ${name}`, async () => {
    const why = await ask(plugin, { resource: lease, ...asked })
    if (allowed) assert.equal(why, undefined)
    else assert.match(why ?? '', /only an API server itself writes the Lease|only "system:kube-[a-z-]+" holds this Lease$/)
  })
}

for (const { name, allowed, ...asked } of rows) {
  test(`apiServerEndpoints ${allowed ? 'admits' : 'refuses'} ${name}`, async () => {
    const why = await ask(plugin, asked)
    if (allowed) assert.equal(why, undefined)
    else assert.match(why ?? '', /only the API server itself writes the endpoints of the Service "default\/kubernetes"$/)
  })
}
