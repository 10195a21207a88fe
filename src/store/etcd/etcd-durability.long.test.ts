import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { must, names, parse, put, record, remove, settle, testResource, write } from '../objects.fixture.ts'
import { testSealer } from '../records/sealer.testing.ts'
import { restoredGap, type StoreHead, type StoreHeads } from '../records/store-head.ts'
import { RevisionCompacted } from '../store.ts'
import { noEtcd, startEtcd, type TestEtcd } from './etcd.testing.ts'
import { EtcdClient } from './etcd-client.ts'
import { type EtcdStoreOptions, openEtcdStore } from './etcd-store.ts'
import { rangeEnd } from './key-names.ts'
import type { RangeResponse } from './messages.ts'

const skip = noEtcd
let etcd: TestEtcd
before(async () => {
  if (skip === false) etcd = await startEtcd()
})
after(() => etcd?.[Symbol.asyncDispose]())
const newPrefix = () => `/${randomUUID()}/`

function open(prefix: string, options: Partial<EtcdStoreOptions> = {}) {
  return openEtcdStore({
    ...{ etcd, prefix, cluster: 'test', sealer: testSealer(), clock: systemClock, log: silentLogger },
    identity: { id: 'one', address: 'https://127.0.0.1:6443' },
    ...options,
  })
}

async function allPairs(prefix: string) {
  using client = new EtcdClient(etcd)
  const { kvs } = await client.call<RangeResponse>('Range', { key: Buffer.from(prefix), rangeEnd: rangeEnd(prefix) })
  return kvs
}

async function change(key: Buffer, value: Buffer | undefined) {
  using client = new EtcdClient(etcd)
  await client.call('Txn', { success: [value === undefined ? { requestDeleteRange: { key } } : { requestPut: { key, value } }] })
}

const large = { data: { text: 'large '.repeat(220_000) } }

describe('openEtcdStore() after a restart', { skip }, () => {
  it('has every object, and continues its revisions', async () => {
    const prefix = newPrefix()
    let revision: number
    {
      await using store = await open(prefix)
      const pods = store.collection(testResource)
      await put(pods, 'a', { metadata: { labels: { app: 'x' } } })
      await put(pods, 'b', large)
      await put(pods, 'b', { ...large, spec: { nodeName: 'n1' } })
      await put(pods, 'c')
      await remove(pods, 'c')
      await put(store.collection({ groupResource: 'nodes' }), 'n', {}, '')
      revision = store.revision
    }
    await using store = await open(prefix)
    const pods = store.collection(testResource)
    assert.equal(store.revision, revision)
    assert.deepEqual(names(pods.list({}).entries), ['a', 'b'])
    assert.deepEqual(parse(must(pods.get('default', 'b'))).data, large.data)
    assert.equal(must(pods.get('default', 'b')).fields['spec.nodeName'], 'n1')
    assert.deepEqual({ ...pods.get('default', 'a')?.labels }, { app: 'x' })
    assert.equal(store.collection({ groupResource: 'nodes' }).size, 1)
    assert.equal((await put(pods, 'd')).revision, revision + 1)
    // The pieces of the version before were removed with it.
    assert.equal((await allPairs(`${prefix}pieces/`)).length, 2)
    await remove(pods, 'b')
    assert.equal((await allPairs(`${prefix}pieces/`)).length, 0)
  })

  it('lets watches resume from before it, and answers RevisionCompacted from before the compaction', async () => {
    const prefix = newPrefix()
    let middle: number
    let first: number
    {
      await using store = await open(prefix)
      first = store.revision
      const pods = store.collection(testResource)
      await put(pods, 'a')
      await put(pods, 'b')
      middle = store.revision
      await compactTo(prefix, store.revision)
      await put(pods, 'c')
      await remove(pods, 'a')
      await put(pods, 'b', { data: { k: 'v' } })
    }
    await using store = await open(prefix)
    const pods = store.collection(testResource)
    const seen = record(pods.watch({ after: middle }))
    await settle()
    assert.deepEqual(seen.types(), ['ADDED c', 'DELETED a', 'MODIFIED b'])
    assert.deepEqual(names(pods.list({ revision: middle }).entries), ['a', 'b'])
    assert.throws(() => pods.watch({ after: first }), RevisionCompacted)
  })

  /** As the compactor does, at the newest revision. */
  async function compactTo(prefix: string, _revision: number) {
    using client = new EtcdClient(etcd)
    const { kvs } = await client.call<RangeResponse>('Range', { key: Buffer.from(`${prefix}objects/head`) })
    const at = kvs[0]?.modRevision ?? 0
    await client.call('Txn', { success: [{ requestPut: { key: Buffer.from(`${prefix}compacted`), value: Buffer.from(String(at)) } }] })
    await client.call('Compact', { revision: at })
  }

  it('removes pieces that no object has', async () => {
    const prefix = newPrefix()
    await (await open(prefix))[Symbol.asyncDispose]()
    await change(Buffer.from(`${prefix}pieces/kind/namespace/name/7/0`), Buffer.from('orphan'))
    await (await open(prefix))[Symbol.asyncDispose]()
    assert.deepEqual(await allPairs(`${prefix}pieces/`), [])
  })
})

