// kubectl's report about a command whose node dies. It uses WebSockets by default since 1.31.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { noKubectl, run } from '../cluster.ts'
import { SpdyRuntime } from '../streams/fake-node-agent.ts'
import { StreamsServer } from '../streams/streams-server.ts'

test('kubectl exec fails with the reason when the node dies under the command', { skip: noKubectl, timeout: 60_000 }, async () => {
  await using streams = await StreamsServer.start()
  let asked = ''
  streams.agent.serve = (stream, headers) => {
    asked = String(headers[':path'])
    stream.respond({ ':status': 200 })
    const runtime = new SpdyRuntime(stream)
    runtime.onData = () => streams.agent[Symbol.dispose]()
  }
  const ca = join(streams.server.folder, 'ca.crt')
  writeFileSync(ca, streams.server.ca)
  const flags = [
    '--server',
    streams.server.url,
    '--certificate-authority',
    ca,
    '--token',
    'ann',
    '--cache-dir',
    join(streams.server.folder, 'cache'),
  ]
  const { code, stderr } = await run('kubectl', [...flags, 'exec', '-i', 'p', '-c', 'c', '--', 'cat'], { input: 'something' })
  assert.match(asked, /^\/exec\/default\/p\//)
  assert.notEqual(code, 0)
  assert.match(stderr, /^error: Internal error occurred: the node (cut|ended) the stream/)
})
