// A real flood over TLS: one user's requests, each as slow as the server allows, beside another user's and the system's.
import assert from 'node:assert/strict'
import { type ClientHttp2Session, connect } from 'node:http2'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { createRegistry } from '../../src/base/metrics/metrics.ts'
import { ListeningServer } from './listening-server.ts'

async function session(server: ListeningServer, name: string, ...groups: string[]): Promise<ClientHttp2Session> {
  const { certificate: cert, key } = await server.client(name, groups)
  const client = connect(server.url, { ca: server.ca, cert, key })
  client.on('error', () => undefined)
  await new Promise(resolve => client.once('remoteSettings', resolve))
  return client
}

interface Head {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
}

function ask(client: ClientHttp2Session, path: string): Promise<Head> {
  return new Promise((resolve, reject) => {
    const stream = client.request({ ':path': path })
    stream.on('response', headers => resolve({ status: Number(headers[':status']), headers }))
    stream.on('error', reject)
    stream.resume()
    stream.end()
  })
}

/** A write whose body never comes. */
function trickle(client: ClientHttp2Session, heads: Head[]): void {
  const headers = { ':method': 'POST', ':path': '/api/v1/namespaces/default/configmaps', 'content-type': 'application/json' }
  const stream = client.request(headers)
  stream.on('response', answer => heads.push({ status: Number(answer[':status']), headers: answer }))
  stream.on('error', () => undefined)
  stream.resume()
  stream.write('{')
}

test('a flood of slow requests of one user is refused at its limits and delays nobody else', async () => {
  const metrics = createRegistry()
  await using server = await ListeningServer.start({ metrics })
  await server.api.server.keepFlowObjects()
  const names = ['eve', 'eve', 'eve', 'eve', 'ann', 'system:node:a'] as const
  const [ann, node] = [await session(server, 'ann'), await session(server, 'system:node:a', 'system:nodes')]
  const floods = await Promise.all(names.slice(0, 4).map(name => session(server, name)))
  const heads: Head[] = []
  for (const client of floods) for (let stream = 0; stream < 200; stream++) trickle(client, heads)
  const full = /rejected_requests_total\{priority_level="global-default",flow_schema="global-default",reason="queue-full"\}/
  const signal = AbortSignal.timeout(60_000)
  while (!full.test(await metrics.metrics()) || heads.length === 0) await delay(10, undefined, { signal })

  const answered = await Promise.all([ask(ann, '/api/v1/namespaces/default'), ask(node, '/api/v1/nodes'), ask(ann, '/livez')])
  assert.deepEqual(
    answered.map(({ status }) => status),
    [200, 200, 200],
  )
  assert.ok(answered[0]?.headers['x-kubernetes-pf-flowschema-uid'])
  assert.ok(answered[0]?.headers['x-kubernetes-pf-prioritylevel-uid'])
  assert.ok(heads.every(({ status }) => status === 429))
  assert.ok(heads.every(({ headers }) => Number(headers['retry-after']) >= 1))

  // The author of the flood disconnects, and everything that it held is free.
  for (const client of floods) client.destroy()
  const free = /current_executing_requests\{priority_level="global-default",flow_schema="global-default"\} 0\n/
  while (!free.test(await metrics.metrics())) await delay(10, undefined, { signal })
  for (const client of [ann, node]) client.close()
})
