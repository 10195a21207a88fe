import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { ServerHttp2Stream } from 'node:http2'
import { test } from 'node:test'
import { silentLogger } from '../../base/log.ts'
import { stillHeld } from '../../base/testing/retained-bytes.testing.ts'
import { FakeClock } from '../../client/testing/fake-clock.ts'
import { FakeRuntime } from '../fake/fake-runtime.ts'
import { answerNodeRequest, runtimeStreams } from './node-requests.ts'

const some = { stdin: false, stdout: true, stderr: true, tty: false }

for (const [title, flags, wanted] of [
  ['as they are', some, some],
  ['without stderr beside a terminal', { ...some, tty: true }, { ...some, tty: true, stderr: false }],
] as const)
  test(`runtimeStreams() passes the streams on ${title}`, () => {
    assert.deepEqual(runtimeStreams(flags), wanted)
  })

class FakeStream extends EventEmitter {
  readonly destroyed = false
  headersSent = false
  status = 0
  respond(headers: { readonly ':status': number }): void {
    this.headersSent = true
    this.status = headers[':status']
  }
  end(): this {
    return this
  }
}

const clock = new FakeClock()
const agent = {
  runtime: new FakeRuntime({ clock }),
  worker: () => undefined,
  workers: () => [],
  clock,
  log: silentLogger,
  streamingCertificate: '',
  nodeName: 'n1',
}

async function statusOf(path: string, method = 'GET'): Promise<number> {
  const stream = new FakeStream()
  const headers = { ':path': path, ':method': method }
  await answerNodeRequest(stream as unknown as ServerHttp2Stream, headers, agent, new AbortController().signal)
  return stream.status
}

test('CVE-2025-0426: answerNodeRequest() has no endpoint that writes a checkpoint, or shows a file, a log query or a profile of the node', async () => {
  assert.equal(await statusOf('/kubelet/healthz'), 200)
  const pages = [
    'checkpoint/ns/p/c',
    'debug/pprof/heap',
    'logs/',
    'logs/?query=kubelet',
    'configz',
    'run/ns/p/c',
    'exec/ns/p/c',
    'cri/exec/x',
  ]
  for (const page of pages)
    for (const method of ['GET', 'POST'])
      for (const path of [`/${page}`, `/kubelet/${page}`]) {
        const status = await statusOf(path, method)
        assert.ok([400, 404, 405].includes(status), `${method} ${path}: ${status}`)
      }
  for (const kind of ['healthz', 'pods']) assert.equal(await statusOf(`/kubelet/${kind}`, 'POST'), 405)
})

test('CVE-2020-8551: answerNodeRequest() retains nothing of its requests', async () => {
  const asked: WeakRef<object>[] = []
  for (let count = 0; count < 100; count++) {
    const headers = { ':path': `/logs/ns/p${count}/${'x'.repeat(1000)}/c`, ':method': 'GET' }
    const stream = new FakeStream()
    asked.push(new WeakRef(headers), new WeakRef(stream))
    await answerNodeRequest(stream as unknown as ServerHttp2Stream, headers, agent, new AbortController().signal)
    assert.equal(stream.status, 404)
  }
  await new Promise(resolve => setImmediate(resolve))
  assert.ok(stillHeld(asked) <= 2)
})

test('answerNodeRequest() answers a checkpoint only if the node is a witness, and only at the one path', async () => {
  assert.equal(await statusOf('/audit-witness', 'POST'), 404)
  for (const path of ['/audit-witness/', '/audit-witness?x', '/audit%2dwitness', '//audit-witness', '/kubelet/audit-witness'])
    assert.equal(await statusOf(path, 'POST'), 400, path)
})
