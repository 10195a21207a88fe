// The cluster without containers: as root with --simulated-nodes, and as a user without any rights, from the default data directory.
import assert from 'node:assert/strict'
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { runtimeFor } from '../../src/cli/up/runtime.ts'
import { bundledScript, noKubectl, processesNaming, repository, TestCluster, temporaryFolder, until } from '../cluster.ts'

const example = join(repository, 'examples', 'hello.yaml')

describe('bulkhead up --simulated-nodes 2', { skip: noKubectl }, () => {
  let cluster: TestCluster

  before(async () => {
    cluster = await TestCluster.start({ flags: ['--simulated-nodes', '2'] })
  })
  after(async () => {
    await cluster?.[Symbol.asyncDispose]()
  })

  test('reports that no container runs', async () => {
    assert.match(cluster.output, /node +2 simulated, Ready: .*no container runs/)
    const nodes = await cluster.kubectl('get', 'nodes', '-o', 'name')
    assert.deepEqual(nodes.trim().split('\n').sort(), ['node/simulated', 'node/simulated-2'])
  })

  test("shows kubectl the address of the cluster's DNS", async () => {
    const dns = /CoreDNS.* is running at .*\/api\/v1\/namespaces\/kube-system\/services\/kube-dns:dns\/proxy/
    assert.match(await cluster.kubectl('cluster-info'), dns)
  })

  test('schedules and shows pods as on a real node, and marks them', async () => {
    await cluster.kubectl('apply', '-f', example)
    await cluster.kubectl('rollout', 'status', 'deployment/hello')
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/visitor', '--timeout=150s')
    const table = await cluster.kubectl('get', 'pods', '-o', 'wide')
    assert.equal(table.match(/1\/1 +Running/g)?.length, 3, table)
    assert.match(table, / simulated(-2)? /)
    assert.match(await cluster.kubectl('describe', 'pod', 'visitor'), /simulated/i)
    assert.match(await cluster.kubectl('describe', 'node', 'simulated'), /simulated/i)
  })

  test('admits no more than on a real node', async () => {
    const { code, stderr } = await cluster.tryKubectl(['run', 'bad', '--image=example.com/a', '--privileged'])
    assert.equal(code, 1)
    assert.match(stderr, /violates PodSecurity "restricted:latest"/)
  })

  test('deletes them again', async () => {
    await cluster.kubectl('delete', '-f', example)
    await until('no pods', async () => (await cluster.kubectl('get', 'pods', '-o', 'name')) === '')
  })

  test('restarts a killed node part under the same names', async () => {
    await cluster.killPart('node')
    await until('both nodes are Ready', async () => {
      const ready = await cluster.kubectl('get', 'nodes', '-o', 'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}')
      return ready === 'True True'
    })
  })

  test('stops cleanly', async () => {
    assert.equal(await cluster.stop(), 0, cluster.output)
    assert.deepEqual(await processesNaming(cluster.dataDirectory), [])
  })
})

const nobody = 65534
const skip = noKubectl !== false ? noKubectl : process.getuid?.() === 0 ? false : 'needs root to become another user'

describe('bulkhead up as a user without rights', { skip }, () => {
  let home: string
  let cluster: TestCluster

  before(async () => {
    home = temporaryFolder()
    mkdirSync(join(home, 'lib'))
    const command = [...(await runtimeFor(bundledScript(), join(home, 'lib'), true)), 'up']
    const state = join(home, 'state')
    mkdirSync(state)
    chownSync(state, nobody, nobody)
    cluster = await TestCluster.start({
      command,
      userId: nobody,
      environment: { HOME: home, XDG_STATE_HOME: state },
      dataDirectory: join(state, 'bulkhead'),
      defaultDirectory: true,
    })
  })
  after(async () => {
    await cluster?.[Symbol.asyncDispose]()
    rmSync(home, { recursive: true, force: true })
  })

  test('keeps its data in the XDG state folder and simulates a node', async () => {
    assert.ok(existsSync(cluster.kubeconfig))
    assert.equal(statSync(cluster.kubeconfig).mode & 0o777, 0o600)
    assert.equal(statSync(cluster.kubeconfig).uid, nobody)
    assert.match(cluster.output, /node +1 simulated, Ready/)
    for (const { pid } of (await cluster.status()).parts) assert.equal(statSync(`/proc/${pid}`).uid, nobody)
  })

  test('runs the example', async () => {
    await cluster.kubectl('apply', '-f', example)
    await cluster.kubectl('rollout', 'status', 'deployment/hello')
  })

  test('stops cleanly', async () => {
    assert.equal(await cluster.stop(), 0, cluster.output)
  })
})

describe('settings', () => {
  test('--profile upstream is said loudly at each start and lifts the defaults', { skip: noKubectl }, async () => {
    await using cluster = await TestCluster.start({ flags: ['--control-plane-only', '--profile', 'upstream'] })
    assert.match(cluster.output, /WARNING: profile "upstream" is on\. Bulkhead's secure defaults are OFF/)
    assert.match(cluster.output, /secure +NO/)
    await until('the account is there', async () => (await cluster.tryKubectl(['get', 'serviceaccount', 'default'])).code === 0)
    await cluster.kubectl('run', 'allowed', '--image=example.com/a', '--privileged')
  })

  test('--config takes the same settings from a file, and flags win', async () => {
    const folder = temporaryFolder()
    const file = join(folder, 'bulkhead.yaml')
    writeFileSync(file, 'controlPlaneOnly: true\nport: 1\nlogLevel: info\n')
    await using cluster = await TestCluster.start({ flags: ['--config', file] })
    assert.match(cluster.output, /node +none \(control plane only\)/)
    assert.ok(JSON.parse(readFileSync(cluster.kubeconfig, 'utf8')).clusters[0].cluster.server.endsWith(`:${cluster.port}`))
    assert.match(cluster.output, /"msg":"store opened"/)
    rmSync(folder, { recursive: true })
  })
})
