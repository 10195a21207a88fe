import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../api/object.ts'
import { FakeStoreView } from '../admission.fixture.ts'
import type { LimitedResource } from './check.ts'
import { QuotaLedger } from './ledger.ts'

const namespace = 'n'
const quota = (name: string, hard: Record<string, string>, spec: object = {}) => ({
  metadata: { namespace, name, uid: `quota-${name}` },
  spec: { hard, ...spec },
})
const pod = (name: string, cpu = '1', more: object = {}): KubeObject => ({
  metadata: { namespace, name, uid: `uid-${name}` },
  ...{ spec: { containers: [{ name: 'c', resources: { requests: { cpu } } }] }, ...more },
})
const secret = (name: string): KubeObject => ({ metadata: { namespace, name, uid: `uid-${name}` } })

function open(feed: FakeStoreView, limited: readonly LimitedResource[] = []) {
  let now = 0
  const ledger = new QuotaLedger({ source: feed, now: () => now, limited })
  const admit = (resource: string, object: KubeObject, oldObject?: KubeObject, rehearsal = false) =>
    ledger.admit(resource, namespace, { object, oldObject }, rehearsal)
  const used = (name = 'q') =>
    ledger
      .takeStale()
      .find(stale => stale.name === name)
      ?.status().used
  return {
    ...{ ledger, admit, used },
    /** All steps of an admitted request. */
    create(resource: string, object: KubeObject): string | undefined {
      const verdict = admit(resource, object)
      if (!verdict.allowed) return verdict.why
      feed.put(resource, object)
      verdict.charge?.settle(true)
      return undefined
    },
    setNow(ms: number) {
      now = ms
    },
  }
}

