// Servers behind APIServices, as kubectl and raw clients meet them: a real TLS listener in front, a real TLS server behind.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { type Duplex, PassThrough } from 'node:stream'
import { after, before, test } from 'node:test'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { WebSocket, WebSocketServer } from 'ws'
import { systemClock } from '../../src/base/clock.ts'
import { frontProxyIdentity } from '../../src/cluster/access/front-proxy-identity.ts'
import { apiServiceFor, apiServices, createService, ExtensionServer } from '../../src/cluster/tests/aggregation/extension-server.testing.ts'
import { flunderServer, flunders, group } from '../../src/cluster/tests/aggregation/flunder-server.testing.ts'
import { createMemorySigner } from '../../src/signer/memory-signer.ts'
import { noKubectl, type Outcome, run, until } from '../cluster.ts'
import { ListeningServer } from './listening-server.ts'

const signer = createMemorySigner()
let server: ListeningServer
let extension: ExtensionServer
/** The backend's reaction to an upgrade; the usual HTTP server behind it has sent nothing yet. */
let upgraded: (request: IncomingMessage, socket: Duplex, head: Buffer) => void

before(async () => {
  server = await ListeningServer.start({ frontProxyIdentity: frontProxyIdentity(signer, systemClock) })
  extension = await ExtensionServer.start(signer, { answer: flunderServer() })
  extension.https.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    extension.note(request)
    upgraded(request, socket, head)
  })
  const { api } = server
  extension.standBehind(api.server, 'wardle-0')
  const create = async (path: string, object: object) => {
    const { status, text } = await api.request('POST', path, object)
    assert.equal(status, 201, text)
  }
  const pod = { metadata: { name: 'wardle-0' }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  await createService(create, (path, status) => api.request('PATCH', path, { status }), pod)
  await create(apiServices, apiServiceFor(extension))
})

after(async () => {
  await server?.[Symbol.asyncDispose]()
  await extension?.[Symbol.asyncDispose]()
  await signer[Symbol.asyncDispose]()
})

const kubectl = (args: readonly string[], input = ''): Promise<Outcome> =>
  run('kubectl', ['--kubeconfig', server.kubeconfig, '--cache-dir', `${server.folder}/cache`, ...args], { input })

async function said(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await kubectl(args)
  assert.equal(code, 0, stderr)
  return stdout
}

test('kubectl finds, creates, lists, explains and deletes objects of an aggregated API', { skip: noKubectl }, async () => {
  await until('the API service is available', async () => (await said('get', 'apiservice', `v1.${group}`)).includes('True'))
  assert.match(await said('get', 'apiservice', `v1.${group}`), /default\/wardle +True/)
  await until('kubectl lists the resource', async () => (await said('api-resources', `--api-group=${group}`)).includes('flunders'))
  assert.match(await said('api-resources', `--api-group=${group}`), /flunders +fl +wardle\.example\.com\/v1 +true +Flunder/)
  const created = await kubectl(
    ['create', '-f', '-'],
    JSON.stringify({ apiVersion: `${group}/v1`, kind: 'Flunder', metadata: { name: 'a' } }),
  )
  assert.equal(created.stdout, `flunder.${group}/a created\n`, created.stderr)
  assert.equal(await said('get', 'fl', '-o', 'name'), `flunder.${group}/a\n`)
  await until('OpenAPI knows the kind', async () => (await kubectl(['explain', 'flunders'])).code === 0)
  assert.match(await said('explain', 'flunder.spec.purpose'), /In a word\./)
  assert.match(await said('delete', 'flunder', 'a'), /^flunder\.wardle\.example\.com "a" deleted/)
  assert.match((await kubectl(['get', 'flunder', 'a'])).stderr, /no such flunder/)
})

test('a WebSocket reaches the backend with the user’s name, and both sides hear each other', async () => {
  const sockets = new WebSocketServer({ noServer: true })
  upgraded = (request, socket, head) =>
    sockets.handleUpgrade(request, socket, head, client => client.on('message', data => client.send(`heard ${data}`)))
  const { certificate, key } = await server.client('ann', ['system:masters'])
  const client = new WebSocket(`${server.url.replace('https', 'wss')}${flunders}/a/exec`, { ca: server.ca, cert: certificate, key })
  await once(client, 'open')
  client.send('hello')
  const [data] = await once(client, 'message')
  assert.equal(String(data), 'heard hello')
  const seen = extension.seen.at(-1)
  assert.deepEqual(seen?.headersDistinct['x-remote-user'], ['ann'])
  assert.equal(seen?.frontProxy, 'front-proxy-client')
  client.close()
  await once(client, 'close')
  sockets.close()
})

async function rawConnection(user: string): Promise<TLSSocket> {
  const { certificate, key } = await server.client(user, ['system:masters'])
  const { hostname, port } = new URL(server.url)
  const socket = connectTls({ host: hostname, port: Number(port), ca: server.ca, cert: certificate, key, ALPNProtocols: ['http/1.1'] })
  await once(socket, 'secureConnect')
  return socket
}

async function textOf(socket: TLSSocket): Promise<string> {
  const whole = new PassThrough()
  socket.pipe(whole)
  const chunks: Buffer[] = []
  for await (const chunk of whole) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

const upgradeHead = `GET ${flunders}/a/exec HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`

test('CVE-2018-1002105: a refused upgrade leaves no tunnel to the backend', async () => {
  upgraded = (_request, socket) => void socket.write('HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\n\r\nno\n')
  const before = extension.asked.length
  const socket = await rawConnection('ann')
  // The second request is on the wire before the first is answered.
  socket.write(`${upgradeHead}GET ${flunders} HTTP/1.1\r\nHost: x\r\nX-Remote-User: admin\r\nX-Remote-Group: system:masters\r\n\r\n`)
  const answer = await textOf(socket)
  assert.match(answer, /^HTTP\/1\.1 400 /)
  assert.equal(answer.match(/HTTP\/1\.1 /g)?.length, 1)
  assert.equal(extension.asked.length, before + 1)
})

test('CVE-2022-3172: a redirected upgrade is not followed', async () => {
  upgraded = (_request, socket) => void socket.write(`HTTP/1.1 302 Found\r\nLocation: ${server.url}/api\r\nContent-Length: 0\r\n\r\n`)
  const socket = await rawConnection('ann')
  socket.write(upgradeHead)
  const answer = await textOf(socket)
  assert.match(answer, /^HTTP\/1\.1 502 /)
  assert.doesNotMatch(answer, /location/i)
})

test('CVE-2019-16276: headers of a client that name a user are not passed on, however they are written', async () => {
  const socket = await rawConnection('ann')
  const forged = [
    'X-Remote-User: admin',
    'x-remote-user: admin',
    'X_Remote_User: admin',
    'X-Remote-Group: system:masters',
    'X-Remote-Extra-A: b',
  ]
  socket.write(`GET ${flunders} HTTP/1.1\r\nHost: x\r\n${forged.join('\r\n')}\r\nConnection: close\r\n\r\n`)
  assert.match(await textOf(socket), /^HTTP\/1\.1 200 /)
  const headers = extension.asked.at(-1)?.headersDistinct ?? {}
  assert.deepEqual(headers['x-remote-user'], ['ann'])
  assert.deepEqual(headers['x-remote-group'], ['system:masters', 'system:authenticated'])
  assert.deepEqual(
    Object.keys(headers).filter(name => /remote/.test(name) && !['x-remote-user', 'x-remote-group'].includes(name)),
    [],
  )
})
