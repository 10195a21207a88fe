// A cluster moves from its data directory to etcd and back, and keeps every object.
import assert from 'node:assert/strict'
import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { noEtcd, startEtcd, type TestEtcd } from '../src/store/etcd/etcd.testing.ts'
import { bulkhead, noKubectl, TestCluster, temporaryFolder } from './cluster.ts'
import { etcdFlags } from './test-store.ts'

describe('bulkhead store copy', { skip: noEtcd || noKubectl }, () => {
  let etcd: TestEtcd
  let dataDirectory: string

  before(async () => {
    etcd = await startEtcd()
    dataDirectory = temporaryFolder()
  })

  after(async () => {
    await etcd?.[Symbol.asyncDispose]()
    rmSync(dataDirectory, { recursive: true, force: true })
  })

  const start = (...flags: string[]) => TestCluster.start({ dataDirectory, flags: ['--control-plane-only', ...flags] })
  /** Without the flag `--store`. */
  const etcdOnly = () => etcdFlags(etcd).slice(2)
  const copy = (from: string, to: string) =>
    bulkhead('store', 'copy', '--data-dir', dataDirectory, '--from', from, '--to', to, ...etcdOnly())
  const marks = async (cluster: TestCluster) => {
    const [text, uid, revision] = await Promise.all(
      ['{.data.text}', '{.metadata.uid}', '{.metadata.resourceVersion}'].map(path =>
        cluster.kubectl('get', 'configmap', 'kept', '-o', `jsonpath=${path}`),
      ),
    )
    return { text, uid, revision: Number(revision) }
  }

  test('moves all objects to etcd and back, and says what it did', async context => {
    const first = await start()
    await first.kubectl('create', 'configmap', 'kept', '--from-literal=text=hello')
    const kept = await marks(first)
    const running = await copy('sqlite', 'etcd')
    assert.equal(running.code, 1)
    assert.match(running.stderr, /is in use|is used/)
    await first.stop()
    const there = await copy('sqlite', 'etcd')
    assert.equal(there.code, 0, there.stderr)
    assert.match(there.stdout, /^Copied \d+ objects from the data directory to etcd\.\nBoth have the digest sha256:[0-9a-f]{64}\.\n/)
    context.diagnostic(there.stdout)
    const second = await start(...etcdFlags(etcd))
    const moved = await marks(second)
    assert.deepEqual({ text: moved.text, uid: moved.uid }, { text: kept.text, uid: kept.uid })
    assert.ok(moved.revision > kept.revision)
    await second.kubectl('create', 'configmap', 'later', '--from-literal=text=later')
    await second.stop()

    const back = await copy('etcd', 'sqlite')
    assert.equal(back.code, 0, back.stderr)
    const third = await start()
    assert.equal((await marks(third)).uid, kept.uid)
    assert.equal(await third.kubectl('get', 'configmap', 'later', '-o', 'jsonpath={.data.text}'), 'later')
    await third.stop()
  })

  test('refuses a target that holds objects', async () => {
    const again = await copy('sqlite', 'etcd')
    assert.equal(again.code, 1)
    assert.match(again.stderr, /was restored to an earlier state|holds \d+ objects of this cluster already/)
    const other = await copy('etcd', 'sqlite')
    assert.match(other.stderr, /store\.db" exists already: move it away/)
  })

  test('leaves the old store where no start finds it by mistake', async () => {
    const file = join(dataDirectory, 'server', 'store.db')
    renameSync(file, `${file}.away`)
    const cluster = await TestCluster.launch({ dataDirectory, flags: ['--control-plane-only'] })
    assert.notEqual(await cluster.exited, 0)
    renameSync(`${file}.away`, file)
  })
})
