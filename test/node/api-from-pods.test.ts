// Pods whose account has a right reach an API server that listens on loopback; other machines do not.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Endpoints } from '../../src/api/types/core-v1.ts'
import { noContainers, type Outcome, run, TestCluster, temporaryFolder, until } from '../cluster.ts'
import { machineTraces, newTraces } from './machine-traces.ts'
import { importWorkloadImage, workloadPod } from './workload-image.ts'

const skip = noContainers()
const namespace = 'operators'
const flags = ['--bind-address', '127.0.0.1']
let folder: string
let cluster: TestCluster
let traces: string[]

before(async () => {
  if (skip !== false) return
  folder = temporaryFolder()
  traces = await machineTraces(folder)
  cluster = await TestCluster.start({ dataDirectory: join(folder, 'data'), flags })
  await importWorkloadImage(cluster, folder)
})

after(async () => {
  if (skip !== false) return
  await cluster?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

async function apply(...items: object[]): Promise<void> {
  const { code, stderr } = await cluster.tryKubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
  assert.equal(code, 0, stderr)
}

function podOf(account: string): object {
  const { spec, ...pod } = workloadPod(account, ['web'])
  return { ...pod, metadata: { ...pod.metadata, namespace }, spec: { ...spec, serviceAccountName: account } }
}

/** A client in a pod: the name from the cluster's DNS, the mounted CA, the mounted token. Prints status and number of items. */
const listPods = `
const { readFileSync } = require('node:fs')
const folder = '/var/run/secrets/kubernetes.io/serviceaccount/'
const read = name => readFileSync(folder + name, 'utf8')
require('node:https').get('https://kubernetes.default.svc/api/v1/namespaces/${namespace}/pods', { ca: read('ca.crt'), headers: { authorization: 'Bearer ' + read('token') } }, response => {
  let text = ''
  response.on('data', data => { text += data }).on('end', () => console.log(response.statusCode, JSON.parse(text).items?.length))
})`

/** Whether a connection succeeds. Refused packets are dropped, so a refusal takes the whole time limit. */
const connect = `
const socket = require('node:net').connect(443, 'kubernetes.default.svc')
const end = text => { console.log(text); process.exit() }
socket.on('connect', () => end('connected')).on('error', err => end(err.code))
setTimeout(() => end('no answer'), 5000)`

const inPod = (pod: string, program: string): Promise<Outcome> =>
  cluster.tryKubectl(['exec', '-n', namespace, pod, '--', '/usr/bin/node', '-e', program])

async function untilAnswered(): Promise<void> {
  await until('the pod with a right has its answer', async () => (await inPod('allowed', listPods)).stdout === '200 2\n')
}

async function apiAddress(): Promise<string> {
  const { subsets = [] }: Endpoints = JSON.parse(await cluster.kubectl('get', 'endpoints', '-n', 'default', 'kubernetes', '-o', 'json'))
  const found = subsets.flatMap(({ addresses = [], ports = [] }) => addresses.flatMap(({ ip }) => ports.map(({ port }) => `${ip}:${port}`)))
  assert.equal(found.length, 1)
  const [address = '', port] = found[0]?.split(':') ?? []
  assert.equal(Number(port), cluster.port)
  return address
}

test('a pod whose account has a right gets an answer over TLS, one without a right does not connect', { skip }, async () => {
  await apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    ...['allowed', 'other'].map(name => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } })),
  )
  await cluster.kubectl('create', 'rolebinding', 'allowed', '-n', namespace, '--clusterrole=view', `--serviceaccount=${namespace}:allowed`)
  await until('the namespace takes pods', async () => (await cluster.tryKubectl(['get', 'sa', 'default', '-n', namespace])).code === 0)
  await apply(podOf('allowed'), podOf('other'))
  await cluster.kubectl('wait', '-n', namespace, '--for=condition=Ready', 'pod', '--all', '--timeout=120s')
  await untilAnswered()
  assert.equal((await inPod('allowed', connect)).stdout, 'connected\n')
  assert.equal((await inPod('other', connect)).stdout, 'no answer\n')
})

test('a neighbour that routes to the address does not reach the API server', { skip }, async () => {
  const address = await apiAddress()
  const space = `bulkhead-lan-${process.pid}`
  const ip = async (...args: string[]) => {
    const { code, stderr } = await run('ip', args)
    assert.equal(code, 0, stderr)
  }
  const reaches = async (target: string, port: number) =>
    (await run('ip', ['netns', 'exec', space, 'busybox', 'nc', '-w', '3', target, String(port)])).code === 0
  const removeInterface = () => run('ip', ['link', 'delete', 'bhlan0'])
  // A killed run of this test leaves its interface.
  await removeInterface()
  await ip('netns', 'add', space)
  try {
    await ip('link', 'add', 'bhlan0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space)
    await ip('link', 'set', 'bhlan0', 'up')
    await ip('address', 'add', '198.51.100.1/30', 'dev', 'bhlan0')
    await ip('-n', space, 'link', 'set', 'eth0', 'up')
    await ip('-n', space, 'address', 'add', '198.51.100.2/30', 'dev', 'eth0')
    await ip('-n', space, 'route', 'add', 'default', 'via', '198.51.100.1')
    await using echo = await listenOn('198.51.100.1')
    assert.equal(await reaches('198.51.100.1', echo.port), true)
    assert.equal(await reaches(address, cluster.port), false)
    assert.equal(await reaches('10.96.0.1', 443), false)
    assert.equal(await reaches('198.51.100.1', cluster.port), false)
    assert.equal((await run('busybox', ['nc', '-w', '3', address, String(cluster.port)])).code, 0)
  } finally {
    await ip('netns', 'delete', space)
    await removeInterface()
  }
})

test('the address survives kill -9, and is removed by a clean stop', { skip }, async () => {
  const address = await apiAddress()
  await cluster.stop('SIGKILL')
  cluster = await TestCluster.start({ dataDirectory: cluster.dataDirectory, port: cluster.port, flags })
  assert.equal(await apiAddress(), address)
  await untilAnswered()
  assert.equal(await cluster.stop(), 0)
  assert.deepEqual(await newTraces(folder, traces), [])
})

/** Closes the connections. */
async function listenOn(host: string): Promise<AsyncDisposable & { port: number }> {
  const server = createServer(socket => socket.end())
  await once(server.listen(0, host), 'listening')
  const { port } = server.address() as AddressInfo
  return { port, [Symbol.asyncDispose]: () => new Promise<void>(resolve => server.close(() => resolve())) }
}
