import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { type ClientHttp2Session, connect } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createServer, type TLSSocket } from 'node:tls'
import { nodeRequestPath, tunnelPath, tunnelUpgrade } from '../../api/nodes/node-protocol.ts'
import type { NodeRequestKind } from '../../api/nodes/node-query.ts'
import { systemClock as clock } from '../../base/clock.ts'
import { silentLogger as log } from '../../base/log.ts'
import { FakeRuntime } from '../fake/fake-runtime.ts'
import { writeStreamingCertificate } from '../machine/streaming-certificate.ts'
import { podOf, stateOf } from '../pod/fixture.ts'
import type { PodWorker } from '../worker/pod-worker.ts'
import { checkedUrl, openRuntimeStream } from './stream-proxy.ts'
import { runTunnel } from './tunnel.ts'

async function identityIn(): Promise<{ certificate: string; key: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'tunnel-'))
  const paths = { certificate: join(folder, 'c'), key: join(folder, 'k') }
  const certificate = await writeStreamingCertificate(paths, Date.now())
  const { readFile } = await import('node:fs/promises')
  return { certificate, key: await readFile(paths.key, 'utf8') }
}

/** The API server's side: accepts the upgrade and becomes the HTTP/2 client on the same connection. */
async function withTunnel(
  worker: PodWorker | undefined,
  work: (session: ClientHttp2Session) => Promise<void>,
  { simulated = false } = {},
): Promise<void> {
  const identity = await identityIn()
  const accepted = Promise.withResolvers<ClientHttp2Session>()
  const server = createServer({ key: identity.key, cert: identity.certificate, minVersion: 'TLSv1.3' }, (socket: TLSSocket) => {
    socket.on('error', () => undefined)
    socket.once('data', head => {
      assert.match(head.toString(), new RegExp(`^GET ${tunnelPath('n1')} HTTP/1.1\r\n`))
      assert.match(head.toString(), new RegExp(`Upgrade: ${tunnelUpgrade}\r\n`))
      // Only after the write: Node aborts the process if an HTTP/2 session takes over a TLS socket with a pending write.
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${tunnelUpgrade}\r\n\r\n`, () =>
        accepted.resolve(connect('http://node.invalid', { createConnection: () => socket })),
      )
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address: AddressInfo | string | null = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const stop = new AbortController()
  const requests = {
    nodeName: 'n1',
    runtime: new FakeRuntime({ clock }),
    worker: (uid: string) => (uid === 'u1' ? worker : undefined),
    workers: () => (worker ? [worker] : []),
    clock,
    log,
    ...(simulated ? {} : { streamingCertificate: identity.certificate }),
  }
  const running = runTunnel(
    {
      server: `https://127.0.0.1:${port}`,
      ca: identity.certificate,
      identity: { current: identity, changed: new Promise(() => undefined) },
      nodeName: 'n1',
      requests,
      clock,
      log,
      random: Math.random,
    },
    stop.signal,
  )
  const session = await accepted.promise
  session.on('error', () => undefined)
  try {
    await work(session)
  } finally {
    stop.abort()
    await running
    session.destroy()
    server.close()
  }
}

async function ask(session: ClientHttp2Session, method: string, path: string): Promise<{ status: number; text: string }> {
  const stream = session.request({ ':method': method, ':path': path })
  stream.end()
  let status = 0
  stream.once('response', headers => {
    status = headers[':status'] ?? 0
  })
  let text = ''
  for await (const chunk of stream) text += chunk
  return { status, text }
}

/** The part of a worker that requests read. */
async function workerWithLog(text: string): Promise<PodWorker> {
  const path = join(await mkdtemp(join(tmpdir(), 'tunnel-log-')), '0.log')
  await writeFile(path, text)
  const state = stateOf({ c: [{ state: 'CONTAINER_EXITED' }] })
  const [status] = state.containers.get('c') ?? []
  assert.ok(status)
  const worker = {
    pod: podOf(),
    state: { ...state, containers: new Map([['c', [{ ...status, logPath: path }]]]) },
    waitingReason: () => 'ContainerCreating',
  }
  // Only the fields that answers need; a whole worker needs a node.
  return worker as unknown as PodWorker
}

const pod = { namespace: 'default', name: 'p', uid: 'u1' }
const pathOf = (kind: NodeRequestKind, of = pod, query = ''): string => nodeRequestPath({ kind, pod: of, container: 'c', query })

test('the tunnel answers logs, and refuses pods of other nodes', async () => {
  const worker = await workerWithLog('2026-01-01T00:00:00Z stdout F hello\n')
  await withTunnel(worker, async session => {
    assert.deepEqual(await ask(session, 'GET', pathOf('logs')), { status: 200, text: 'hello\n' })
    const refused = [
      pathOf('logs', { ...pod, uid: 'other' }),
      pathOf('logs', { ...pod, name: 'other' }),
      pathOf('logs', { ...pod, namespace: 'other' }),
    ]
    for (const path of refused) assert.equal((await ask(session, 'GET', path)).status, 404, path)
    const previous = await ask(session, 'GET', pathOf('logs', pod, 'previous=true'))
    assert.equal(previous.status, 400)
    assert.match(previous.text, /previous terminated container \\"c\\" in pod \\"p\\" not found/)
    assert.equal((await ask(session, 'GET', pathOf('exec'))).status, 405)
    for (const path of [
      '/secrets/default/p/u1/c',
      '/x/../logs/default/p/u1/c',
      '/logs/default/p/u1/c/',
      '/logs/default/p/u1/c?',
      '/logs/d%65fault/p/u1/c',
    ])
      assert.equal((await ask(session, 'GET', path)).status, 400, path)
    for (const query of [
      'previous=1',
      'follow=true&previous=true&follow=true',
      'previous=true&follow=true',
      'tailLines=+1',
      'x=1',
      'tailLines=%31',
    ])
      assert.equal((await ask(session, 'GET', pathOf('logs', pod, query))).status, 400, query)
  })
})

test('the tunnel forwards no port of a pod on the host’s network', async () => {
  const worker = { ...(await workerWithLog('')), pod: podOf({ hostNetwork: true }) } as unknown as PodWorker
  await withTunnel(worker, async session => {
    for (const [kind, query] of [
      ['portforward', 'ports=80'],
      ['dial', 'port=80'],
    ] as const) {
      const { status, text } = await ask(session, 'POST', pathOf(kind, pod, query))
      assert.deepEqual([status, /p is on the host's network: a connection to its ports/.test(text)], [403, true], text)
    }
  })
})

test('a simulated node reports that there is nothing to read or to reach', async () => {
  await withTunnel(
    await workerWithLog(''),
    async session => {
      for (const [kind, method, words] of [
        ['logs', 'GET', 'read logs'],
        ['exec', 'POST', 'exec'],
        ['attach', 'POST', 'attach'],
        ['portforward', 'POST', 'portforward'],
        ['dial', 'POST', 'proxy'],
      ] as const) {
        const { status, text } = await ask(session, method, pathOf(kind))
        assert.equal(status, 400)
        assert.equal(JSON.parse(text).message, `cannot ${words}: the pod runs on a simulated node, whose containers are pretended`)
      }
    },
    { simulated: true },
  )
})

for (const url of [
  'http://127.0.0.1:1/exec/x',
  'https://192.0.2.1:1/exec/x',
  'https://localhost:1/x',
  'https://127.0.0.1/x',
  'https://u@127.0.0.1:1/x',
  'https://127.0.0.1.example:1/',
]) {
  test(`checkedUrl() refuses ${url}`, () => assert.throws(() => checkedUrl(url), /refused the container runtime's streaming URL/))
}

test('openRuntimeStream() refuses another certificate and any answer but 101', async () => {
  const [own, other] = await Promise.all([identityIn(), identityIn()])
  let connections = 0
  const server = createServer({ key: own.key, cert: own.certificate }, socket => {
    connections++
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end('HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:1/\r\n\r\n'))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address: AddressInfo | string | null = server.address()
  const url = `https://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/exec/token`
  const signal = AbortSignal.timeout(60_000)
  await assert.rejects(openRuntimeStream(url, 'v4.channel.k8s.io', other.certificate, signal))
  await assert.rejects(openRuntimeStream(url, 'v4.channel.k8s.io', own.certificate, signal), /answered 302 instead of switching protocols/)
  assert.ok(connections <= 2)
  server.close()
})