for (const parsed of [true, false]) {
  describe(parsed ? 'with changes whose objects are at hand' : 'with changes that have to be parsed', () => {
    const feedOf = (objects: Record<string, readonly KubeObject[]> = {}) => Object.assign(new FakeStoreView(objects), { parsed })

    test("QuotaLedger counts existing objects when it opens, and reports excess in upstream's words", () => {
      const feed = feedOf({ resourcequotas: [quota('q', { 'requests.cpu': '3', pods: '5' })], pods: [pod('a', '1500m')] })
      const { admit, used, create } = open(feed)
      assert.deepEqual(used(), { 'requests.cpu': '1500m', pods: '1' })
      assert.equal(create('pods', pod('b')), undefined)
      assert.deepEqual(admit('pods', pod('c')), {
        allowed: false,
        why: 'exceeded quota: q, requested: requests.cpu=1, used: requests.cpu=2500m, limited: requests.cpu=3',
      })
      assert.deepEqual(admit('pods', { ...pod('d'), spec: { containers: [{ name: 'x' }, { name: 'y' }] } } as KubeObject), {
        allowed: false,
        why: 'failed quota: q: must specify requests.cpu for: x,y',
      })
    })

    test('QuotaLedger never grants the same remainder to two requests, whatever the order in which they end', () => {
      const feed = feedOf({ resourcequotas: [quota('q', { pods: '10' })] })
      const { admit, ledger } = open(feed)
      let seed = 7
      const random = (below: number) => {
        seed = (seed * 1103515245 + 12345) % 2147483648
        return (seed >> 8) % below
      }
      const running: { object: KubeObject; settle(stored: boolean): void }[] = []
      let stored: string[] = []
      let admitted = 0
      for (let step = 0; step < 20_000; step++) {
        const action = random(4)
        if (action < 2) {
          const object = pod(`p${step}`)
          const verdict = admit('pods', object)
          const taken = stored.length + running.length
          assert.equal(verdict.allowed, taken < 10, `step ${step}: ${taken} taken`)
          if (verdict.allowed && verdict.charge !== undefined) running.push({ object, settle: verdict.charge.settle })
          admitted += Number(verdict.allowed)
        } else if (action === 2 && running.length > 0) {
          const [request] = running.splice(random(running.length), 1)
          const succeeds = random(3) > 0
          if (succeeds) {
            feed.put('pods', request?.object ?? secret(''))
            stored.push(request?.object.metadata.name ?? '')
          }
          request?.settle(succeeds)
        } else if (stored.length > 0) {
          const name = stored[random(stored.length)] ?? ''
          feed.remove('pods', namespace, name)
          stored = stored.filter(other => other !== name)
        }
      }
      assert.ok(admitted > 1000, `only ${admitted} were admitted`)
      assert.ok(feed.count('pods', namespace) <= 10)
      assert.equal(ledger.takeStale()[0]?.status().used?.['pods'], String(stored.length))
    })

    test('QuotaLedger releases usage of failed requests, deleted objects and ended pods', () => {
      const feed = feedOf({ resourcequotas: [quota('q', { pods: '1', secrets: '1' })] })
      const { admit, create, used } = open(feed)
      const failed = admit('pods', pod('a'))
      assert.equal(admit('pods', pod('b')).allowed, false)
      if (failed.allowed) failed.charge?.settle(false)
      assert.equal(create('pods', pod('b')), undefined)
      feed.put('pods', pod('b', '1', { status: { phase: 'Failed' } }))
      assert.equal(create('pods', pod('c')), undefined)
      feed.remove('pods', namespace, 'c')
      assert.equal(create('pods', pod('d')), undefined)
      assert.equal(create('secrets', secret('s')), undefined)
      assert.match(create('secrets', secret('t')) ?? '', /exceeded quota: q, requested: secrets=1, used: secrets=1, limited: secrets=1/)
      feed.remove('secrets', namespace, 's')
      assert.equal(create('secrets', secret('t')), undefined)
      assert.deepEqual(used(), { pods: '1', secrets: '1' })
    })

    for (const order of ['change, failure, success', 'failure, change, success', 'change, success, failure']) {
      test(`QuotaLedger counts one of two creations of a name, whatever comes first: ${order}`, () => {
        const feed = feedOf({ resourcequotas: [quota('q', { secrets: '2' })] })
        const { admit, create } = open(feed)
        const [winner, loser] = [
          admit('secrets', secret('same')),
          admit('secrets', { ...secret('same'), metadata: { namespace, name: 'same', uid: 'x' } }),
        ]
        assert.equal(admit('secrets', secret('third')).allowed, false)
        for (const step of order.split(', ')) {
          if (step === 'change') feed.put('secrets', secret('same'))
          else if (step === 'success' && winner.allowed) winner.charge?.settle(true)
          else if (step === 'failure' && loser.allowed) loser.charge?.settle(false)
        }
        assert.equal(create('secrets', secret('other')), undefined)
        assert.match(create('secrets', secret('third')) ?? '', /used: secrets=2/)
      })
    }

    test('QuotaLedger follows a generated name that had to be drawn again', () => {
      const feed = feedOf({ resourcequotas: [quota('q', { secrets: '2', pods: '2' })] })
      const { admit } = open(feed)
      for (const [resource, object] of [
        ['secrets', secret('drawn-1')],
        ['pods', pod('drawn-1')],
      ] as const) {
        const verdict = admit(resource, object)
        object.metadata.name = 'drawn-2'
        feed.put(resource, object)
        if (verdict.allowed) verdict.charge?.settle(true)
        const rehearsed = (count: number) =>
          Array.from({ length: count }, (_, index) => admit(resource, resource === 'pods' ? pod(`n${index}`) : secret(`n${index}`)).allowed)
        assert.deepEqual(rehearsed(2), [true, false], resource)
      }
    })

    test('QuotaLedger frees a pod that outlives its grace period on its own', () => {
      const ending = { metadata: { ...pod('a').metadata, deletionTimestamp: '1970-01-01T00:00:10Z', deletionGracePeriodSeconds: 10 } }
      const feed = feedOf({ resourcequotas: [quota('q', { pods: '1' })], pods: [{ ...pod('a'), ...ending }] })
      const { admit, setNow, used } = open(feed)
      assert.equal(admit('pods', pod('b'), undefined, true).allowed, false)
      setNow(20_001)
      assert.equal(admit('pods', pod('b'), undefined, true).allowed, true)
      assert.deepEqual(used(), { pods: '0' })
    })

    test('QuotaLedger charges an update for an increase, and nothing for a decrease', () => {
      const feed = feedOf({ resourcequotas: [quota('q', { 'services.nodeports': '2' })] })
      const { admit, create } = open(feed)
      const service = (ports: number, resourceVersion: string): KubeObject => ({
        metadata: { namespace, name: 's', uid: 'u', resourceVersion },
        ...{ spec: { type: 'NodePort', ports: Array.from({ length: ports }, (_, port) => ({ port })) } },
      })
      assert.equal(create('services', service(1, '1')), undefined)
      const grows = admit('services', service(2, '1'), service(1, '1'))
      assert.equal(grows.allowed, true)
      assert.equal(admit('services', service(3, '1'), service(1, '1')).allowed, false)
      if (grows.allowed) grows.charge?.settle(false)
      assert.deepEqual(admit('services', service(1, '1'), service(2, '1')), { allowed: true, charge: undefined })
    })

    test('QuotaLedger rehearses a dry run and keeps nothing of it', () => {
      const { admit } = open(feedOf({ resourcequotas: [quota('q', { pods: '1' })] }))
      for (let i = 0; i < 3; i++) assert.deepEqual(admit('pods', pod('a'), undefined, true), { allowed: true, charge: undefined })
      assert.equal(admit('pods', pod('a')).allowed, true)
    })

    test('QuotaLedger counts only objects that are in all scopes of a quota', () => {
      const high = { scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] } }
      const { create } = open(feedOf({ resourcequotas: [quota('q', { pods: '1' }, high)] }))
      const important = (name: string): KubeObject => ({ ...pod(name), ...{ spec: { containers: [], priorityClassName: 'high' } } })
      assert.equal(create('pods', pod('a')), undefined)
      assert.equal(create('pods', important('b')), undefined)
      assert.match(create('pods', important('c')) ?? '', /exceeded quota: q/)
      assert.equal(create('pods', pod('d')), undefined)
    })

    test('QuotaLedger follows quotas that come, change and go, and requests that are under way meanwhile', () => {
      const feed = feedOf({ resourcequotas: [quota('q', { pods: '1' })] })
      const { admit, create, ledger } = open(feed)
      const first = admit('pods', pod('a'))
      feed.put('resourcequotas', quota('q', { pods: '2' }))
      assert.equal(create('pods', pod('b')), undefined)
      assert.equal(admit('pods', pod('c')).allowed, false)
      feed.put('pods', pod('a'))
      if (first.allowed) first.charge?.settle(true)
      assert.equal(admit('pods', pod('c')).allowed, false)
      feed.remove('pods', namespace, 'a')
      feed.remove('pods', namespace, 'b')
      assert.equal(create('pods', pod('d')), undefined)
      assert.equal(create('pods', pod('e')), undefined)
      feed.remove('resourcequotas', namespace, 'q')
      assert.equal(ledger.concerns('pods', namespace), false)
      feed.put('resourcequotas', quota('q', { pods: '2' }))
      assert.match(create('pods', pod('f')) ?? '', /used: pods=2/)
    })

    test('QuotaLedger counts objects of a resource that is served only later', () => {
      const name = 'crontabs.example.com'
      const feed = feedOf({ resourcequotas: [quota('q', { [`count/${name}`]: '2' })] })
      feed.absent.add(name)
      const { create, used } = open(feed)
      feed.put(name, secret('early'))
      assert.deepEqual(used(), { [`count/${name}`]: '0' })
      feed.absent.delete(name)
      assert.deepEqual(used(), { [`count/${name}`]: '1' })
      assert.equal(create(name, secret('a')), undefined)
      assert.match(create(name, secret('b')) ?? '', /exceeded quota: q/)
    })

    test('QuotaLedger refuses a resource that the configuration limits and no quota covers', () => {
      const limited: LimitedResource[] = [{ groupResource: 'pods', matchContains: ['requests.cpu'], matchScopes: [] }]
      const feed = feedOf()
      const { admit } = open(feed, limited)
      assert.deepEqual(admit('pods', pod('a')), { allowed: false, why: 'insufficient quota to consume: requests.cpu' })
      feed.put('resourcequotas', quota('q', { 'requests.cpu': '1' }))
      assert.equal(admit('pods', pod('a')).allowed, true)
      const scoped: LimitedResource[] = [
        { groupResource: 'pods', matchContains: [], matchScopes: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] },
      ]
      const important = { ...pod('b'), ...{ spec: { containers: [], priorityClassName: 'high' } } }
      assert.deepEqual(open(feedOf(), scoped).admit('pods', important), {
        allowed: false,
        why: 'insufficient quota to match these scopes: [{PriorityClass In [high]}]',
      })
      assert.equal(open(feedOf(), scoped).admit('pods', pod('c')).allowed, true)
    })
  })
}

