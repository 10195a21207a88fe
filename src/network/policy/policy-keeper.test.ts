import assert from 'node:assert/strict'
import { test } from 'node:test'
import { podAddressOf } from '../../api/resources/bulkhead/pod-address.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { silentLogger } from '../../base/log.ts'
import { Client } from '../../client/client.ts'
import { namespaceLabels, networkPolicies, podAddresses } from '../../client/resources.ts'
import { FakeApi } from '../../client/testing/fake-api.ts'
import type { Transport } from '../../client/transport/transport.ts'
import { linkOf } from './pod-link.ts'
import { PolicyKeeper } from './policy-keeper.ts'

/** Sleeps end at once or with the signal, so retries happen immediately. */
const clock = { now: () => 0, monotonic: () => 0, sleep: async (_ms: number, signal?: AbortSignal) => signal?.throwIfAborted() }

const podOf = (name: string, labels: Record<string, string> = {}): Pod => ({
  metadata: { name, namespace: 'red', uid: `uid-${name}`, labels, resourceVersion: '1000000' },
  spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }] },
})
const denyAll = { metadata: { name: 'deny', namespace: 'red' }, spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] } }

interface Started {
  readonly keeper: PolicyKeeper
  readonly api: FakeApi
  /** The scripts that nft loaded, oldest first. */
  readonly scripts: string[]
  /** Decides the result of each call of nft. */
  answer: (args: readonly string[], input: string) => Promise<string>
  readonly signal: AbortSignal
}

async function withKeeper(
  work: (started: Started) => Promise<void>,
  { running = [], prepare }: { running?: { uid: string; address: string }[]; prepare?: (api: FakeApi) => void } = {},
): Promise<void> {
  const api = new FakeApi()
  api.seed(namespaceLabels, { metadata: { name: 'red' } })
  prepare?.(api)
  // The keeper gets no event for this change of policies.
  const deaf: Transport = {
    request: (request, signal) =>
      request.path.includes('networkpolicies') && request.path.includes('watch=true')
        ? Promise.resolve({ status: 200, headers: {}, body: silence(signal) })
        : api.request(request, signal),
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  }
  const stop = new AbortController()
  const started: Started = {
    api,
    scripts: [],
    answer: async () => '',
    signal: stop.signal,
    keeper: new PolicyKeeper({
      client: new Client(deaf),
      nodeName: 'n1',
      table: 'bulkhead_t',
      dns: { address: '10.96.0.10', port: 10053 },
      clock,
      log: silentLogger,
      random: () => 0,
      nft: async (args, input = '') => {
        const answer = await started.answer(args, input)
        if (args[0] === '-f') started.scripts.push(input)
        return answer
      },
      linkOf: async address => (address.startsWith('10.244.') ? `veth${address.split('.')[3]}` : undefined),
    }),
  }
  const done = started.keeper.run('10.244.0.0/24', running, stop.signal)
  try {
    await work(started)
  } finally {
    stop.abort()
    await done
  }
}

async function* silence(signal: AbortSignal): AsyncGenerator<Buffer> {
  await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
}

test('PolicyKeeper: a pod is let in only when its rules are in the kernel', async () => {
  await withKeeper(async started => {
    const { keeper, signal } = started
    await keeper.inForce(signal)
    const gate = Promise.withResolvers<string>()
    const asked = Promise.withResolvers<void>()
    started.answer = () => {
      asked.resolve()
      return gate.promise
    }
    let open = false
    const opening = keeper.open(podOf('a'), '10.244.0.2', signal).then(() => {
      open = true
    })
    await asked.promise
    assert.equal(open, false)
    gate.resolve('')
    await opening
    assert.match(started.scripts.at(-1) ?? '', /add element inet bulkhead_t ingress \{ 10\.244\.0\.2 : accept \}/)
    const calls = started.scripts.length
    await keeper.open(podOf('a'), '10.244.0.2', signal)
    assert.equal(started.scripts.length, calls)
    await assert.rejects(keeper.open(podOf('b'), '192.0.2.1', signal), /no route leads to it/)
  })
})

