import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { podOf, stateOf } from '../pod/fixture.ts'
import type { PodState } from '../pod/pod-state.ts'
import { dialPod } from './pod-dial.ts'

// No time limit of its own: it would start when the file is loaded, long before the tests run.
const { signal } = new AbortController()
const running: PodState = { ...stateOf({ c: [{ state: 'CONTAINER_RUNNING' }] }), podIps: ['127.0.0.1'] }

const refusals: [name: string, pod: ReturnType<typeof podOf>, state: PodState, port: number, message: RegExp][] = [
  ['no port', podOf(), running, Number.NaN, /^port: must be between 1 and 65535/],
  ['a port of zero', podOf(), running, 0, /^port: must be/],
  ['a port too high', podOf(), running, 65_536, /^port: must be/],
  ['half a port', podOf(), running, 80.5, /^port: must be/],
  ['the host’s network', podOf({ hostNetwork: true }), running, 80, /is on the host's network/],
  ['no address', podOf(), { ...running, podIps: [] }, 80, /^address not allowed$/],
  ['no sandbox', podOf(), { ...running, sandboxes: [] }, 80, /^address not allowed$/],
]
for (const [name, pod, state, port, message] of refusals)
  test(`dialPod() refuses ${name}`, () => assert.rejects(dialPod(pod, state, port, signal), { message }))

test('dialPod() connects to the address of the sandbox, and reports a refused connection in Go’s words', async t => {
  const server = createServer(socket => socket.end('hello'))
  t.after(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  // The pod's address in the API is not used.
  const pod = { ...podOf(), status: { podIP: '192.0.2.1', podIPs: [{ ip: '192.0.2.1' }] } }
  const socket = await dialPod(pod, running, port, signal)
  assert.equal(String((await once(socket, 'data'))[0]), 'hello')
  socket.destroy()
  server.close()
  await once(server, 'close')
  await assert.rejects(dialPod(pod, running, port, signal), { message: `dial tcp 127.0.0.1:${port}: connect: connection refused` })
})
