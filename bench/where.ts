// `bulkhead where` over 10,000 pods: the first question, which builds the index of running images, and those after it. Server and part in one process,
// images in memory. `node bench/where.ts [PODS] [IMAGES]`
import type { Pod } from '../src/api/types/core-v1.ts'
import { listVerifier, memoryRegistries } from '../src/artifacts/artifacts.testing.ts'
import { findingsBench, npmPackage } from '../src/artifacts/findings/findings.testing.ts'
import { until } from '../src/base/testing/wait-until.testing.ts'
import { pods, serviceAccounts } from '../src/client/resources.ts'
import { startCluster } from '../src/cluster/start-cluster.ts'
import type { Digest } from '../src/supply-chain/oci/digest.ts'

const [count = 10_000, imageCount = 1000] = process.argv.slice(2).map(Number)
const perImage = 400
const parallel = 64
const signal = AbortSignal.timeout(300_000)

const bench = findingsBench()
const registries = memoryRegistries()
const digests = Array.from({ length: imageCount }, (_, at) => registries.push('registry.example.com/shop/app', String(at), String(at)))
for (const [at, digest] of digests.entries()) {
  const own = Array.from({ length: perImage }, (_, index) => npmPackage(`package-${(at * 37 + index * 11) % 20_000}`, `1.${index % 20}.0`))
  bench.content.set(digest, at % 10 === 0 ? [...own, npmPackage('wanted', '2.0.0')] : own)
  await bench.findings.scan(digest satisfies Digest, digest, signal)
}
const software = { findings: bench.findings, scratch: bench.scratch, advisories: [bench.advisories, bench.fetched], fetched: bench.fetched }
const cluster = await startCluster({
  simulatedNodes: 0,
  images: { registries, verifier: listVerifier(registries), software },
})
// The controllers make the account of its pods.
await until(async () => (await cluster.client.list(serviceAccounts, { namespace: 'default' }, signal)).items.length > 0, 'the account')
const podOf = (at: number): Pod => ({
  metadata: { name: `pod-${at}`, namespace: 'default' },
  spec: {
    securityContext: { runAsNonRoot: true },
    // Small enough for the namespace's quota.
    containers: [
      {
        name: 'main',
        resources: { limits: { cpu: '1m', memory: '16Mi' } },
        image: `registry.example.com/shop/app@${digests[at % imageCount]}`,
      },
    ],
  },
})
const next = Array.from({ length: count }, (_, at) => at).values()
await Promise.all(
  Array.from({ length: parallel }, async () => {
    for (const at of next) await cluster.client.create(pods, 'default', podOf(at), signal)
  }),
)
const times: number[] = []
let found = 0
for (let round = 0; round < 20; round++) {
  const began = performance.now()
  const { items } = await cluster.client.getPath<{ readonly items: readonly object[] }>('/bulkhead/v1/where?package=wanted', signal)
  times.push(performance.now() - began)
  found = items.length
}
const [first = 0, ...others] = times
console.log(`where over ${count} pods with ${imageCount} images: ${found} containers`)
console.log(`  first  ${first.toFixed(0)} ms`)
console.log(`  others ${others.toSorted((a, b) => a - b)[9]?.toFixed(0)} ms at the median, ${Math.max(...others).toFixed(0)} ms at most`)
await cluster[Symbol.asyncDispose]()
await bench[Symbol.asyncDispose]()
process.exit(0)
