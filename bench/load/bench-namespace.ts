// The namespace of the workloads: with the default quota, enlarged for a bench.
import { setTimeout as delay } from 'node:timers/promises'
import type { Connections } from './connections.ts'
import { namespace, namespaceObject } from './objects.ts'

const path = `/api/v1/namespaces/${namespace}`
const room = {
  pods: '1000000',
  configmaps: '1000000',
  'requests.cpu': '1M',
  'requests.memory': '1Pi',
  'limits.memory': '1Pi',
  'bulkhead.dev/stored-bytes': '1Ti',
}

export async function openNamespace(connections: Connections): Promise<void> {
  const { status, body } = await connections.request('POST', '/api/v1/namespaces', namespaceObject())
  if (status !== 201 && status !== 409) throw new Error(`cannot create the namespace: ${status} ${body}`)
  // A controller is about to bring quota and limits.
  while ((await connections.request('GET', path)).body.includes('"bulkhead.dev/defaults":"pending"')) await delay(10)
  const patch = JSON.stringify({ spec: { hard: room } })
  const raised = await connections.request('PATCH', `${path}/resourcequotas/default`, patch, 'application/merge-patch+json')
  // 404: a commit from before the defaults.
  if (raised.status !== 200 && raised.status !== 404) throw new Error(`cannot raise the quota: ${raised.status} ${raised.body}`)
}
