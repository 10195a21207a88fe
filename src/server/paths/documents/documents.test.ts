import assert from 'node:assert/strict'
import { test } from 'node:test'
import { load } from 'js-yaml'
import type { OpenApiInput } from '../../../api/openapi/openapi.ts'
import type { RequestContext } from '../../request/request-context.ts'
import { TestServer } from '../../testing.ts'
import { documents } from './documents.ts'

async function indexWith(text: string): Promise<string> {
  const descriptions: NonNullable<OpenApiInput['descriptions']> = { 'core/v1.Pod': { text, fields: {} } }
  const handler = documents({ version: 'v1', resources: { all: [], onChange: () => undefined }, descriptions })
  const context = { form: { encoding: 'json' }, request: { headers: [] } } as unknown as RequestContext
  const reply = await handler(context, '/openapi/v3')
  assert.ok(reply !== undefined && 'body' in reply && Buffer.isBuffer(reply.body))
  return reply.body.toString()
}

test('the addresses of OpenAPI documents change with their descriptions, so that clients read them anew', async () => {
  assert.match(await indexWith('a'), /\/openapi\/v3\/version\?hash=[0-9A-F]{128}/)
  assert.equal(await indexWith('a'), await indexWith('a'))
  assert.notEqual(await indexWith('a'), await indexWith('b'))
})

test('the address of an OpenAPI document with an old hash leads to that of now', async () => {
  await using api = new TestServer()
  const { serverRelativeURL } = (await api.get('/openapi/v3')).json.paths['apis/apps/v1']
  const { status, headers, text } = await api.request('GET', '/openapi/v3/apis/apps/v1?hash=0')
  assert.deepEqual([status, headers['location'], text], [301, serverRelativeURL, ''])
  assert.match(String((await api.request('GET', serverRelativeURL)).headers['cache-control']), /immutable/)
  assert.equal((await api.request('GET', '/openapi/v3/apis/apps/v1?hash=')).status, 200)
})

test('a document in YAML equals the one in JSON, and is written once: OpenAPI takes too long to write for each request', async () => {
  await using api = new TestServer()
  const yaml = { accept: 'application/yaml' }
  for (const path of ['/openapi/v2', '/openapi/v3/apis/apps/v1', '/apis/apps/v1', '/apis']) {
    const [json, first] = await Promise.all([api.get(path), api.get(path, yaml)])
    assert.deepEqual(load(first.text), json.json, path)
    assert.equal((await api.get(path, { ...yaml, 'if-none-match': String(first.headers['etag']) })).status, 304)
  }
  const handler = documents({ version: 'v1', resources: { all: [], onChange: () => undefined } })
  const context = { form: { encoding: 'yaml' }, request: { headers: [] } } as unknown as RequestContext
  for (const path of ['/openapi/v2', '/openapi/v3']) {
    const [one, other] = [await handler(context, path), await handler(context, path)]
    assert.ok(one !== undefined && one.body === other?.body, path)
  }
})

test('/version has line breaks, and is JSON or nothing', async () => {
  await using api = new TestServer()
  assert.match((await api.get('/version')).text, /^\{\n {2}"major"/)
  assert.equal((await api.get('/version', { accept: 'application/yaml' })).status, 406)
})
