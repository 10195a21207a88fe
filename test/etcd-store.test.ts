// A cluster whose store is a real etcd: it runs the example, survives a kill of everything, and says what is wrong with its etcd.
import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { noEtcd, startEtcd, type TestEtcd } from '../src/store/etcd/etcd.testing.ts'
import { AdminConnection } from './admin-request.ts'
import { bulkhead, noKubectl, repository, TestCluster, temporaryFolder, until } from './cluster.ts'
import { etcdFlags } from './test-store.ts'
import { WriteLoad } from './write-load.ts'

describe('a cluster on etcd', { skip: noEtcd || noKubectl }, () => {
  let etcd: TestEtcd
  let dataDirectory: string
  let cluster: TestCluster
  let admin: AdminConnection

  const start = async () => {
    cluster = await TestCluster.start({ dataDirectory, flags: ['--simulated-nodes', '1', ...etcdFlags(etcd)] })
    admin = new AdminConnection(cluster.kubeconfig)
  }

  before(async () => {
    etcd = await startEtcd()
    dataDirectory = temporaryFolder()
    await start()
  })

  after(async () => {
    admin?.[Symbol.dispose]()
    await cluster?.[Symbol.asyncDispose]()
    await etcd?.[Symbol.asyncDispose]()
    rmSync(dataDirectory, { recursive: true, force: true })
  })

  test('runs the example on a simulated node', async () => {
    await cluster.kubectl('apply', '-f', join(repository, 'examples', 'hello.yaml'))
    await cluster.kubectl('rollout', 'status', 'deployment/hello', '--timeout=60s')
    assert.match(await cluster.kubectl('get', 'pods'), /^hello-\S+ +1\/1 +Running/m)
  })

  test('loses nothing acknowledged when everything is killed', async () => {
    const load = new WriteLoad(admin, 'killed')
    for (let round = 0; round < 20; round++) await load.write()
    const { parts } = await cluster.status()
    for (const pid of [cluster.pid, ...parts.flatMap(({ pid }) => (pid === undefined ? [] : [pid]))]) process.kill(pid, 'SIGKILL')
    await cluster.exited
    admin[Symbol.dispose]()
    await start()
    const names = await cluster.kubectl('get', 'configmaps', '-o', 'name')
    assert.equal(names.split('\n').filter(name => name.startsWith('configmap/load-killed-')).length, load.acknowledged)
    await new WriteLoad(admin, 'after').write()
    await cluster.kubectl('rollout', 'status', 'deployment/hello', '--timeout=60s')
  })

  test('is not ready while etcd does not answer, refuses writes, reads on, and continues', async () => {
    const [member] = etcd.members
    member?.kill('SIGSTOP')
    const write = new WriteLoad(admin, 'stopped').write().then(
      () => true,
      () => false,
    )
    try {
      await until('the server is not ready', async () => {
        const { status, text } = await admin.send({ path: '/readyz' })
        return status === 500 && text.includes('[-]store-sync failed')
      })
      assert.equal((await admin.send({ path: '/api/v1/namespaces/default' })).status, 200)
    } finally {
      member?.kill('SIGCONT')
    }
    await until('the server is ready', async () => (await admin.send({ path: '/readyz' })).status === 200)
    await write
    await new WriteLoad(admin, 'continued').write()
  })

  test('is refused with what to do if the settings or the etcd are wrong', async () => {
    const attempt = (...flags: string[]) => bulkhead('up', '--data-dir', join(dataDirectory, 'other'), '--simulated-nodes', '1', ...flags)
    const { stderr: plain } = await attempt('--store', 'etcd', '--etcd-servers', 'http://127.0.0.1:2379')
    assert.match(plain, /--etcd-servers must be addresses such as https:\/\/10\.0\.0\.1:2379/)
    const { stderr: halfway } = await attempt('--store', 'etcd', '--etcd-servers', etcd.endpoints.join())
    assert.match(halfway, /etcd is reached over mutual TLS only/)
    const flags = etcdFlags(etcd)
    const wrongKey = join(dataDirectory, 'wrong.key')
    writeFileSync(wrongKey, 'no key')
    const { stderr: key } = await attempt(...flags.slice(0, -1), wrongKey)
    assert.match(key, /must be a PEM file/)
    const { stderr: other } = await attempt('--port', '16999', ...flags)
    assert.match(other, /holds the data of another cluster\. Check --etcd-servers/)
  })
})
