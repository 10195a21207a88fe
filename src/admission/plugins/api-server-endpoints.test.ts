import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../api/object.ts'
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
for (const { name, allowed, ...asked } of rows) {
  test(`apiServerEndpoints ${allowed ? 'admits' : 'refuses'} ${name}`, async () => {
    const why = await ask(plugin, asked)
    if (allowed) assert.equal(why, undefined)
    else assert.match(why ?? '', /only the API server itself writes the endpoints of the Service "default\/kubernetes"$/)
  })
}
