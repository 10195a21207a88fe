import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { PodRequest } from '../../../api/nodes/node-protocol.ts'
import { type NodeRequestKind, readNodeQuery } from '../../../api/nodes/node-query.ts'
import { answerOf, TestServer, testUser } from '../../testing.ts'

const podPath = '/api/v1/namespaces/default/pods/p'

/** A server with a pod, its last admission request, and the last request to its node. */
async function streamsServer(change: (options: Record<string, unknown>) => void = () => undefined) {
  const seen: { options?: Record<string, unknown>; asked?: PodRequest } = {}
  const api = new TestServer({
    admission: {
      mutate: ({ operation, object }) => {
        if (operation === 'CONNECT' && object !== undefined) change(object as unknown as Record<string, unknown>)
      },
      validate: ({ operation, object }) => {
        if (operation === 'CONNECT') seen.options = structuredClone(object) as unknown as Record<string, unknown>
      },
    },
  })
  await api.create('/api/v1/nodes', { metadata: { name: 'n1' } })
  await api.create('/api/v1/namespaces/default/pods', {
    metadata: { name: 'p' },
    spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }] },
  })
  api.server.nodeTunnels.register('n1', async request => {
    if ('query' in request) seen.asked = request
    return { status: 200, contentType: '', stream: new PassThrough() }
  })
  const ask = async (subresource: string, query: string) => {
    delete seen.options
    delete seen.asked
    const reply = await answerOf(api.server.handle, {
      ...{ identity: testUser, method: 'POST', url: `${podPath}/${subresource}?${query}`, upgrade: 'spdy/3.1' },
      headers: { 'x-stream-protocol-version': subresource === 'portforward' ? 'portforward.k8s.io' : 'v4.channel.k8s.io' },
    })
    reply.done({ bytes: 0, cut: false })
    return { ...seen, status: reply.status, text: String(reply.body) }
  }
  return { ask, [Symbol.asyncDispose]: () => api[Symbol.asyncDispose]() }
}

/** The executed options, in the words of PodExecOptions and so on. */
function carriedOut({ kind, query }: PodRequest): Record<string, unknown> {
  const options = Object.entries(readNodeQuery(kind as NodeRequestKind, query))
  return Object.fromEntries(options.filter(([, value]) => value !== false && !(Array.isArray(value) && value.length === 0)))
}

function validated({
  apiVersion: _,
  kind: __,
  metadata: ___,
  container: ____,
  ...options
}: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null))
}

const pieces = [
  ...['command', 'ports', 'stdin', 'stdout', 'stderr', 'tty', '=', '=', '&', '&', 'true', 'false', '0', '1', 'False', 'id', '80', ',', ' '],
  ...[
    '%',
    '%23',
    '%26',
    '%3D',
    '%00',
    '%2',
    '%zz',
    '%ff',
    '%E4%B8%AD',
    '%ED%A0%80',
    '+',
    '#',
    ';',
    '?',
    '/',
    '\\',
    '\t',
    'é',
    '[]',
    '__proto__',
  ],
]

describe('the node executes what admission saw', () => {
  for (const kind of ['exec', 'attach', 'portforward'] as const)
    test(`of any query for ${kind}`, async () => {
      await using server = await streamsServer()
      await fc.assert(
        fc.asyncProperty(fc.array(fc.constantFrom(...pieces), { maxLength: 14 }), async parts => {
          const { status, options, asked } = await server.ask(kind, parts.join(''))
          if (status !== 101) return assert.ok(status === 400 && asked === undefined, String(status))
          assert.ok(options !== undefined && asked !== undefined)
          assert.deepEqual(carriedOut(asked), validated(options))
        }),
        { numRuns: 300 },
      )
    })

  test('not the result of a URL parser', async () => {
    await using server = await streamsServer()
    for (const byte of ['#', '\\', ' ', '\x7f', 'é', '\x01']) {
      const { status, text, options } = await server.ask('exec', `command=id${byte}`)
      assert.deepEqual([status, options], [400, undefined], JSON.stringify(byte))
      assert.match(text, /the request target must not hold/)
    }
    const { asked } = await server.ask('exec', 'command=id%23&command=a+b&x=1&command=c;d&stdin=1')
    assert.equal(asked?.query, 'command=id%23&command=a%20b&command=c%3Bd&stdin=true')
  })

  test('also if a plug-in has changed it', async () => {
    await using server = await streamsServer(options => {
      options['command'] = ['true']
      delete options['tty']
    })
    const { asked } = await server.ask('exec', 'command=sh&tty=true&stdout=true')
    assert.equal(asked?.query, 'command=true&stdout=true')
  })

  test('a word that no program can receive is refused', async () => {
    await using server = await streamsServer()
    const { status, text } = await server.ask('exec', 'command=a%00b')
    assert.equal(status, 400)
    assert.match(text, /command must be Unicode text without NUL/)
  })
})
