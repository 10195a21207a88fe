import assert from 'node:assert/strict'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import { answerOf, TestServer, testUser } from '../testing.ts'

/** The first line that a pod gets of a request through its proxy, and the admission request; `change` is a plug-in's. */
async function requestLine(path: string, change: (options: Record<string, unknown>) => void = () => undefined) {
  let seen: unknown
  await using api = new TestServer({
    admission: {
      mutate: ({ operation, object }) => {
        if (operation === 'CONNECT' && object !== undefined) change(object as unknown as Record<string, unknown>)
      },
      validate: ({ operation, object }) => {
        if (operation === 'CONNECT' && object !== undefined) seen = 'path' in object ? object.path : ''
      },
    },
  })
  const pod = '/api/v1/namespaces/default/pods/p'
  await api.create('/api/v1/nodes', { metadata: { name: 'n1' } })
  await api.create('/api/v1/namespaces/default/pods', {
    metadata: { name: 'p' },
    spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }] },
  })
  await api.request('PATCH', `${pod}/status`, { status: { podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }] } })
  let line = ''
  api.server.nodeTunnels.register('n1', async () => {
    const stream: Duplex = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        line ||= chunk.toString().split('\r\n')[0] ?? ''
        stream.push('HTTP/1.1 204 No Content\r\n\r\n')
        done()
      },
    })
    return { status: 200, contentType: '', stream }
  })
  const reply = await answerOf(api.server.handle, { identity: testUser, url: `${pod}/proxy${path}` })
  reply.done({ bytes: 0, cut: false })
  return { status: reply.status, line, seen }
}

for (const [path, canonical] of [
  ['/a/b?q=%2F..', '/a/b'],
  ['/%61dmin//x/', '/admin/x/'],
  ['/a%2fb', '/a%2Fb'],
] as const)
  test(`a pod gets the path that admission saw: ${path}`, async () => {
    const query = path.slice(path.indexOf('?') < 0 ? path.length : path.indexOf('?'))
    assert.deepEqual(await requestLine(path), { status: 204, line: `GET ${canonical}${query} HTTP/1.1`, seen: canonical })
  })

test('a pod gets the path that a plug-in has set', async () => {
  const { line, seen } = await requestLine('/a', options => {
    options['path'] = '/%62//c'
  })
  assert.deepEqual([line, seen], ['GET /b/c HTTP/1.1', '/%62//c'])
})

for (const path of ['/a%2f..%2fb', '/..;/a'])
  test(`no pod gets ${path}`, async () => {
    assert.deepEqual(await requestLine(path), { status: 400, line: '', seen: undefined })
  })
