// gRPC probes against real health servers in real containers, in pods that pass the restricted level.
import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Container, Event, Pod, Probe } from '../../src/api/types/core-v1.ts'
import { noContainers, TestCluster, temporaryFolder, until } from '../cluster.ts'
import { importWorkloadImage, workloadPod } from './workload-image.ts'

const skip = noContainers()
let folder: string
let cluster: TestCluster

const probe = (service?: string): Probe => ({
  grpc: { port: 8080, ...(service === undefined ? {} : { service }) },
  periodSeconds: 1,
  failureThreshold: 1,
})
const readiness = (service?: string): Partial<Container> => ({ readinessProbe: probe(service) })
const several = (status: string) => Array.from({ length: 5 }, () => status)
const health = (services: Record<string, readonly string[]>) => ['health', JSON.stringify(services)]

/** All at once, so that the machine does not wait for one after the other. */
const pods: readonly Pod[] = [
  workloadPod('serving', health({ '': ['SERVING'] }), readiness()),
  workloadPod('named', health({ '': ['NOT_SERVING'], 'shop.v1.Cart': ['SERVING'] }), readiness('shop.v1.Cart')),
  workloadPod('not-serving', health({ '': ['NOT_SERVING'] }), readiness()),
  workloadPod('unknown-service', health({ '': ['SERVING'] }), readiness('shop.v1.Nobody')),
  workloadPod('no-health', ['other-grpc'], readiness()),
  workloadPod('plain-tcp', ['tcp'], readiness()),
  workloadPod('no-listener', ['idle'], readiness()),
  // Several of each status: an answer that comes later than a second is none to the node, and counts here all the same.
  workloadPod('comes-and-goes', health({ '': ['NOT_SERVING', ...several('SERVING'), 'NOT_SERVING'] }), readiness()),
  workloadPod('failing', health({ '': [...several('SERVING'), 'NOT_SERVING'], started: ['SERVING'] }), {
    startupProbe: { ...probe('started'), failureThreshold: 60 },
    livenessProbe: probe(),
  }),
  workloadPod('slow-start', health({ '': ['SERVING'], started: [...several('NOT_SERVING'), 'SERVING'] }), {
    startupProbe: { ...probe('started'), failureThreshold: 60 },
    ...readiness(),
  }),
]

before(async () => {
  if (skip !== false) return
  folder = temporaryFolder()
  cluster = await TestCluster.start({ dataDirectory: join(folder, 'data') })
  await importWorkloadImage(cluster, folder)
  writeFileSync(join(folder, 'pods.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items: pods }))
  await cluster.kubectl('apply', '-f', join(folder, 'pods.json'))
})

after(async () => {
  if (skip !== false) return
  await cluster?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

async function read(name: string): Promise<Pod> {
  return JSON.parse(await cluster.kubectl('get', 'pod', name, '-o', 'json'))
}

async function warningsOf(name: string): Promise<string[]> {
  const list: { items: Event[] } = JSON.parse(
    await cluster.kubectl('get', 'events', '--field-selector', `involvedObject.name=${name},type=Warning`, '-o', 'json'),
  )
  return list.items.map(({ reason, message }) => `${reason}: ${message}`)
}

const condition = ({ status }: Pod, wanted: string) => status?.conditions?.find(({ type }) => type === wanted)

for (const [name, why] of [
  ['serving', 'the server as a whole serves'],
  ['named', 'the named service serves, though the server as a whole does not'],
]) {
  test(`ready: ${why}`, { skip }, async () => {
    await cluster.kubectl('wait', '--for=condition=Ready', `pod/${name}`, '--timeout=150s')
    assert.equal((await read(name ?? '')).status?.containerStatuses?.[0]?.restartCount, 0)
  })
}

const failing: [name: string, pattern: RegExp][] = [
  ['not-serving', /^service unhealthy \(responded with "NOT_SERVING"\)$/],
  ['unknown-service', /^error: health rpc probe failed: rpc error: code = NotFound desc = unknown service$/],
  [
    'no-health',
    /^error: this server does not implement the grpc health protocol \(grpc\.health\.v1\.Health\): The server does not implement the method/,
  ],
  ['plain-tcp', /^timeout: failed to connect service "[0-9.]+:8080" within 1s: context deadline exceeded$/],
  ['no-listener', /^timeout: failed to connect service "[0-9.]+:8080" within 1s: context deadline exceeded$/],
]
for (const [name, pattern] of failing) {
  test(`not ready, with upstream's event: ${name}`, { skip }, async () => {
    const start = 'Unhealthy: Readiness probe failed: '
    const seen = async () => (await warningsOf(name)).some(text => text.startsWith(start) && pattern.test(text.slice(start.length)))
    await until(`the event of "${name}"`, seen).catch(async err => {
      throw new Error(`${err}: ${JSON.stringify(await warningsOf(name))}`)
    })
    const pod = await read(name)
    assert.equal(pod.status?.phase, 'Running')
    assert.equal(pod.status?.containerStatuses?.[0]?.ready, false)
    const { status, reason, message } = condition(pod, 'Ready') ?? {}
    assert.deepEqual([status, reason, message], ['False', 'ContainersNotReady', 'containers with unready status: [app]'])
  })
}

test('readiness follows the answers, without a restart', { skip }, async () => {
  await until('it was ready and is no more', async () => {
    const pod = await read('comes-and-goes')
    const changed = condition(pod, 'Ready')?.lastTransitionTime ?? ''
    const answers = (await warningsOf('comes-and-goes')).length
    return answers > 0 && condition(pod, 'Ready')?.status === 'False' && changed > (condition(pod, 'Initialized')?.lastTransitionTime ?? '')
  })
  assert.equal((await read('comes-and-goes')).status?.containerStatuses?.[0]?.restartCount, 0)
})

test('a liveness probe that begins to fail restarts the container', { skip }, async () => {
  // On a busy machine it may be restarted before, because it has not answered within a second.
  const wanted = 'Unhealthy: Liveness probe failed: service unhealthy (responded with "NOT_SERVING")'
  await until('its answer is reported', async () => (await warningsOf('failing')).includes(wanted))
  await until('it is restarted', async () => ((await read('failing')).status?.containerStatuses?.[0]?.restartCount ?? 0) > 0)
  const events = await cluster.kubectl('get', 'events', '--field-selector', 'involvedObject.name=failing', '-o', 'jsonpath={..message}')
  assert.match(events, /Container app failed liveness probe, will be restarted/)
  const { lastState } = (await read('failing')).status?.containerStatuses?.[0] ?? {}
  assert.equal(lastState?.terminated?.exitCode, 0)
})

test('a startup probe holds readiness back until it passes', { skip }, async () => {
  await cluster.kubectl('wait', '--for=condition=Ready', 'pod/slow-start', '--timeout=150s')
  const warnings = await warningsOf('slow-start')
  assert.ok(warnings.includes('Unhealthy: Startup probe failed: service unhealthy (responded with "NOT_SERVING")'), warnings.join('\n'))
  const pod = await read('slow-start')
  assert.deepEqual([pod.status?.containerStatuses?.[0]?.started, pod.status?.containerStatuses?.[0]?.restartCount], [true, 0])
})
