// What several servers of a cluster must agree on: quotas, addresses, tickets, revoked credentials, lists and watches.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '../../../base/clock.ts'
import { silentLogger } from '../../../base/log.ts'
import { Client } from '../../../client/client.ts'
import { runWhileLeading } from '../../../client/leader-election.ts'
import type { Transport } from '../../../client/transport/transport.ts'
import { serverIdentity } from '../../../server/bootstrap.ts'
import { noEtcd, startEtcd, type TestEtcd } from '../../../store/etcd/etcd.testing.ts'
import { LiveServers, serverGoneMs } from '../../servers/live-servers.ts'
import { type Answer, admin, nodeUser, person, type SecuredApi } from '../secured-api.testing.ts'
import { type ThreeServers, threeServers } from './three-servers.testing.ts'

const limit = { timeout: 120_000 }

describe('three servers on one etcd', { skip: noEtcd }, () => {
  let etcd: TestEtcd
  let servers: ThreeServers
  before(async () => {
    etcd = await startEtcd()
    servers = await threeServers(etcd)
  })
  after(async () => {
    await servers?.[Symbol.asyncDispose]()
    await etcd?.[Symbol.asyncDispose]()
  })

  const at = (index: number): SecuredApi => {
    const api = servers.apis[index % 3]
    assert.ok(api)
    return api
  }
  const namespace = async (name: string, index = 0): Promise<string> => {
    await at(index).create('/api/v1/namespaces', { metadata: { name } })
    return `/api/v1/namespaces/${name}`
  }
  /** The same request as often at each server, all at once. */
  const everywhere = (times: number, send: (api: SecuredApi, server: number, index: number) => Promise<Answer>): Promise<Answer[]> =>
    Promise.all([0, 1, 2].flatMap(server => Array.from({ length: times }, (_, index) => send(at(server), server, index))))
  const withStatus = (answers: readonly Answer[], status: number) => answers.filter(answer => answer.status === status)

  test('an object that one has acknowledged is read, listed and used at the others at once', limit, async () => {
    for (let round = 0; round < 30; round++) {
      const path = await namespace(`fresh-${round}`, round)
      const reader = at(round + 1)
      assert.equal((await reader.request(admin, 'GET', path)).status, 200)
      const { json } = await reader.request(admin, 'GET', '/api/v1/namespaces')
      assert.ok(json.items.some(({ metadata }: { metadata: { name: string } }) => metadata.name === `fresh-${round}`))
      assert.equal((await at(round + 2).request(admin, 'POST', `${path}/configmaps`, { metadata: { name: 'a' } })).status, 201)
    }
  })

  test('a quota of counted objects is never exceeded', limit, async () => {
    const path = await namespace('counted')
    await at(0).create(`${path}/resourcequotas`, { metadata: { name: 'q' }, spec: { hard: { 'count/configmaps': '50' } } })
    await servers.fresh()
    const answers = await everywhere(100, (api, server, index) =>
      api.request(admin, 'POST', `${path}/configmaps`, { metadata: { name: `c${server}-${index}` } }),
    )
    assert.equal(withStatus(answers, 201).length, 50)
    for (const refused of answers.filter(({ status }) => status !== 201)) assert.match(refused.json.message, /exceeded quota: q/)
    const { json } = await at(1).request(admin, 'GET', `${path}/configmaps`)
    assert.equal(json.items.length, 50)
    // What is deleted at one can be created at another.
    assert.equal((await at(2).request(admin, 'DELETE', `${path}/configmaps/${json.items[0].metadata.name}`)).status, 200)
    assert.equal((await at(0).request(admin, 'POST', `${path}/configmaps`, { metadata: { name: 'again' } })).status, 201)
    assert.equal((await at(1).request(admin, 'POST', `${path}/configmaps`, { metadata: { name: 'more' } })).status, 403)
  })

  test('a quota of amounts is never exceeded', limit, async () => {
    const path = await namespace('measured')
    await at(0).create(`${path}/resourcequotas`, { metadata: { name: 'q' }, spec: { hard: { 'requests.storage': '40Gi' } } })
    await servers.fresh()
    const claim = (name: string) => ({
      metadata: { name },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    })
    const answers = await everywhere(60, (api, server, index) =>
      api.request(admin, 'POST', `${path}/persistentvolumeclaims`, claim(`c${server}-${index}`)),
    )
    assert.equal(withStatus(answers, 201).length, 40)
    const { json } = await at(2).request(admin, 'GET', `${path}/persistentvolumeclaims`)
    assert.equal(json.items.length, 40)
  })

  test('no cluster address and no node port is given twice, and a chosen one to one Service', limit, async () => {
    const path = await namespace('addressed')
    const service = (name: string, spec: object = {}) => ({
      metadata: { name },
      spec: { type: 'NodePort', ports: [{ port: 80 }], ...spec },
    })
    const answers = await everywhere(40, (api, server, index) =>
      api.request(admin, 'POST', `${path}/services`, service(`s${server}-${index}`)),
    )
    assert.deepEqual(
      answers.filter(({ status }) => status !== 201).map(({ text }) => text),
      [],
    )
    const { json } = await at(1).request(admin, 'GET', `${path}/services`)
    const specs: { clusterIP: string; ports: { nodePort: number }[] }[] = json.items.map(({ spec }: { spec: object }) => spec)
    assert.equal(specs.length, 120)
    assert.equal(new Set(specs.map(({ clusterIP }) => clusterIP)).size, 120)
    assert.equal(new Set(specs.map(({ ports }) => ports[0]?.nodePort)).size, 120)
    const chosen = await everywhere(1, (api, server) =>
      api.request(admin, 'POST', `${path}/services`, service(`chosen-${server}`, { ports: [{ port: 80, nodePort: 30_007 }] })),
    )
    assert.equal(withStatus(chosen, 201).length, 1)
    for (const { status, json: refused } of chosen)
      if (status !== 201) assert.match(refused.message, /30007: provided port is already allocated/)
    // Given back at one server, free at the others.
    const [made] = withStatus(chosen, 201)
    assert.ok(made)
    await at(0).request(admin, 'DELETE', `${path}/services/${made.json.metadata.name}`)
    assert.equal(
      (await at(2).request(admin, 'POST', `${path}/services`, service('next', { ports: [{ port: 80, nodePort: 30_007 }] }))).status,
      201,
    )
  })

  test('a name is given once, and of concurrent updates of one version one wins', limit, async () => {
    const path = `${await namespace('named')}/configmaps`
    const created = await everywhere(5, api => api.request(admin, 'POST', path, { metadata: { name: 'one' } }))
    assert.equal(withStatus(created, 201).length, 1)
    assert.equal(withStatus(created, 409).length, 14)
    const { json } = await at(0).request(admin, 'GET', `${path}/one`)
    const updated = await everywhere(1, (api, server) =>
      api.request(admin, 'PUT', `${path}/one`, { ...json, data: { by: String(server) } }),
    )
    assert.equal(withStatus(updated, 200).length, 1)
    // A patch without a version is applied to whatever is there: none is lost.
    const patched = await everywhere(10, (api, server, index) =>
      api.request(admin, 'PATCH', `${path}/one`, { data: { [`k${server}-${index}`]: 'v' } }),
    )
    assert.equal(withStatus(patched, 200).length, 30)
    const { data } = (await at(1).request(admin, 'GET', `${path}/one`)).json
    assert.equal(Object.keys(data).filter(key => key.startsWith('k')).length, 30)
  })

  test('pages of a list continue at another server, at the revision of the first page', limit, async () => {
    const path = `${await namespace('paged')}/configmaps`
    for (let index = 0; index < 9; index++) await at(index).create(path, { metadata: { name: `c${index}` } })
    const first = (await at(0).request(admin, 'GET', `${path}?limit=5`)).json
    await at(1).request(admin, 'DELETE', `${path}/c8`)
    const rest = (await at(2).request(admin, 'GET', `${path}?limit=5&continue=${first.metadata.continue}`)).json
    assert.deepEqual(
      [...first.items, ...rest.items].map(({ metadata }: { metadata: { name: string } }) => metadata.name),
      Array.from({ length: 9 }, (_, index) => `c${index}`),
    )
    assert.equal(rest.metadata.resourceVersion, first.metadata.resourceVersion)
  })

  test('a revoked token is refused everywhere within a second, and its open watches end', limit, async () => {
    const path = await namespace('revoked')
    await at(0).create(`${path}/serviceaccounts`, { metadata: { name: 'robot' } })
    await at(1).create(`/apis/rbac.authorization.k8s.io/v1/namespaces/revoked/rolebindings`, {
      metadata: { name: 'r' },
      subjects: [{ kind: 'ServiceAccount', name: 'robot', namespace: 'revoked' }],
      roleRef: { kind: 'ClusterRole', apiGroup: 'rbac.authorization.k8s.io', name: 'view' },
    })
    await servers.fresh()
    const authorization = `Bearer ${await at(2).token('revoked', 'robot')}`
    for (const api of servers.apis) assert.equal((await api.present({ authorization }, `${path}/configmaps`)).status, 200)
    const watch = await at(1).send({ url: `${path}/configmaps?watch=1`, credentials: { remoteAddress: '192.0.2.1', authorization } })
    assert.ok(typeof watch.body === 'function')
    const ended = watch.body({ write: () => true, drained: async () => undefined }, new AbortController().signal)
    const began = performance.now()
    await at(0).request(admin, 'DELETE', `${path}/serviceaccounts/robot`)
    await ended
    for (const api of servers.apis) assert.equal((await api.present({ authorization }, `${path}/configmaps`)).status, 401)
    assert.ok(performance.now() - began < 1_000, `${performance.now() - began} ms`)
    watch.done({ bytes: 0, cut: false })
  })

  test('a tenant who races a namespace’s deletion at another server leaves nothing behind', limit, async () => {
    for (let round = 0; round < 5; round++) {
      const path = await namespace(`doomed-${round}`)
      await servers.fresh()
      const [removed, ...made] = await Promise.all([
        at(0).request(admin, 'DELETE', path),
        ...Array.from({ length: 20 }, (_, index) =>
          at(1 + (index % 2)).request(admin, 'POST', `${path}/configmaps`, { metadata: { name: `c${index}` } }),
        ),
      ])
      assert.equal(removed.status, 200)
      const marked = Number(removed.json.metadata.resourceVersion)
      // Every object of it is older than the mark: whoever empties the namespace after it finds all of them.
      for (const { status, json } of made) if (status === 201) assert.ok(Number(json.metadata.resourceVersion) < marked)
    }
  })

  test('who has no rights at one server has none at the others, also right after they were taken away', limit, async () => {
    const path = await namespace('rights')
    const bindings = '/apis/rbac.authorization.k8s.io/v1/namespaces/rights/rolebindings'
    const binding = {
      metadata: { name: 'r' },
      subjects: [{ kind: 'User', name: 'eve', apiGroup: 'rbac.authorization.k8s.io' }],
      roleRef: { kind: 'ClusterRole', apiGroup: 'rbac.authorization.k8s.io', name: 'view' },
    }
    for (let round = 0; round < 10; round++) {
      await at(round).create(bindings, binding)
      assert.equal((await at(round + 1).request(person('eve'), 'GET', `${path}/configmaps`)).status, 200)
      await at(round + 2).request(admin, 'DELETE', `${bindings}/r`)
      assert.equal((await at(round + 1).request(person('eve'), 'GET', `${path}/configmaps`)).status, 403)
    }
    assert.equal((await at(1).request(nodeUser('n'), 'GET', '/api/v1/namespaces/rights/secrets')).status, 403)
  })

  test('the Service kubernetes lists the servers that live, and not one that left or died', limit, async () => {
    const stop = [new AbortController(), new AbortController(), new AbortController()]
    const live = servers.apis.map(
      (api, index) =>
        new LiveServers({
          client: new Client(api.server.transportFor(serverIdentity)),
          ensureObjects: (objects, overwrite) => api.server.ensureObjects(objects, overwrite),
          ...{ id: `server-${index}`, address: `192.0.2.${index + 1}`, port: 6443, clock: systemClock, log: silentLogger },
        }),
    )
    const runs = live.map((one, index) => one.run(stop[index]?.signal ?? AbortSignal.abort()))
    const listed = async (server: number): Promise<string> => {
      const { json } = await at(server).request(admin, 'GET', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes')
      const addresses = (json.endpoints ?? []).flatMap((endpoint: { addresses: string[] }) => endpoint.addresses)
      const { json: old } = await at(server).request(admin, 'GET', '/api/v1/namespaces/default/endpoints/kubernetes')
      const subsets = (old.subsets ?? []).flatMap((subset: { addresses: { ip: string }[] }) => subset.addresses.map(({ ip }) => ip))
      return addresses.join() === subsets.join() ? addresses.join() : `${addresses} but ${subsets}`
    }
    const until = async (wanted: string) => {
      while ((await listed(2)) !== wanted) await delay(50)
    }
    await until('192.0.2.1,192.0.2.2,192.0.2.3')
    const { json } = await at(0).request(admin, 'GET', '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases')
    assert.equal(json.items.filter(({ metadata }: { metadata: { name: string } }) => metadata.name.startsWith('apiserver-')).length, 3)
    // In order: at once.
    await live[0]?.leave()
    assert.equal(await listed(1), '192.0.2.2,192.0.2.3')
    // Without a word.
    const began = performance.now()
    stop[1]?.abort()
    await until('192.0.2.3')
    assert.ok(performance.now() - began < serverGoneMs + 4_000, `${performance.now() - began} ms`)
    for (const { abort } of stop.map(one => ({ abort: () => one.abort() }))) abort()
    await Promise.all(runs)
  })

  test('one of three leads, and another one continues when it gives up or falls silent', limit, async () => {
    const times = { leaseMs: 1_000, renewDeadlineMs: 700, retryMs: 100 }
    const leading = new Set<number>()
    const terms: number[] = []
    const stop = [new AbortController(), new AbortController(), new AbortController()]
    let isCut = -1
    const runs = servers.apis.map(async (api, index) => {
      const transport = api.server.transportFor(admin)
      const cuttable: Transport = {
        request: (request, signal) => (isCut === index ? Promise.reject(new Error('cut off')) : transport.request(request, signal)),
        [Symbol.asyncDispose]: async () => undefined,
      }
      const options = { client: new Client(cuttable), name: 'test', identity: `p${index}`, random: Math.random, times }
      const { signal } = stop[index] ?? new AbortController()
      await runWhileLeading({ ...options, clock: systemClock, log: silentLogger }, signal, async until => {
        terms.push(index)
        leading.add(index)
        assert.equal(leading.size, 1, 'two lead')
        await new Promise(resolve => until.addEventListener('abort', resolve, { once: true }))
        leading.delete(index)
      })
    })
    const nextLeader = async (after: number): Promise<number> => {
      while (terms.length <= after || leading.size === 0) await delay(10)
      return terms.at(-1) ?? -1
    }
    const first = await nextLeader(0)
    stop[first]?.abort()
    const second = await nextLeader(1)
    assert.notEqual(second, first)
    isCut = second
    const third = await nextLeader(2)
    assert.ok(third !== second && third !== first)
    const { json } = await at(0).request(admin, 'GET', '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/test')
    assert.equal(json.spec.holderIdentity, `p${third}`)
    assert.equal(json.spec.leaseTransitions, 2)
    for (const one of stop) one.abort()
    await Promise.all(runs)
  })
})