test('QuotaLedger bounds the bytes that the store counts, and publishes them in steps', () => {
  const name = 'bulkhead.dev/stored-bytes'
  const feed = new FakeStoreView({
    resourcequotas: [quota('q', { [name]: '256Ki' }), quota('scoped', { [name]: '1' }, { scopes: ['BestEffort'] })],
  })
  feed.storeBytes(namespace, 100_000)
  const { ledger, used } = open(feed)
  assert.deepEqual(used(), { [name]: '100k' })
  assert.equal(ledger.refuseGrowth(namespace, 162_144), undefined)
  assert.match(
    ledger.refuseGrowth(namespace, 162_145) ?? '',
    /^exceeded quota: q, requested: bulkhead\.dev\/stored-bytes=162145, used: bulkhead\.dev\/stored-bytes=100000, limited: bulkhead\.dev\/stored-bytes=256Ki\. /,
  )
  assert.equal(ledger.refuseGrowth('other', 1e12), undefined)
  feed.storeBytes(namespace, 101_023)
  assert.equal(used(), undefined)
  feed.storeBytes(namespace, 101_024)
  assert.deepEqual(used(), { [name]: '101024' })
  feed.storeBytes(namespace, 100_000)
  assert.deepEqual(used(), { [name]: '100k' })
  feed.put('resourcequotas', quota('q', { pods: '1' }))
  assert.equal(ledger.refuseGrowth(namespace, 1e12), undefined)
})
