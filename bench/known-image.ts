// Admission of a pod whose image is known, against the same without the plug-ins for images: two clusters in one process, in turn, so that a busy
// machine cancels out. The part `artifacts` runs in the same process and has its share of the time, so this is an upper bound. Prints p50, p99 and the medians over rounds. `node bench/known-image.ts [ROUNDS] [PODS]`

import { publicKey } from '../src/api/resources/supply/supply.fixture.ts'
import type { Pod } from '../src/api/types/core-v1.ts'
import { listVerifier, memoryRegistries } from '../src/artifacts/artifacts.testing.ts'
import type { Client } from '../src/client/client.ts'
import { clusterImagePolicies, pods, trustRoots } from '../src/client/resources.ts'
import { startCluster } from '../src/cluster/start-cluster.ts'

const [rounds = 7, count = 1500] = process.argv.slice(2).map(Number)
const { signal } = new AbortController()
const app = 'registry.example.com/shop/app'
const registries = memoryRegistries()
const digest = registries.push(app, '1', 'one')
registries.sign(digest, 'release')
const bare = { simulatedNodes: 0 }
await using withImages = await startCluster({ ...bare, images: { registries, verifier: listVerifier(registries) } })
await using without = await startCluster(bare)
const spec = { keys: [{ name: 'release', publicKey }] }
await withImages.client.create(trustRoots, '', { metadata: { name: 'shop' }, spec }, signal)
const verify = { anyOf: [{ key: { trustRoot: 'shop', name: 'release' } }] }
await withImages.client.create(
  clusterImagePolicies,
  '',
  { metadata: { name: 'signed' }, spec: { images: ['registry.example.com/**'], verify } },
  signal,
)

const pod: Pod = {
  metadata: { generateName: 'a-' },
  spec: { securityContext: { runAsNonRoot: true }, containers: [{ name: 'main', image: `${app}:1` }] },
}

async function timed(client: Client): Promise<number> {
  const start = performance.now()
  const { metadata } = await client.create(pods, 'default', pod, signal)
  const took = performance.now() - start
  await client.delete(pods, 'default', metadata.name ?? '', {}, signal)
  return took
}

const at = (times: readonly number[], share: number): number =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length * share)] ?? Number.NaN
const differences: { readonly p50: number; readonly p99: number }[] = []
for (let round = 0; round <= rounds; round++) {
  const [on, off]: [number[], number[]] = [[], []]
  for (let index = 0; index < count; index++) {
    // Which one is first changes: the second finds warm caches.
    const order =
      index % 2 === 0
        ? ([
            [withImages, on],
            [without, off],
          ] as const)
        : ([
            [without, off],
            [withImages, on],
          ] as const)
    for (const [cluster, times] of order) times.push(await timed(cluster.client))
  }
  // The first round compiles.
  if (round === 0) continue
  const of = (share: number) => [at(on, share), at(off, share)].map(ms => ms.toFixed(2)).join(' against ')
  console.log(`round ${round}: p50 ${of(0.5)} ms, p99 ${of(0.99)} ms`)
  differences.push({ p50: at(on, 0.5) - at(off, 0.5), p99: at(on, 0.99) - at(off, 0.99) })
}
for (const share of ['p50', 'p99'] as const)
  console.log(
    `median of the differences of ${share}: ${at(
      differences.map(each => each[share]),
      0.5,
    ).toFixed(2)} ms`,
  )
