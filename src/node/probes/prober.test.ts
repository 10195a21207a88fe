import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { Container } from '../../api/types/core-v1.ts'
import { systemClock } from '../../base/clock.ts'
import { FakeClock } from '../../client/testing/fake-clock.ts'
import { FakeRuntime } from '../fake/fake-runtime.ts'
import { attempt, type ProbeOutcome } from './probe.ts'
import { Prober } from './prober.ts'

const runtime = new FakeRuntime({ clock: systemClock })
const container: Container = { name: 'c', ports: [{ name: 'web', containerPort: 80 }] }
const target = { container, containerId: 'x', podIp: '127.0.0.1' }
const signal = () => AbortSignal.timeout(60_000)

async function serve(status: number): Promise<{ port: number; close: () => void }> {
  const server = createServer((_, response) => response.writeHead(status, { location: 'http://192.0.2.1/' }).end('body'))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address: AddressInfo | string | null = server.address()
  return { port: typeof address === 'object' && address ? address.port : 0, close: () => server.close() }
}

for (const [status, result, output] of [
  [200, 'success', 'body'],
  [204, 'success', ''],
  [302, 'warning', 'Probe terminated redirects, Response body: body'],
  [404, 'failure', 'HTTP probe failed with statuscode: 404'],
  [500, 'failure', 'HTTP probe failed with statuscode: 500'],
] as const) {
  test(`attempt(): HTTP ${status} is ${result}`, async () => {
    const { port, close } = await serve(status)
    assert.deepEqual(await attempt({ httpGet: { port } }, target, 60, runtime, signal()), { result, output })
    close()
  })
}

