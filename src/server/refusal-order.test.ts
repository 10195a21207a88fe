import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allowWhere, readAnswer, TestServer } from './testing.ts'

const maps = '/api/v1/namespaces/default/configmaps'
const html = { accept: 'text/html' }
const text = { 'content-type': 'text/plain' }
const noMethod = 'the server does not allow this method on the requested resource'
const noPath = 'the server could not find the requested resource'
const noRoute = '406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf'
const format = 'the body of the request was in an unknown format'

const rows: readonly (readonly [method: string, url: string, headers: Record<string, string>, status: number, message: string])[] = [
  ['FOO', maps, {}, 405, noMethod],
  ['FOO', `${maps}/a`, {}, 405, noMethod],
  ['OPTIONS', maps, {}, 405, noMethod],
  ['FOO', '/api/v1/namespaces/default/pods/p/proxy/x', {}, 405, noMethod],
  ['FOO', '/api/v1/nothings', {}, 404, noPath],
  ['POST', '/api/v1/watch/namespaces/default/configmaps', {}, 405, noMethod],
  ['DELETE', '/api/v1/watch/namespaces/default/configmaps', {}, 405, noMethod],
  ['DELETE', '/api/v1/watch/namespaces/default/configmaps/a', {}, 405, noMethod],
  ['GET', '/api/v1/watch/namespaces/default/pods/p/status', {}, 404, noPath],
  ['GET', '/api/v1/watch/componentstatuses', {}, 404, noPath],
  ['GET', '/api/v1/namespaces/default/namespaces', {}, 404, noPath],
  ['GET', '/api/v1/namespaces/default/namespaces/default', {}, 404, noPath],
  ['GET', '/api/v1/bindings', {}, 404, noPath],
  ['POST', '/api/v1/bindings', {}, 404, noPath],
  ['GET', '/api/v1/namespaces/default/bindings', {}, 405, noMethod],
  ['GET', '/api/v1/namespaces/default/bindings/a', {}, 404, noPath],
  ['GET', '/apis/authentication.k8s.io/v1/tokenreviews/a', {}, 404, noPath],
  ['GET', '/api/v1/componentstatuses?watch=true', {}, 405, 'watch is not supported on resources of kind "componentstatuses"'],
  ['GET', '/api/v1/nothings', html, 404, noPath],
  ['PUT', maps, html, 405, noMethod],
  ['GET', maps, html, 406, noRoute],
  ['GET', `${maps}/a`, { accept: 'application/*' }, 406, noRoute],
  ['GET', '/api/v1/namespaces/default/pods/p/log', html, 406, `${noRoute}, text/plain`],
  ['POST', `${maps}?dryRun=x`, { ...html, ...text }, 406, noRoute],
  ['POST', `${maps}?dryRun=x`, text, 415, format],
  ['PUT', `${maps}/a?dryRun=x`, text, 422, 'UpdateOptions.meta.k8s.io "" is invalid: dryRun'],
  ['PUT', `${maps}/a`, text, 415, format],
  ['DELETE', `${maps}/a?dryRun=x`, text, 415, format],
]
for (const [method, url, headers, status, message] of rows) {
  test(`${method} ${url} with ${JSON.stringify(headers)} is refused for one thing, with ${status}`, async () => {
    await using api = new TestServer()
    const answer = await api.request(method, url, { metadata: { name: 'a' } }, headers)
    assert.equal(answer.status, status, answer.text)
    assert.equal(answer.json.message.slice(0, message.length), message)
  })
}

test('a user without rights learns no methods and no forms', async () => {
  await using api = new TestServer({ authorize: allowWhere(() => false) })
  for (const [method, path] of [
    ['FOO', maps],
    ['GET', maps],
  ] as const) {
    const answer = await api.request(method, path, undefined, html)
    assert.equal(answer.status, 403, answer.text)
  }
})

test('a selector for one name is a right to that name only for lists and watches, and only if it is a name', async () => {
  const asked: string[] = []
  await using api = new TestServer({
    authorize: allowWhere(attributes => {
      if (attributes.user.name === 'reader' && attributes.isResource) asked.push(`${attributes.verb} ${attributes.name}`)
      return true
    }),
  })
  await using transport = api.as({ name: 'reader', groups: [] })
  const ask = async (method: string, path: string) => {
    const stop = new AbortController()
    const answer = await transport.request({ method, path, headers: {} }, stop.signal)
    if (path.includes('watch')) stop.abort()
    else await readAnswer(answer)
  }
  const one = 'fieldSelector=metadata.name%3Da'
  await ask('GET', `${maps}?${one}`)
  await ask('GET', `${maps}?watch=true&timeoutSeconds=1&${one}`)
  await ask('GET', `/api/v1/watch/namespaces/default/configmaps?timeoutSeconds=1&${one}`)
  await ask('DELETE', `${maps}?${one}`)
  for (const name of ['..', 'a/b', 'a%25b']) await ask('GET', `${maps}?fieldSelector=metadata.name%3D${name}`)
  // A stream is authorized again as it begins.
  assert.deepEqual(asked, ['list a', 'watch a', 'watch a', 'watch ', 'watch ', 'deletecollection ', 'list ', 'list ', 'list '])
})

test('connections accept other forms than the API', async () => {
  await using api = new TestServer()
  await api.create('/api/v1/namespaces/default/pods', { metadata: { name: 'p' }, ...{ spec: { containers: [{ name: 'c', image: 'i' }] } } })
  for (const path of ['pods/p/proxy/page', 'pods/p/exec?command=a&stdout=true']) {
    const answer = await api.get(`/api/v1/namespaces/default/${path}`, html)
    // The pod has no node yet, or the transport has no streams: reported in JSON, as no form was requested.
    assert.notEqual(answer.status, 406)
    assert.equal(answer.json.kind, 'Status')
  }
})
