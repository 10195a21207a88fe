import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { Service } from '../../api/types/core-v1.ts'
import type { EndpointSlice } from '../../api/types/discovery-v1.ts'
import { silentLogger as log } from '../../base/log.ts'
import { until } from '../../base/testing/wait-until.testing.ts'
import { Informer } from '../../client/cache/informer.ts'
import { Client } from '../../client/client.ts'
import { endpointSlices, nodes, pods, serviceCidrs, services } from '../../client/resources.ts'
import { FakeApi } from '../../client/testing/fake-api.ts'
import { ServiceProxy } from './service-proxy.ts'
import type { UdpTargets } from './stale-flows.ts'

/** Sleeps for a turn of the event loop, or until the signal. */
const clock = {
  now: () => 0,
  monotonic: () => 0,
  sleep: (_ms: number, signal?: AbortSignal): Promise<void> => turn(undefined, signal === undefined ? {} : { signal }),
}
const names: Service = {
  metadata: { name: 'names', namespace: 'red' },
  spec: { clusterIP: '10.96.0.5', ports: [{ name: 'dns', port: 53, protocol: 'UDP' }] },
}
const slice: EndpointSlice & { metadata: object } = {
  metadata: { name: 'names-1', namespace: 'red', labels: { 'kubernetes.io/service-name': 'names' } },
  addressType: 'IPv4',
  endpoints: [{ addresses: ['10.244.0.2'], conditions: { ready: true } }],
  ports: [{ name: 'dns', port: 5353, protocol: 'UDP' }],
}

/** A kernel that holds the last table, lists it, and may lose it. */
class Kernel {
  table = ''
  readonly loaded: string[] = []
  readonly swept: string[] = []
  refuses = false

  readonly nft = async (args: readonly string[], input = ''): Promise<string> => {
    if (args[0] === '-f') {
      if (this.refuses) throw new Error('no room')
      this.table = input
      this.loaded.push(input)
      return ''
    }
    if (this.table === '') throw new Error('No such file or directory')
    return args.includes('table') ? this.table : `chain ${args.at(-1)}`
  }
}

async function withProxy(work: (proxy: ServiceProxy, kernel: Kernel, api: FakeApi, signal: AbortSignal) => Promise<void>): Promise<void> {
  const api = new FakeApi()
  api.seed(services, names)
  api.seed(endpointSlices, slice)
  const kernel = new Kernel()
  const shared = { client: new Client(api), clock, log, random: () => 0 }
  const informers = {
    services: new Informer({ ...shared, resource: services }),
    slices: new Informer({ ...shared, resource: endpointSlices }),
    cidrs: new Informer({ ...shared, resource: serviceCidrs }),
    pods: new Informer({ ...shared, resource: pods }),
    nodes: new Informer({ ...shared, resource: nodes }),
  }
  const endStale = async ({ byAddress }: UdpTargets) => kernel.swept.push([...byAddress].map(([to, by]) => `${to} ${[...by]}`).join())
  const network = { table: 't', clusterPods: '10.244.0.0/16', localPods: '10.244.0.0/24', dns: undefined }
  const proxy = new ServiceProxy({
    ...informers,
    nodeName: 'n1',
    network,
    serviceCidr: '10.96.0.0/16',
    clock,
    log,
    nft: kernel.nft,
    endStale,
  })
  const stop = new AbortController()
  assert.match((await proxy.problem(stop.signal)) ?? '', /not in the kernel yet/)
  const running = Promise.all([...Object.values(informers).map(informer => informer.run(stop.signal)), proxy.run(stop.signal)])
  try {
    await until(async () => (await proxy.problem(stop.signal)) === undefined, 'the rules as they should be')
    await work(proxy, kernel, api, stop.signal)
  } finally {
    stop.abort()
    await running
  }
}

test('ServiceProxy restores its table after it was removed, and reports it meanwhile', async () => {
  await withProxy(async (proxy, kernel, _api, signal) => {
    const [first] = kernel.loaded
    kernel.table = ''
    assert.match((await proxy.problem(signal)) ?? '', /are put there again: No such file or directory/)
    await until(() => kernel.loaded.length === 2, 'the rules as they should be')
    assert.equal(kernel.table, first)
    await until(async () => (await proxy.problem(signal)) === undefined, 'the rules as they should be')
    assert.equal(kernel.loaded.length, 2)
  })
})

test('ServiceProxy restores what was changed inside its table', async () => {
  await withProxy(async (proxy, kernel, _api, signal) => {
    assert.equal(await proxy.problem(signal), undefined)
    const [first] = kernel.loaded
    kernel.table = kernel.table.replace('10.244.0.2', '10.244.0.66')
    const said: (string | undefined)[] = []
    for (let look = 0; look < 6; look++) said.push(await proxy.problem(signal))
    assert.match(said.join(), /another program changed them/)
    await until(() => kernel.loaded.length === 2, 'the rules as they should be')
    assert.equal(kernel.table, first)
  })
})

test('ServiceProxy reports why the kernel lacks its rules while it does', async () => {
  await withProxy(async (proxy, kernel, _api, signal) => {
    kernel.refuses = true
    kernel.table = ''
    await until(async () => (await proxy.problem(signal)) === 'no room', 'the rules as they should be')
    kernel.refuses = false
    await until(async () => (await proxy.problem(signal)) === undefined, 'the rules as they should be')
  })
})

test('ServiceProxy ends stale flows after each change of UDP targets, and after no other change', async () => {
  await withProxy(async (_proxy, kernel, api) => {
    assert.deepEqual(kernel.swept, ['10.96.0.5:53 10.244.0.2:5353'])
    api.seed(services, {
      ...names,
      metadata: { name: 'web', namespace: 'red' },
      spec: { clusterIP: '10.96.0.6', ports: [{ port: 80, protocol: 'TCP' }] },
    })
    await until(() => kernel.loaded.length === 2, 'the rules as they should be')
    const client = new Client(api)
    await client.patch(
      endpointSlices,
      'red',
      'names-1',
      { endpoints: [{ addresses: ['10.244.0.3'] }] },
      { type: 'merge' },
      AbortSignal.timeout(60_000),
    )
    await until(() => kernel.swept.length === 2, 'the rules as they should be')
    assert.deepEqual(kernel.swept[1], '10.96.0.5:53 10.244.0.3:5353')
  })
})