test('PolicyKeeper: a policy older than the pod applies to it before a watch has delivered the policy', async () => {
  await withKeeper(async ({ keeper, api, scripts, signal }) => {
    await keeper.inForce(signal)
    api.seed(networkPolicies, denyAll)
    await keeper.open(podOf('a'), '10.244.0.2', signal)
    assert.match(scripts.at(-1) ?? '', /ingress \{ 10\.244\.0\.2 : goto ingress_pod_/)
    assert.match(scripts.at(-1) ?? '', /egress \{ 10\.244\.0\.2 : goto egress_pod_/)
  })
})

test('PolicyKeeper: after a failure, or if the table was removed, everything is loaded again', async () => {
  await withKeeper(async started => {
    const { keeper, scripts, signal } = started
    await keeper.inForce(signal)
    await keeper.open(podOf('a'), '10.244.0.2', signal)
    assert.equal(await keeper.problem(signal), undefined)
    let failures = 2
    started.answer = async () => {
      if (failures-- > 0) throw new Error('no such chain')
      return ''
    }
    await assert.rejects(keeper.open(podOf('b'), '10.244.0.3', signal), /no such chain/)
    while (failures > 0) await assert.rejects(keeper.open(podOf('b'), '10.244.0.3', signal), /no such chain/)
    await keeper.open(podOf('b'), '10.244.0.3', signal)
    const whole = /delete table inet bulkhead_t[\s\S]*ingress \{ 10\.244\.0\.2 : accept, 10\.244\.0\.3 : accept \}/
    assert.match(scripts.at(-1) ?? '', whole)
    const loaded = Promise.withResolvers<void>()
    let missing = true
    started.answer = async args => {
      if (args[0] === '-f') loaded.resolve()
      else if (missing) throw new Error('No such file or directory')
      return ''
    }
    assert.match((await keeper.problem(signal)) ?? '', /put there again: No such file/)
    missing = false
    await loaded.promise
    await keeper.open(podOf('c'), '10.244.0.4', signal)
    assert.ok(scripts.filter(script => whole.test(script)).length >= 2)
  })
})

test('PolicyKeeper: changed rules are noticed and loaded again', async () => {
  await withKeeper(async started => {
    const { keeper, scripts, signal } = started
    await keeper.inForce(signal)
    assert.equal(await keeper.problem(signal), undefined)
    started.answer = async args => (args.includes('list') ? 'accept' : '')
    assert.match((await keeper.problem(signal)) ?? '', /put there again: another program changed them/)
    await keeper.open(podOf('a'), '10.244.0.2', signal)
    assert.equal(scripts.filter(script => script.includes('delete table')).length, 2)
    assert.equal(await keeper.problem(signal), undefined)
  })
})

test('PolicyKeeper: running pods are known before anything is replaced, and a pod unknown to the API stays out', async () => {
  const known = podOf('known')
  await withKeeper(
    async ({ keeper, scripts, signal }) => {
      await keeper.inForce(signal)
      assert.match(scripts[0] ?? '', /ingress \{ 10\.244\.0\.7 : goto ingress_pod_\w+ \}/)
    },
    {
      running: [
        { uid: 'uid-known', address: '10.244.0.7' },
        { uid: 'uid-unknown', address: '10.244.0.8' },
      ],
      prepare: api => {
        api.seed(networkPolicies, denyAll)
        const { apiVersion, kind, metadata, spec } = podAddressOf(known)
        api.seed(podAddresses, { ...(apiVersion ? { apiVersion } : {}), ...(kind ? { kind } : {}), metadata, spec })
      },
    },
  )
})

test('PolicyKeeper: the rules of an ended pod are removed', async () => {
  await withKeeper(async started => {
    const { keeper, signal } = started
    await keeper.inForce(signal)
    await keeper.open(podOf('a'), '10.244.0.2', signal)
    const gone = Promise.withResolvers<string>()
    started.answer = async (_args, input) => {
      gone.resolve(input)
      return ''
    }
    keeper.close('uid-a')
    const script = await gone.promise
    for (const set of ['links { veth2 }', 'ingress { 10.244.0.2 }', 'egress { 10.244.0.2 }'])
      assert.ok(script.includes(`delete element inet bulkhead_t ${set}`), script)
  })
})

test('linkOf() finds only the interface of the given address among the routes', () => {
  const routes = [
    'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
    'eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0',
    'eth0\t0200F40A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
    'veth1\t0200F40A\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0',
  ].join('\n')
  assert.equal(linkOf(routes, '10.244.0.2'), 'veth1')
  assert.equal(linkOf(routes, '10.244.0.3'), undefined)
})
