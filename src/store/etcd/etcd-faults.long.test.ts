import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { names, put, testResource, write } from '../objects.fixture.ts'
import { testSealer } from '../records/sealer.testing.ts'
import { type Collection, WriteFailed } from '../store.ts'
import { Compactor } from './compactor.ts'
import { noEtcd, startEtcd, type TestEtcd } from './etcd.testing.ts'
import { EtcdClient } from './etcd-client.ts'
import { EtcdError } from './etcd-error.ts'
import { type EtcdStoreOptions, openEtcdStore } from './etcd-store.ts'
import type { RangeResponse } from './messages.ts'
import { WriteRight } from './write-right.ts'

const skip = noEtcd
const newPrefix = () => `/${randomUUID()}/`
const common = { cluster: 'test', clock: systemClock, log: silentLogger }
const identity = { id: 'one', address: 'https://127.0.0.1:6443' }

const open = (etcd: TestEtcd, prefix: string, options: Partial<EtcdStoreOptions> = {}) =>
  openEtcdStore({ etcd, prefix, identity, sealer: testSealer(), ...common, ...options })

describe('the store on three members of etcd', { skip }, () => {
  let etcd: TestEtcd
  before(async () => {
    if (skip === false) etcd = await startEtcd({ members: 3 })
  })
  after(() => etcd?.[Symbol.asyncDispose]())

  /** Creates objects one after the other, and returns the names of those that were acknowledged. */
  async function createSome(pods: Collection, count: number, first: number): Promise<string[]> {
    const made: string[] = []
    for (let index = first; index < first + count; index++) {
      const name = `p${String(index).padStart(4, '0')}`
      await write(pods, name, undefined)
      made.push(name)
    }
    return made
  }

  it('continues when each member is killed or hangs in turn, and loses no acknowledged write', { timeout: 120_000 }, async () => {
    const prefix = newPrefix()
    const made: string[] = []
    {
      await using store = await open(etcd, prefix)
      const pods = store.collection(testResource)
      made.push(...(await createSome(pods, 20, 0)))
      for (const [index, member] of etcd.members.entries()) {
        const isKilled = index < 2
        member.kill(isKilled ? 'SIGKILL' : 'SIGSTOP')
        made.push(...(await createSome(pods, 20, made.length)))
        if (isKilled) member.restart()
        else member.kill('SIGCONT')
        made.push(...(await createSome(pods, 20, made.length)))
        await allAnswer(etcd)
      }
    }
    await using again = await open(etcd, prefix)
    assert.deepEqual(names(again.collection(testResource).list({}).entries), made)
  })

  it('waits without a quorum, says so, and finishes the write when it is back', { timeout: 120_000 }, async () => {
    await using store = await open(etcd, newPrefix())
    const pods = store.collection(testResource)
    await put(pods, 'a')
    const [one, two] = etcd.members
    one?.kill('SIGKILL')
    two?.kill('SIGKILL')
    const waiting = put(pods, 'b')
    while (!store.stalled) await delay(50)
    assert.equal(store.backing, 'etcd')
    assert.deepEqual(names(pods.list({}).entries), ['a'])
    one?.restart()
    two?.restart()
    assert.equal((await waiting).name, 'b')
    // Until the lease is renewed.
    while (store.stalled) await delay(50)
    assert.deepEqual(names(pods.list({}).entries), ['a', 'b'])
  })

  async function allAnswer({ endpoints, tls }: TestEtcd) {
    using client = new EtcdClient({ endpoints, tls })
    for (const member of endpoints.keys())
      for (;;) {
        // A linearizable read: the member is part of the cluster again.
        const answered = await client.ask(member, 'Range', { key: Buffer.from('x') }, { timeoutMs: 1_000 }).then(
          () => true,
          () => false,
        )
        if (answered) break
        await delay(50)
      }
  }
})

