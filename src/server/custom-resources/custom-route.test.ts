import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestServer } from '../testing.ts'
import { install, widget, widgets } from './widgets.testing.ts'

const everywhere = '/apis/example.com/v1/widgets'
const unsupported = (verb: string) => `${verb} is not supported on resources of kind "widgets.example.com"`
const noPage = '404 page not found\n'

const rows: readonly (readonly [method: string, path: string, status: number, message: string])[] = [
  ['GET', everywhere, 200, ''],
  ['GET', `${everywhere}?limit=1`, 200, ''],
  ['HEAD', `${widgets}/a`, 200, ''],
  // Across all namespaces there is nothing but reading.
  ['POST', everywhere, 404, noPage],
  ['DELETE', everywhere, 404, noPage],
  ['PUT', `${everywhere}/a`, 404, noPage],
  ['GET', '/apis/example.com/v1/gadgets', 404, noPage],
  ['GET', '/apis/example.com/v9/namespaces/default/widgets', 404, noPage],
  ['GET', '/apis/example.com/v9', 404, noPage],
  ['GET', `${widgets}/a/status`, 404, 'widgets.example.com "a" not found'],
  ['GET', `${widgets}/a/scale`, 404, 'widgets.example.com "a" not found'],
  ['PUT', widgets, 400, 'name must be provided'],
  ['PATCH', widgets, 400, 'name must be provided'],
  ['POST', `${widgets}/a`, 405, unsupported('create')],
  ['FOO', `${widgets}/a`, 405, unsupported('')],
]
for (const [method, path, status, message] of rows) {
  test(`${method} ${path} gets the response of a custom resource: ${status}`, async () => {
    await using api = new TestServer()
    await install(api)
    await api.create(widgets, widget('a', { size: 1 }))
    const answer = await api.request(method, path, method === 'GET' || method === 'HEAD' ? undefined : widget('a', { size: 2 }))
    assert.equal(answer.status, status, answer.text)
    if (status !== 200) assert.equal(answer.json?.message ?? answer.text, message)
    assert.equal((await api.get(`${widgets}/a`)).json.spec.size, 1)
  })
}

test('custom resources negotiate their own media types, regardless of the router of built-in kinds', async () => {
  await using api = new TestServer()
  await install(api)
  assert.equal((await api.get(widgets, { accept: 'application/*' })).status, 200)
  const refused = await api.get(widgets, { accept: 'text/html' })
  assert.equal(refused.json.message, 'only the following media types are accepted: application/json, application/yaml')
})
