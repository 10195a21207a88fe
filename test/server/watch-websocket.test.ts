// Watches over WebSockets, by clients on real TLS connections.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { WebSocket } from 'ws'
import { createDenyList, type DenyList } from '../../src/access/revocation.ts'
import { allowWhere } from '../../src/server/testing.ts'
import { ListeningServer } from './listening-server.ts'

const path = '/api/v1/namespaces/default/configmaps'
let server: ListeningServer
let denyList: DenyList

before(async () => {
  denyList = createDenyList()
  server = await ListeningServer.start({
    denyList,
    authenticate: async ({ authorization }) => {
      const name = authorization?.replace('Bearer ', '')
      if (name === undefined) return { outcome: 'no-opinion' }
      if (name === '') return { outcome: 'rejected', reason: 'no token' }
      const user = { name, groups: ['system:authenticated'] }
      return { outcome: 'authenticated', user, credentialId: `jwt:${name}`, authenticator: 'test' }
    },
    authorize: allowWhere(({ user, verb }) => user.name !== 'lister' || verb === 'list'),
  })
})

after(async () => {
  await server?.[Symbol.asyncDispose]()
})

interface Message {
  readonly type: string
  // biome-ignore lint/suspicious/noExplicitAny: tests read objects of any shape
  readonly object: any
}

class Watcher {
  readonly socket: WebSocket
  readonly messages: Message[] = []
  readonly binary: boolean[] = []
  #wake: () => void = () => undefined

  constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (data: Buffer, binary) => {
      this.messages.push(binary ? { type: data.toString('latin1', 2, 2 + (data[1] ?? 0)), object: data } : JSON.parse(data.toString()))
      this.binary.push(binary)
      this.#wake()
    })
    socket.on('close', () => this.#wake())
  }

  static async open(query: string, { protocols = [] as string[], user = 'ann', accept = 'application/json' } = {}): Promise<Watcher> {
    const url = `${server.url.replace('https', 'wss')}${path}?${query}`
    const socket = new WebSocket(url, protocols, {
      ca: server.ca,
      headers: user === '' ? { accept } : { accept, authorization: `Bearer ${user}` },
      perMessageDeflate: false,
    })
    const watcher = new Watcher(socket)
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve())
      socket.once('error', reject)
      socket.once('unexpected-response', (_request, response) => {
        reject(new Error(`answered ${response.statusCode}`))
        response.destroy()
      })
    })
    return watcher
  }

  async until(count: number): Promise<Message[]> {
    while (this.messages.length < count && this.socket.readyState !== WebSocket.CLOSED)
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    return this.messages
  }
}

const revision = async (): Promise<string> => (await server.api.get(path)).json.metadata.resourceVersion
const create = (name: string, data = {}) => server.api.create(path, { metadata: { name }, data })
const remove = (name: string) => server.api.request('DELETE', `${path}/${name}`)

test('each event is a text message of its own, the initial ones too', async () => {
  await create('a')
  await create('b')
  const watcher = await Watcher.open('watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan')
  await watcher.until(3)
  await create('c')
  await remove('a')
  const messages = await watcher.until(5)
  assert.deepEqual(
    messages.map(({ type, object }) => [type, object.metadata.name]),
    [
      ['ADDED', 'a'],
      ['ADDED', 'b'],
      ['BOOKMARK', undefined],
      ['ADDED', 'c'],
      ['DELETED', 'a'],
    ],
  )
  assert.ok(watcher.binary.every(binary => !binary))
  watcher.socket.close(1000)
  await once(watcher.socket, 'close')
  for (const name of ['b', 'c']) await remove(name)
})

for (const [protocols, chosen] of [
  [[], ''],
  [['binary.k8s.io'], 'binary.k8s.io'],
  [['base64url.bearer.authorization.k8s.io.YW5u', 'binary.k8s.io'], 'binary.k8s.io'],
] as const) {
  test(`the protocol is the one that is offered: ${JSON.stringify(protocols)}`, async () => {
    const watcher = await Watcher.open(`watch=true&resourceVersion=${await revision()}`, { protocols: [...protocols] })
    assert.equal(watcher.socket.protocol, chosen)
    watcher.socket.terminate()
  })
}

const tokenOf = (user: string) => `base64url.bearer.authorization.k8s.io.${Buffer.from(user).toString('base64url')}`

