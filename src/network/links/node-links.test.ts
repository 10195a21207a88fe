import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock as clock } from '../../base/clock.ts'
import { silentLogger as log } from '../../base/log.ts'
import { until } from '../../base/testing/wait-until.testing.ts'
import { Client } from '../../client/client.ts'
import { nodeLinks } from '../../client/resources.ts'
import { FakeApi } from '../../client/testing/fake-api.ts'
import { NodeLinks, type NodeLinksOptions } from './node-links.ts'
import type { Peer } from './plan-peers.ts'

const key = (letter: string): string => `${letter.repeat(42)}A=`
const device = {
  ...{ device: 'bhwg0', configFile: '/nonexistent', port: 51871, mtu: 1420, podCidr: '10.244.0.0/24' },
  key: { privateKey: 'private', publicKey: key('a') },
}

async function setUp(
  more: Partial<NodeLinksOptions>,
  body: (parts: { api: FakeApi; links: NodeLinks; applied: Peer[][] }) => Promise<void>,
) {
  const api = new FakeApi(() => Date.now())
  const applied: Peer[][] = []
  const links = new NodeLinks({
    ...{
      client: new Client(api),
      nodeName: 'n1',
      clusterPods: '10.244.0.0/16',
      device,
      missing: undefined,
      clock,
      log,
      random: Math.random,
    },
    apply: async (_, peers) => void applied.push([...peers]),
    isThere: async () => false,
    ...more,
  })
  const stop = new AbortController()
  const running = links.run(stop.signal)
  try {
    await body({ api, links, applied })
  } finally {
    stop.abort()
    await running
  }
}

const other = {
  metadata: { name: 'n2', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { podCIDR: '10.244.1.0/24', addresses: ['192.0.2.2'], publicKey: key('b'), port: 51871 },
}

test('NodeLinks gives a node that publishes a key a peer, and takes it away when the node goes', async () => {
  await setUp({}, async ({ api, applied }) => {
    api.seed(nodeLinks, other)
    await until(() => applied.at(-1)?.[0]?.node === 'n2', 'the links are as wanted')
    api.remove(nodeLinks, '', 'n2')
    await until(() => applied.at(-1)?.length === 0, 'the links are as wanted')
  })
})

test('NodeLinks makes no interface without a peer, and empties one that an earlier agent left', async () => {
  await setUp({}, async ({ api, applied }) => {
    api.seed(nodeLinks, { ...other, metadata: { name: 'n1' } })
    api.seed(nodeLinks, { ...other, metadata: { name: 'n3' }, spec: { addresses: [] } })
    api.seed(nodeLinks, other)
    await until(() => applied.length > 0, 'the links are as wanted')
    assert.deepEqual(
      applied[0]?.map(({ node }) => node),
      ['n2'],
    )
  })
  await setUp({ isThere: async () => true }, async ({ applied }) => {
    await until(() => applied.length > 0, 'the links are as wanted')
    assert.deepEqual(applied[0], [])
  })
})

test('NodeLinks without WireGuard reports why as soon as there is another node, and makes nothing', async () => {
  await setUp({ device: undefined, missing: 'install it' }, async ({ api, links, applied }) => {
    api.seed(nodeLinks, other)
    await until(() => links.problem === 'install it', 'the links are as wanted')
    assert.deepEqual(applied, [])
  })
})

test('NodeLinks reports a failure', async () => {
  await setUp({ apply: () => Promise.reject(new Error('no room')) }, async ({ api, links }) => {
    api.seed(nodeLinks, other)
    await until(() => links.problem === 'no room', 'the links are as wanted')
  })
})
