import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forbidden } from '../../api/status.ts'
import { createLogger } from '../../base/log.ts'
import { noAdmission } from '../objects/write-parts.ts'
import type { TestServerOptions } from '../testing.ts'
import { TestServer } from '../testing.ts'

const pathIn = (namespace: string, plural: string) => `/api/v1/namespaces/${namespace}/${plural}`
const service = pathIn('default', 'services')
const endpoints = pathIn('default', 'endpoints')

async function withService(options: TestServerOptions = {}): Promise<TestServer> {
  const api = new TestServer(options)
  await api.create(service, { metadata: { name: 'web' }, ...{ spec: { clusterIP: 'None', ports: [{ port: 80 }] } } })
  for (const [namespace, name] of [
    ['default', 'web'],
    ['default', 'other'],
    ['elsewhere', 'web'],
  ] as const) {
    await api.create(pathIn(namespace, 'endpoints'), { metadata: { name } })
  }
  return api
}

const left = async (api: TestServer): Promise<string[]> =>
  (await api.get('/api/v1/endpoints')).json.items.map(
    ({ metadata }: { metadata: { namespace: string; name: string } }) => `${metadata.namespace}/${metadata.name}`,
  )

test('deleting a Service deletes its Endpoints, and no others', async () => {
  await using api = await withService()
  await api.request('DELETE', `${service}/web?dryRun=All`)
  assert.equal((await left(api)).length, 3)
  assert.equal((await api.request('DELETE', `${service}/web`)).status, 200)
  assert.deepEqual(await left(api), ['default/other', 'elsewhere/web'])
})

test('Endpoints stay as long as a finalizer holds the Service', async () => {
  await using api = await withService()
  await api.request('PATCH', `${service}/web`, { metadata: { finalizers: ['example.com/hold'] } })
  await api.request('DELETE', `${service}/web`)
  assert.equal((await api.get(`${endpoints}/web`)).status, 200)
  await api.request('PATCH', `${service}/web`, { metadata: { finalizers: null } })
  assert.equal((await api.get(`${endpoints}/web`)).status, 404)
})

test('Endpoints that cannot be deleted do not block the Service, and are logged', async () => {
  const lines: string[] = []
  await using api = await withService({
    log: createLogger({ level: 'error', destination: { write: line => lines.push(line) } }),
    admission: {
      ...noAdmission,
      validate({ operation, resource, name }) {
        if (operation === 'DELETE' && resource.plural === 'endpoints') throw forbidden(resource, name, 'not these')
      },
    },
  })
  assert.equal((await api.request('DELETE', `${service}/web`)).status, 200)
  assert.equal((await api.get(`${service}/web`)).status, 404)
  assert.equal((await api.get(`${endpoints}/web`)).status, 200)
  const [{ msg, service: named } = {}, ...more] = lines.map(line => JSON.parse(line))
  assert.deepEqual([msg, named, more.length], ['endpoints of a deleted service not deleted', 'default/web', 0])
})
