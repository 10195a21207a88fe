// Protections of a real node: common limits of its pods, rules of Services that are restored, and a deleted Node that stays deleted. Each
// test builds on the one before.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { buildImage } from '../../src/node/images/oci-image.ts'
import { nodeDirectory } from '../../src/node/machine/node-directory.ts'
import { bulkhead, noContainers, repository, TestCluster, temporaryFolder, until } from '../cluster.ts'
import { machineTraces, newTraces } from './machine-traces.ts'

const skip = noContainers()
const node = hostname().toLowerCase()
let dataDirectory: string
let tracesBefore: string[]
let cluster: TestCluster

before(async () => {
  if (skip !== false) return
  dataDirectory = temporaryFolder()
  tracesBefore = await machineTraces(dataDirectory)
  cluster = await TestCluster.start({ dataDirectory })
  await cluster.kubectl('apply', '-f', join(repository, 'examples', 'hello.yaml'))
  await cluster.kubectl('rollout', 'status', 'deployment/hello')
})

after(async () => {
  if (skip !== false) return
  await cluster?.[Symbol.asyncDispose]()
  rmSync(dataDirectory, { recursive: true, force: true })
})

const id = () => nodeDirectory(join(dataDirectory, 'node')).id
const condition = (type: string) => cluster.kubectl('get', 'node', node, '-o', `jsonpath={.status.conditions[?(@.type=="${type}")].status}`)

test('all pods together have a limit of memory and processes', { skip }, async () => {
  const read = (...paths: string[]): number => Number(readFileSync(paths.find(path => existsSync(path)) ?? '', 'utf8'))
  const root = '/sys/fs/cgroup'
  const group = `bulkhead-${id()}`
  const limits = () => ({
    memory: read(`${root}/memory/${group}/memory.limit_in_bytes`, `${root}/${group}/memory.max`),
    pids: read(`${root}/pids/${group}/pids.max`, `${root}/${group}/pids.max`),
  })
  await until('the limits are set', () => Number.isSafeInteger(limits().pids))
  const allocatable = await cluster.kubectl('get', 'node', node, '-o', 'jsonpath={.status.allocatable.memory}')
  const { memory, pids } = limits()
  // The kernel counts pages.
  assert.ok(Math.abs(memory - Number.parseInt(allocatable, 10) * 1024) < 64 * 1024, `${memory} of ${allocatable}`)
  assert.ok(pids < Number(readFileSync('/proc/sys/kernel/pid_max', 'utf8')))
  assert.deepEqual([await condition('MemoryPressure'), await condition('PIDPressure')], ['False', 'False'])
})

test('removed rules of Services are restored, and the Node reports it meanwhile', { skip }, async () => {
  const address = await cluster.kubectl('get', 'service', 'hello', '-o', 'jsonpath={.spec.clusterIP}')
  const answer = async () => await (await fetch(`http://${address}/`)).text()
  assert.equal(await answer(), 'Hello from Bulkhead\n')
  await until('the Node says that they are there', async () => (await condition('bulkhead.dev/ServiceRulesInForce')) === 'True')
  const [, table = ''] =
    new RegExp(`^table ip (\\S*${id()}\\S*)$`, 'm').exec(execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' })) ?? []
  assert.notEqual(table, '')
  execFileSync('nft', ['delete', 'table', 'ip', table])
  await until('the Node says that they are missing', async () => (await condition('bulkhead.dev/ServiceRulesInForce')) === 'False')
  await until('the Node says that they are there again', async () => (await condition('bulkhead.dev/ServiceRulesInForce')) === 'True')
  assert.equal(await answer(), 'Hello from Bulkhead\n')
})

test("an archive that names one of the node's own images is refused", { skip }, async () => {
  const file = join(dataDirectory, 'pause.tar')
  const { archive } = buildImage({
    name: 'bulkhead.local/pause:1',
    architecture: 'amd64',
    user: '1:1',
    files: [{ path: 'bin/', mode: 0o755 }],
  })
  writeFileSync(file, archive)
  const { code, stderr } = await bulkhead('image', 'import', file, '--data-dir', dataDirectory)
  assert.equal(code, 1)
  assert.match(stderr, /it names "bulkhead\.local\/pause:1", an image of the node itself/)
})

test('a deleted Node stays deleted until the next start brings a new ticket', { skip }, async () => {
  await cluster.kubectl('delete', 'node', node)
  const denied = async () =>
    await cluster.kubectl('get', 'configmap', '-n', 'kube-system', 'bulkhead-denied-credentials', '-o', 'jsonpath={.data}')
  assert.match(await denied(), new RegExp(`node-certificates:${node}@`))
  await until('the agent says what it needs', () => cluster.output.includes('it needs a new join ticket'))
  assert.equal(await cluster.kubectl('get', 'nodes', '-o', 'name'), '')
  await cluster.stop('SIGTERM')
  cluster = await TestCluster.start({ dataDirectory })
  await until('the node is back', async () => (await condition('Ready')) === 'True')
  await cluster.kubectl('rollout', 'status', 'deployment/hello')
  await cluster.stop('SIGTERM')
  assert.deepEqual(await newTraces(dataDirectory, tracesBefore), [])
})