test('in protobuf each event is a binary message of its own, without its length before it', async () => {
  await create('a', { x: 'y'.repeat(100_000) })
  await create('b')
  const accept = 'application/vnd.kubernetes.protobuf'
  const watcher = await Watcher.open('watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan', { accept })
  await watcher.until(2)
  await remove('b')
  const messages = await watcher.until(3)
  assert.deepEqual(
    messages.map(({ type }) => type),
    ['ADDED', 'ADDED', 'DELETED'],
  )
  assert.ok(watcher.binary.every(binary => binary))
  // A WatchEvent: its type, and the object in its envelope.
  assert.ok(messages.every(({ object }) => object[0] === 0x0a && object.includes('k8s\0')))
  watcher.socket.close(1000)
  await once(watcher.socket, 'close')
  await remove('a')
})

test('a browser, which can set no header, sends its token among the protocols', async () => {
  const watcher = await Watcher.open(`watch=true&resourceVersion=${await revision()}`, {
    protocols: [tokenOf('browser'), 'binary.k8s.io'],
    user: '',
  })
  assert.equal(watcher.socket.protocol, 'binary.k8s.io')
  watcher.socket.terminate()
  assert.ok(server.api.events.some(({ user, verb }) => user.username === 'browser' && verb === 'watch'))
  assert.ok(server.api.events.every(event => !JSON.stringify(event).includes(tokenOf('browser'))))
  for (const protocols of [
    [],
    ['binary.k8s.io'],
    [tokenOf('a')],
    [tokenOf('a'), tokenOf('b'), 'binary.k8s.io'],
    [tokenOf('a\nb'), 'binary.k8s.io'],
  ])
    await assert.rejects(Watcher.open('watch=true', { protocols, user: '' }), /answered 401/, protocols.join())
})

test('two protocols, and a user who may only list, are refused before the handshake', async () => {
  await assert.rejects(Watcher.open('watch=true', { protocols: ['a', 'b'] }), /answered 400/)
  await assert.rejects(Watcher.open('watch=true', { user: 'lister' }), /answered 403/)
  await assert.rejects(Watcher.open('watch=true&sendInitialEvents=true'), /answered 422/)
})

test('it ends at its timeout with a normal closure, and audit knows its begin and its end', async () => {
  const query = `watch=true&timeoutSeconds=1&resourceVersion=${await revision()}`
  const watcher = await Watcher.open(query)
  const [code] = await once(watcher.socket, 'close')
  assert.equal(code, 1000)
  const seen = () => server.api.events.filter(({ requestURI }) => requestURI.endsWith(query))
  while (seen().length < 2) await new Promise(resolve => setImmediate(resolve))
  assert.deepEqual(
    seen().map(({ verb, stage }) => [verb, stage]),
    [
      ['watch', 'ResponseStarted'],
      ['watch', 'ResponseComplete'],
    ],
  )
})

test("a client's messages are ignored, too many end the watch, and pings are answered", async () => {
  const watcher = await Watcher.open(`watch=true&resourceVersion=${await revision()}`)
  watcher.socket.ping('are you there')
  assert.equal(String((await once(watcher.socket, 'pong'))[0]), 'are you there')
  watcher.socket.send('{"type":"DELETED"}')
  await create('said')
  const [event] = await watcher.until(1)
  assert.equal(event?.object.metadata.name, 'said')
  watcher.socket.send('x'.repeat(5000))
  const [code] = await once(watcher.socket, 'close')
  assert.equal(code, 1009)
  await remove('said')
})

test('it ends when the credential is revoked', async () => {
  const watcher = await Watcher.open(`watch=true&resourceVersion=${await revision()}`, { user: 'eve' })
  denyList.replace([{ kind: 'user-name', value: 'eve' }])
  await once(watcher.socket, 'close')
})

for (const [name, count, isEnded] of [
  ['holds the events back and misses none', 10, false],
  ['for which too much waits is ended, as over HTTP', 40, true],
] as const) {
  test(`a client that does not read ${name}`, async () => {
    const watcher = await Watcher.open(`watch=true&resourceVersion=${await revision()}`)
    // The library's own pause still reads what has arrived, so the TCP connection is paused.
    const tcp: Socket = (watcher.socket as unknown as { _socket: Socket })._socket
    tcp.pause()
    const data = { text: 'x'.repeat(500_000) }
    const names = Array.from({ length: count }, (_, i) => `slow-${count}-${i}`)
    for (const one of names) await create(one, data)
    assert.ok(watcher.messages.length < count)
    tcp.resume()
    const seen = (await watcher.until(count)).map(({ object }) => object.metadata.name)
    // Events are in order and without a gap, so that a client knows where to resume.
    assert.deepEqual(seen, names.slice(0, isEnded ? seen.length : count))
    assert.equal(watcher.socket.readyState === WebSocket.CLOSED, isEnded)
    watcher.socket.terminate()
  })
}