test('attempt(): a redirect is followed to the same host only, at most ten times', async () => {
  const hosts: string[] = []
  const server = createServer((request, response) => {
    const { searchParams, pathname } = new URL(request.url ?? '', 'http://x')
    hosts.push(request.headers.host ?? '')
    const location = searchParams.get('loc')
    if (pathname === '/redirect' && location !== null) response.writeHead(302, { location }).end('moved')
    else if (pathname === '/loop') response.writeHead(307, { location: '/loop' }).end()
    else response.writeHead(pathname === '/fine' ? 200 : 404).end(pathname)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const httpHeaders = [{ name: 'Host', value: 'web.example' }]
  const to = async (path: string) => (await attempt({ httpGet: { port, path, httpHeaders } }, target, 60, runtime, signal())).output
  const through = (location: string) => `/redirect?loc=${encodeURIComponent(location)}`
  assert.equal(await to(through('/fine')), '/fine')
  assert.deepEqual(hosts.splice(0), ['web.example', 'web.example'])
  assert.equal(await to(through(`http://127.0.0.1:${port}/fine`)), '/fine')
  assert.deepEqual(hosts.splice(0), ['web.example', `127.0.0.1:${port}`])
  assert.equal(await to(through('/gone')), 'HTTP probe failed with statuscode: 404')
  hosts.splice(0)
  assert.equal(await to('/loop'), `Get "http://127.0.0.1:${port}/loop": stopped after 10 redirects`)
  assert.equal(hosts.splice(0).length, 10)
  for (const location of [`http://localhost:${port}/fine`, 'ftp://127.0.0.1/fine', 'http://192.0.2.1/'])
    assert.equal(await to(through(location)), 'Probe terminated redirects, Response body: moved', location)
  assert.equal(hosts.length, 3)
  server.close()
})

test('attempt(): TCP and HTTP to a closed port fail with Go’s text', async () => {
  const { port, close } = await serve(200)
  assert.equal((await attempt({ tcpSocket: { port } }, target, 60, runtime, signal())).result, 'success')
  close()
  const refused = `dial tcp 127.0.0.1:${port}: connect: connection refused`
  assert.deepEqual(await attempt({ tcpSocket: { port } }, target, 60, runtime, signal()), { result: 'failure', output: refused })
  assert.deepEqual(await attempt({ httpGet: { port, path: 'x' } }, target, 60, runtime, signal()), {
    result: 'failure',
    output: `Get "http://127.0.0.1:${port}/x": ${refused}`,
  })
})

test('attempt(): a port name that the container does not have gives no result', async () => {
  assert.equal((await attempt({ tcpSocket: { port: 'nope' } }, target, 60, runtime, signal())).result, 'unknown')
})

/** Lets started attempts finish. */
const settled = async () => {
  for (let i = 0; i < 5; i++) await new Promise(resolve => setImmediate(resolve))
}

function probed(probes: Partial<Container>, ...first: ProbeOutcome['result'][]) {
  const clock = new FakeClock()
  const outcomes = first
  const events: string[] = []
  let changes = 0
  const prober = new Prober({
    runtime,
    clock,
    random: () => 0,
    podIp: () => '127.0.0.1',
    changed: () => void changes++,
    attempt: async () => ({ result: outcomes.shift() ?? 'success', output: 'out' }),
    event: (_container, type, reason, message) => void events.push(`${type} ${reason}: ${message}`),
  })
  prober.watch({ name: 'c', ...probes }, 'id', clock.now(), false)
  return { clock, outcomes, events, prober, changes: () => changes }
}

test('Prober: liveness fails only after failureThreshold failures in a row', async () => {
  const { clock, outcomes, prober, events } = probed({
    livenessProbe: { exec: { command: ['x'] }, failureThreshold: 3, periodSeconds: 10 },
  })
  outcomes.push('failure', 'failure', 'success', 'failure', 'failure', 'failure')
  await clock.advance(0)
  await settled()
  for (let i = 0; i < 4; i++) await clock.advance(10_000)
  assert.equal(prober.failed('id'), undefined)
  await clock.advance(10_000)
  assert.equal(prober.failed('id'), 'liveness')
  assert.equal(events[0], 'Warning Unhealthy: Liveness probe failed: out')
  prober.stopAll()
})

test('Prober: readiness starts false and needs successThreshold; nothing is ready before startup', async () => {
  const { clock, outcomes, prober, changes } = probed({
    readinessProbe: { exec: { command: ['x'] }, successThreshold: 2, initialDelaySeconds: 5, periodSeconds: 1 },
  })
  assert.equal(prober.ready('id'), false)
  outcomes.push('success', 'success')
  await clock.advance(5_000)
  assert.equal(prober.ready('id'), false)
  await clock.advance(1_000)
  assert.equal(prober.ready('id'), true)
  assert.equal(changes(), 1)
  prober.stopAll()
  assert.equal(prober.ready('id'), false)
})

test('Prober: a startup probe delays the others and can fail the container', async () => {
  const startupProbe = { exec: { command: ['x'] }, failureThreshold: 2, periodSeconds: 1 }
  const { clock, prober } = probed({ startupProbe }, 'failure', 'failure')
  await clock.advance(0)
  await settled()
  assert.equal(prober.started('id'), false)
  assert.equal(prober.failed('id'), undefined)
  await clock.advance(1_000)
  await settled()
  assert.equal(prober.failed('id'), 'startup')
})

test('Prober: an attempt without a result changes nothing', async () => {
  const { clock, outcomes, prober } = probed({ livenessProbe: { exec: { command: ['x'] }, failureThreshold: 1, periodSeconds: 1 } })
  outcomes.push('unknown', 'unknown', 'unknown')
  await clock.advance(0)
  await settled()
  assert.equal(prober.failed('id'), undefined)
  prober.stopAll()
})

test('attempt(): keeps the first 10 KiB of a long answer', async t => {
  const server = createServer((_, response) => response.end('x'.repeat(100_000)))
  t.after(() => server.close())
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address: AddressInfo | string | null = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const { output } = await attempt({ httpGet: { port } }, target, 60, runtime, signal())
  assert.equal(output.length, 10 * 1024)
})

test('attempt(): an answer that switches protocols fails at once', async t => {
  const server = createServer((_, { socket }) =>
    socket?.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
  )
  t.after(() => server.close())
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address: AddressInfo | string | null = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const outcome = await attempt({ httpGet: { port } }, target, 60, runtime, signal())
  assert.deepEqual(outcome, { result: 'failure', output: 'HTTP probe failed with statuscode: 101' })
})

for (const [name, handler] of [
  ['HTTP', (port: number) => ({ httpGet: { port } })],
  ['TCP', () => ({ tcpSocket: { port: 9, host: '192.0.2.1' } })],
  ['gRPC', (port: number) => ({ grpc: { port } })],
] as const) {
  test(`attempt(): a ${name} attempt ended by its own signal is no failure`, async t => {
    const server = createServer(() => undefined)
    t.after(() => {
      server.close()
      server.closeAllConnections()
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const address: AddressInfo | string | null = server.address()
    const stop = new AbortController()
    const attempted = attempt(handler(typeof address === 'object' && address ? address.port : 0), target, 60, runtime, stop.signal)
    stop.abort(new Error('the pod ends'))
    await assert.rejects(attempted, /^Error: the pod ends$/)
  })
}