describe('the store on one member of etcd', { skip }, () => {
  let etcd: TestEtcd
  before(async () => {
    if (skip === false) etcd = await startEtcd()
  })
  after(() => etcd?.[Symbol.asyncDispose]())

  const alone = { onShared: () => undefined, onAlone: () => Promise.resolve() }

  it('writes when the lease of a dead server that was alone has ended', { timeout: 60_000 }, async () => {
    const prefix = newPrefix()
    using client = new EtcdClient(etcd)
    /** A process that hangs: it never renews. */
    const clock = { ...systemClock, sleep: (_ms: number, signal?: AbortSignal) => systemClock.sleep(1e9, signal) }
    const dead = new WriteRight({ client, prefix, identity: { id: 'dead', address: 'https://dead' }, clock, log: silentLogger, ...alone })
    await dead.join()
    assert.equal(dead.isAlone, true)
    await using store = await open(etcd, prefix)
    await put(store.collection(testResource), 'a')
    assert.equal(dead.isAlone, false)
    await dead.close()
  })

  it('shares with another server that wrote while its own lease had ended', { timeout: 60_000 }, async () => {
    const prefix = newPrefix()
    await using store = await open(etcd, prefix)
    await put(store.collection(testResource), 'a')
    using client = new EtcdClient(etcd)
    const { ID } = { ID: (await client.call<RangeResponse>('Range', { key: Buffer.from(`${prefix}writer`) })).kvs[0]?.lease }
    await client.call('LeaseRevoke', { ID })
    await using other = await open(etcd, prefix, { identity: { id: 'two', address: 'https://127.0.0.2:6443' } })
    await put(other.collection(testResource), 'b')
    await put(store.collection(testResource), 'c')
    await store.fresh()
    assert.deepEqual(names(store.collection(testResource).list({}).entries), ['a', 'b', 'c'])
  })

  it('takes the right again after its lease ended, when nobody else did', { timeout: 60_000 }, async () => {
    const prefix = newPrefix()
    await using store = await open(etcd, prefix)
    using client = new EtcdClient(etcd)
    const lease = (await client.call<RangeResponse>('Range', { key: Buffer.from(`${prefix}writer`) })).kvs[0]?.lease
    await client.call('LeaseRevoke', { ID: lease })
    await put(store.collection(testResource), 'a')
    assert.deepEqual(names(store.collection(testResource).list({}).entries), ['a'])
  })

  it('keeps what watches need when it compacts, and remembers up to where', async () => {
    const prefix = newPrefix()
    {
      await using store = await open(etcd, prefix)
      for (let round = 0; round < 5; round++) await put(store.collection(testResource), 'a', { data: { round: String(round) } })
    }
    using client = new EtcdClient(etcd)
    const keep = { ageMs: 0, revisions: 1_000_000, bytes: 0 }
    const compactor = new Compactor({ client, prefix, metrics: undefined, keep, ...common })
    assert.equal(await compactor.floor(), 0)
    const head = (await client.call<RangeResponse>('Range', { key: Buffer.from(`${prefix}objects/head`) })).kvs[0]
    const at = head?.modRevision ?? 0
    compactor.written(at, 100)
    await compactor.compact()
    assert.equal(await compactor.floor(), at)
    const isCompacted = (err: unknown) => err instanceof EtcdError && err.fault === 'compacted'
    await assert.rejects(client.call('Range', { key: Buffer.from('x'), revision: at - 1 }), isCompacted)
    await using store = await open(etcd, prefix)
    assert.deepEqual(names(store.collection(testResource).list({}).entries), ['a'])
  })

  it('is compacted by one of several servers in each round', async () => {
    const prefix = newPrefix()
    using client = new EtcdClient(etcd)
    const at = (await client.call<RangeResponse>('Range', { key: Buffer.from('x') })).header.revision
    const options = { client, prefix, metrics: undefined, keep: { ageMs: 0, revisions: 1, bytes: 0 }, ...common }
    const [one, two] = [new Compactor(options), new Compactor(options)]
    for (const compactor of [one, two]) {
      await compactor.floor()
      compactor.written(at, 100)
    }
    await one.compact()
    two.written(at + 1, 100)
    await two.compact()
    assert.equal(await one.floor(), at)
  })
})

describe('the store on an etcd without space', { skip }, () => {
  it('refuses writes with what to do, and goes on reading', { timeout: 60_000 }, async () => {
    await using etcd = await startEtcd({ arguments: ['--quota-backend-bytes', String(8 * 2 ** 20)] })
    await using store = await open(etcd, newPrefix())
    const pods = store.collection(testResource)
    const failures: Error[] = []
    store.onFailure(err => failures.push(err))
    let refused: unknown
    for (let round = 0; round < 100 && refused === undefined; round++)
      await put(pods, `p${round % 3}`, { data: { text: `${round}`.repeat(200_000) } }).catch(err => {
        refused = err
      })
    assert.ok(refused instanceof WriteFailed)
    assert.equal(refused.retriable, true)
    assert.match(refused.message, /alarm NOSPACE.*--quota-backend-bytes.*etcdctl defrag --cluster.*etcdctl alarm disarm/)
    assert.equal(store.full, true)
    assert.equal(pods.size, 3)
    assert.deepEqual(failures, [])
  })
})