describe('openEtcdStore() refuses, with what to do,', { skip }, () => {
  const filled = async () => {
    const prefix = newPrefix()
    await using store = await open(prefix)
    const pods = store.collection(testResource)
    await put(pods, 'a', { data: { k: 'first' } })
    await put(pods, 'b')
    await put(pods, 'c', {}, 'other')
    return prefix
  }
  const objectsOf = async (prefix: string) => (await allPairs(`${prefix}objects/`)).filter(({ key }) => !key.toString().endsWith('/head'))

  it('data of another cluster', async () => {
    const prefix = await filled()
    await assert.rejects(open(prefix, { cluster: 'another' }), /holds the data of another cluster\. Check --etcd-servers/)
  })

  it('data under another encryption key', async () => {
    const prefix = await filled()
    await assert.rejects(
      open(prefix, { sealer: testSealer('another') }),
      /sealed under another encryption key .*Restore the signer's folder/,
    )
  })

  it('an etcd without the data that the cluster has', async () => {
    await assert.rejects(open(newPrefix(), { mustExist: true }), /holds no data of this cluster, although the cluster has run before/)
  })

  it('servers that do not answer, and certificates of another authority', async () => {
    const nowhere = { ...etcd, endpoints: ['https://127.0.0.1:1'] }
    const signal = AbortSignal.timeout(60_000)
    const { clock, waited } = hastyClock()
    await assert.rejects(open('/x/', { etcd: nowhere, clock, signal }), /No etcd member answers: .*Check --etcd-servers/)
    assert.ok(waited() >= 20_000)
    const other = await (await import('./etcd.testing.ts')).testAuthority()
    const stranger = { endpoints: etcd.endpoints, tls: { ca: other.ca, ...(await other.leaf('stranger')) } }
    await assert.rejects(open('/x/', { etcd: stranger, clock: hastyClock().clock }), /No etcd member answers: .*certificate/)
    const uninvited = { endpoints: etcd.endpoints, tls: { ca: etcd.tls.ca, ...(await other.leaf('stranger')) } }
    await assert.rejects(open('/x/', { etcd: uninvited, clock: hastyClock().clock }), /No etcd member answers/)
  })

  it('a value that was changed', async () => {
    const prefix = await filled()
    const [one] = await objectsOf(prefix)
    const { key, value } = must(one)
    value[60] = (value[60] ?? 0) ^ 1
    await change(key, value)
    await assert.rejects(open(prefix), /was changed, or moved from another key\. Restore etcd from a snapshot/)
  })

  it('values that were swapped', async () => {
    const prefix = await filled()
    const [one, two] = await objectsOf(prefix)
    await change(must(one).key, must(two).value)
    await change(must(two).key, must(one).value)
    await assert.rejects(open(prefix), /was changed, or moved from another key/)
  })

  it('an object that was removed', async () => {
    const prefix = await filled()
    const [one] = await objectsOf(prefix)
    await change(must(one).key, undefined)
    await assert.rejects(open(prefix), /are not those that the servers wrote/)
  })

  it('an object that was set back to an older version', async () => {
    const prefix = await filled()
    const before = await objectsOf(prefix)
    {
      await using store = await open(prefix)
      await put(store.collection(testResource), 'a', { data: { k: 'second' } })
    }
    const after = await objectsOf(prefix)
    const old = must(before.find(({ key, value }) => !after.some(other => other.key.equals(key) && other.value.equals(value))))
    await change(old.key, old.value)
    await assert.rejects(open(prefix), /are not those that the servers wrote/)
  })

  it('a head that was removed', async () => {
    const prefix = await filled()
    await change(Buffer.from(`${prefix}objects/head`), undefined)
    await assert.rejects(open(prefix), /are not those that the servers wrote/)
  })

  it('a whole state from before the head that the signer knows, unless it is accepted', async () => {
    const prefix = await filled()
    const heads = memoryHeads()
    await (await open(prefix, { heads }))[Symbol.asyncDispose]()
    const old = await allPairs(prefix)
    let lost: number
    {
      await using store = await open(prefix, { heads })
      await put(store.collection(testResource), 'later')
      lost = store.revision
    }
    for (const { key } of await allPairs(prefix)) await change(key, undefined)
    for (const { key, value } of old) await change(key, value)
    await assert.rejects(open(prefix, { heads }), /was restored to an earlier state, or lost its end\. .*--accept-restored-store/)
    await using store = await open(prefix, { heads, acceptRestored: true })
    assert.equal(store.revision, lost + restoredGap)
    const pods = store.collection(testResource)
    assert.deepEqual(names(pods.list({}).entries), ['a', 'b', 'c'])
    assert.throws(() => pods.watch({ after: lost }), RevisionCompacted)
    assert.equal((await put(pods, 'new')).revision, lost + restoredGap + 1)
  })
})

