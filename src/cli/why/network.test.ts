// `bulkhead why` for connections, with an API in memory.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RefusedConnection } from '../../api/nodes/node-protocol.ts'
import { Client } from '../../client/client.ts'
import { namespaceLabels, networkPolicies, podAddresses, services } from '../../client/resources.ts'
import { FakeApi } from '../../client/testing/fake-api.ts'
import { evaluateConnection, formatConnectionVerdict } from './connection.ts'
import { formatConnections, refusedConnections } from './refused-connections.ts'

function cluster() {
  const api = new FakeApi()
  api.seed(namespaceLabels, { metadata: { name: 'red', labels: { 'kubernetes.io/metadata.name': 'red' } } })
  const pod = (name: string, address: string, labels: Record<string, string>) =>
    api.seed(podAddresses, {
      metadata: { name, namespace: 'red', labels },
      spec: { nodeName: 'n1', addresses: address === '' ? [] : [address] },
    })
  pod('web', '10.244.0.2', { app: 'web' })
  pod('db', '10.244.0.3', { app: 'db' })
  pod('waiting', '', {})
  api.seed(services, { metadata: { name: 'front', namespace: 'red' }, spec: { clusterIP: '10.96.3.4', clusterIPs: ['10.96.3.4'] } })
  api.seed(networkPolicies, {
    metadata: { name: 'closed', namespace: 'red' },
    spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
  })
  api.seed(networkPolicies, {
    metadata: { name: 'web', namespace: 'red' },
    spec: {
      podSelector: { matchLabels: { app: 'web' } },
      policyTypes: ['Egress'],
      egress: [{ to: [{ podSelector: {} }], ports: [{ port: 5432 }] }],
    },
  })
  const signal = new AbortController().signal
  return { api, context: { transport: api, client: new Client(api), namespace: 'red', flags: {}, signal } }
}

const refusal: RefusedConnection = {
  direction: 'egress',
  from: '10.244.0.2',
  to: '10.244.0.3',
  names: false,
  protocol: 'TCP',
  port: 22,
  packets: 1,
  secondsAgo: 4,
}

test('evaluateConnection() reports for each end which policy allows it, or what would', async () => {
  const { context } = cluster()
  const text = formatConnectionVerdict(await evaluateConnection(context, 'web', 'pod/db:5432'))
  assert.match(text, /^REFUSED: pod "red\/web" \(10\.244\.0\.2\) to pod "red\/db" \(10\.244\.0\.3\) port 5432\/TCP\n/)
  assert.match(text, /egress +of pod "red\/web" is allowed by NetworkPolicy "web"\n/)
  assert.match(text, /ingress +of pod "red\/db" is closed by NetworkPolicy "closed", which do not allow this\n/)
  assert.match(text, /would allow[\s\S]*kind: NetworkPolicy[\s\S]*app: db[\s\S]*app: web[\s\S]*port: 5432/)
  assert.match(
    formatConnectionVerdict(await evaluateConnection(context, 'web', 'pod/red/web:1/udp')),
    /^ALLOWED: [\s\S]*policies never block connections of a pod to itself/,
  )
  const outside = await evaluateConnection(context, 'web', '192.0.2.1:443')
  assert.deepEqual([outside.allowed, outside.refusing.map(({ direction }) => direction)], [false, ['egress']])
  assert.equal((await evaluateConnection(context, 'web', '10.244.0.3:5432')).toName, 'pod "red/db" (10.244.0.3)')
})

test('evaluateConnection() reports what is wrong with a target or a pod', async () => {
  const { context } = cluster()
  for (const target of ['pod/db', 'pod/db:0', 'pod/db:99999', 'db:80', '300.1.1.1:80', 'pod/db:80/icmp'])
    await assert.rejects(evaluateConnection(context, 'web', target), /The target must be pod\/NAME:PORT/, target)
  await assert.rejects(
    evaluateConnection(context, 'web', '10.96.3.4:80'),
    /is the address of Service "red\/front": policies apply to the pods behind/,
  )
  await assert.rejects(evaluateConnection(context, 'none', 'pod/db:80'), /There is no pod "red\/none"/)
  await assert.rejects(evaluateConnection(context, 'web', 'pod/waiting:80'), /"red\/waiting" has no address of its own/)
})

test('refusedConnections() explains only those of the pod, and reports if policies have changed since', async () => {
  const { api, context } = cluster()
  const items = [
    refusal,
    { ...refusal, to: '10.96.0.10', names: true, protocol: 'UDP', port: 53, packets: 2 },
    { ...refusal, from: '10.244.0.3', to: '10.244.0.2', direction: 'ingress', port: 80 },
    { ...refusal, from: '10.244.0.9', to: '10.244.0.8' },
    { ...refusal, to: '10.244.0.2', from: '10.244.0.2' },
    { ...refusal, to: '10.96.3.4', port: 80 },
  ]
  api.serve('/api/v1/nodes/n1/proxy/refused-connections', { items })
  const connections = await refusedConnections(context, 'web')
  assert.equal(connections.length, 5)
  const text = formatConnections('red/web', connections)
  assert.match(text, /port 22\/TCP, 1 packet, the last 4 s ago\n {2}egress +of pod "red\/web" is closed by NetworkPolicy "closed", "web"/)
  assert.match(text, /to pod "kube-system\/kube-dns" \(10\.96\.0\.10\) port 53\/UDP, 2 packets[\s\S]*k8s-app: kube-dns/)
  assert.match(
    text,
    /to Service "red\/front" \(10\.96\.3\.4\) port 80\/TCP[^\n]*\n {2}then +no pod was ready behind this port of the Service/,
  )
  assert.match(text, /now +the current policies allow it/)
  assert.match(formatConnections('red/db', []), /No connection of pod "red\/db" was refused/)
})
