import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { must, names, parse, put, record, remove, settle, testResource, write } from '../objects.fixture.ts'
import { testSealer } from '../records/sealer.testing.ts'
import { type Store, WriteConflict } from '../store.ts'
import { noEtcd, startEtcd, type TestEtcd } from './etcd.testing.ts'
import { EtcdClient } from './etcd-client.ts'
import { type EtcdStoreOptions, openEtcdStore } from './etcd-store.ts'
import { rangeEnd } from './key-names.ts'
import type { RangeResponse } from './messages.ts'

const large = { data: { text: 'large '.repeat(220_000) } }

describe('several stores on one etcd', { skip: noEtcd }, () => {
  let etcd: TestEtcd
  before(async () => {
    if (noEtcd === false) etcd = await startEtcd()
  })
  after(() => etcd?.[Symbol.asyncDispose]())

  const newPrefix = () => `/${randomUUID()}/`
  const open = (prefix: string, id: string, options: Partial<EtcdStoreOptions> = {}): Promise<Store> =>
    openEtcdStore({
      ...{ etcd, prefix, cluster: 'test', sealer: testSealer(), clock: systemClock, log: silentLogger },
      identity: { id, address: `https://${id}:6443` },
      ...options,
    })

  async function three(prefix = newPrefix()) {
    const stores = [await open(prefix, 'one'), await open(prefix, 'two'), await open(prefix, 'three')] as const
    return {
      stores,
      pods: stores.map(store => store.collection(testResource)),
      [Symbol.asyncDispose]: async () => {
        await Promise.all(stores.map(store => store[Symbol.asyncDispose]()))
      },
    }
  }

  it('each see what the others have written, large objects and deletions too, in one order', async () => {
    await using servers = await three()
    const { stores, pods } = servers
    const [one, two, three_] = pods.map(must)
    const seen = pods.map((collection, index) => record(collection.watch({ after: must(stores[index]).revision })))
    const first = await put(must(one), 'a')
    const second = await put(must(two), 'b', large)
    assert.ok(second.revision > first.revision)
    await must(stores[2]).fresh()
    await remove(must(three_), 'a')
    await put(must(one), 'c')
    await Promise.all(stores.map(store => store.fresh()))
    await settle()
    for (const collection of pods) assert.deepEqual(names(collection.list({}).entries), ['b', 'c'])
    for (const collection of pods) assert.deepEqual(parse(must(collection.get('default', 'b'))).data, large.data)
    for (const { types } of seen) assert.deepEqual(types(), ['ADDED a', 'ADDED b', 'DELETED a', 'ADDED c'])
  })

  it('refuse one of two writes of the same version, and creates of the same name', async () => {
    await using servers = await three()
    const { stores, pods } = servers
    await put(must(pods[0]), 'a')
    await Promise.all(stores.map(store => store.fresh()))
    const current = pods.map(collection => collection.get('default', 'a'))
    const updates = await Promise.allSettled(
      pods.map(async (collection, index) => write(collection, 'a', current[index], { data: { by: String(index) } })),
    )
    assert.equal(updates.filter(({ status }) => status === 'fulfilled').length, 1)
    for (const update of updates) if (update.status === 'rejected') assert.ok(update.reason instanceof WriteConflict)
    const creates = await Promise.allSettled(pods.map(async collection => write(collection, 'same', undefined)))
    assert.equal(creates.filter(({ status }) => status === 'fulfilled').length, 1)
  })

  it('count up without a lost update, whoever writes', { timeout: 120_000 }, async () => {
    await using servers = await three()
    const { stores, pods } = servers
    await put(must(pods[0]), 'counter', { data: { n: '0' } })
    await Promise.all(stores.map(store => store.fresh()))
    let conflicts = 0
    const increments = 40
    await Promise.all(
      pods.map(async collection => {
        for (let done = 0; done < increments; ) {
          const entry = must(collection.newest('default', 'counter'))
          const n = Number((entry.object as { data?: { n?: string } }).data?.n)
          try {
            await write(collection, 'counter', entry, { data: { n: String(n + 1) } })
            done++
          } catch (err) {
            if (!(err instanceof WriteConflict)) throw err
            conflicts++
          }
        }
      }),
    )
    assert.ok(conflicts > 0)
    await Promise.all(stores.map(store => store.fresh()))
    for (const collection of pods)
      assert.equal((must(collection.get('default', 'counter')).object as { data?: { n?: string } }).data?.n, String(increments * 3))
  })

  it('recheck a decision that another server overtook', async () => {
    await using servers = await three()
    const { stores, pods } = servers
    const limit = 10
    const attempts = pods.flatMap((collection, server) =>
      Array.from({ length: 20 }, async (_, index) => {
        const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: `p${server}-${index}`, namespace: 'default' } }
        const mine = waiting[server] ?? []
        const check = () => {
          if (collection.size + mine.length > limit) {
            mine.splice(mine.indexOf(object.metadata.name), 1)
            throw new Error('the quota is used up')
          }
        }
        mine.push(object.metadata.name)
        check()
        await collection.write({ namespace: 'default', name: object.metadata.name, expected: undefined, object, recheck: check })
        mine.splice(mine.indexOf(object.metadata.name), 1)
      }),
    )
    const ended = await Promise.allSettled(attempts)
    assert.equal(ended.filter(({ status }) => status === 'fulfilled').length, limit)
    await Promise.all(stores.map(store => store.fresh()))
    for (const collection of pods) assert.equal(collection.size, limit)
  })
  const waiting: string[][] = [[], [], []]

  it('answer a read with every write that was acknowledged before it, by whichever server', async () => {
    await using servers = await three()
    const { stores, pods } = servers
    for (let round = 0; round < 100; round++) {
      const { name } = await put(must(pods[round % 3]), `p${round}`)
      const reader = (round + 1) % 3
      await must(stores[reader]).fresh()
      assert.ok(must(pods[reader]).get('default', name))
    }
  })

  it('let a watch of one resume on another, and wait for a revision that is still on its way', async () => {
    await using servers = await three()
    const { stores, pods } = servers
    const { revision } = await put(must(pods[0]), 'a')
    const { revision: last } = await put(must(pods[1]), 'b')
    await must(stores[2]).reached(last, 5_000)
    assert.ok(must(stores[2]).revision >= last)
    const seen = record(must(pods[2]).watch({ after: revision }))
    await settle()
    assert.deepEqual(seen.types(), ['ADDED b'])
  })

  it('leave no pieces of a large object that was refused', async () => {
    const prefix = newPrefix()
    await using servers = await three(prefix)
    const ended = await Promise.allSettled(servers.pods.map(async collection => write(collection, 'same', undefined, large)))
    assert.equal(ended.filter(({ status }) => status === 'fulfilled').length, 1)
    using client = new EtcdClient(etcd)
    const pieces = `${prefix}pieces/`
    const { kvs } = await client.call<RangeResponse>('Range', { key: Buffer.from(pieces), rangeEnd: rangeEnd(pieces), keysOnly: true })
    assert.equal(new Set(kvs.map(({ key }) => key.toString().replace(/[^/]+$/, ''))).size, 1)
  })

  it('ask nothing while a server is alone, and begin to when another one comes', async () => {
    const prefix = newPrefix()
    await using one = await open(prefix, 'one')
    assert.equal(one.fresh(), undefined)
    await put(one.collection(testResource), 'a')
    await using two = await open(prefix, 'two')
    await put(two.collection(testResource), 'b')
    assert.notEqual(one.fresh(), undefined)
    await one.fresh()
    assert.ok(one.collection(testResource).get('default', 'b'))
    await assert.rejects(open(prefix, 'three', { mustBeAlone: true }), /uses this etcd\. Stop all servers first/)
  })

  it('throw away nothing that one wrote when many write at once', { timeout: 120_000 }, async () => {
    await using servers = await three()
    const { stores, pods } = servers
    const began = performance.now()
    const each = 500
    await Promise.all(
      pods.flatMap((collection, server) => Array.from({ length: each }, (_, n) => write(collection, `s${server}-${n}`, undefined))),
    )
    await Promise.all(stores.map(store => store.fresh()))
    for (const collection of pods) assert.equal(collection.size, 3 * each)
    assert.ok(performance.now() - began < 60_000)
    console.log(`${3 * each} in ${Math.round(performance.now() - began)} ms`)
  })
})