describe('the files of etcd', { skip }, () => {
  it('contain no content and no name', async () => {
    const canary = `canary${randomUUID()}`
    const prefix = newPrefix()
    {
      await using store = await open(prefix)
      const pods = store.collection(testResource)
      const labels = { label: canary }
      await write(pods, canary, undefined, { metadata: { name: canary, labels }, data: { text: canary } }, `namespace-${canary}`)
      await put(store.collection({ groupResource: `kinds.${canary}` }), 'a', { data: { text: canary.repeat(30_000) } })
      await remove(pods, canary, `namespace-${canary}`)
    }
    const encoded = [canary, Buffer.from(canary).toString('base64').slice(0, 40), Buffer.from(canary).toString('hex')]
    let searched = 0
    const folder = join(etcd.folder, 'm0')
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      const file = join(folder, name)
      if (!statSync(file).isFile()) continue
      const bytes = readFileSync(file)
      searched += bytes.length
      for (const needle of encoded) assert.equal(bytes.includes(needle), false, `${needle} in ${name}`)
    }
    // The prefix is in clear text, so the search works.
    assert.ok(searched > 1_000_000)
    assert.ok(readdirSync(folder, { recursive: true, encoding: 'utf8' }).some(name => holds(join(folder, name), prefix)))
  })

  const holds = (file: string, text: string): boolean => statSync(file).isFile() && readFileSync(file).includes(text)

  it('are read by etcdctl: keys hold digests only', async () => {
    const prefix = newPrefix()
    await using store = await open(prefix)
    await put(store.collection(testResource), 'a')
    const { stdout } = spawnSync('etcdctl', ['get', '--prefix', '--keys-only', prefix], {
      env: { ...process.env, ...etcd.environment },
      encoding: 'utf8',
    })
    const keys = stdout.split('\n').filter(key => key !== '')
    const digest = '[A-Za-z0-9_-]{22}'
    assert.ok(keys.some(key => new RegExp(`^${prefix}objects/${digest}/${digest}/${digest}$`).test(key)))
    assert.equal(
      keys.some(key => key.includes('pods') || key.includes('default')),
      false,
    )
  })
})

function memoryHeads(): StoreHeads {
  let newest: StoreHead | undefined
  return {
    newest: async () => newest,
    keep: async head => {
      newest = head
    },
  }
}

/** Waits pass at once. */
function hastyClock() {
  let ahead = 0
  const clock = {
    ...systemClock,
    monotonic: () => performance.now() + ahead,
    sleep: async (ms: number, signal?: AbortSignal) => {
      ahead += ms * 20
      await systemClock.sleep(1, signal)
    },
  }
  return { clock, waited: () => ahead }
}
