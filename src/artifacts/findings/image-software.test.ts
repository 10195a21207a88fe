import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import type { AdvisorySource } from '../../api/types/supply-v1.ts'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { until } from '../../base/testing/wait-until.testing.ts'
import { ObjectCache } from '../../client/cache/object-cache.ts'
import { Client } from '../../client/client.ts'
import { FakeApi } from '../../client/testing/fake-api.ts'
import { MemoryImageSource } from '../../supply-chain/oci/memory-image-source.testing.ts'
import type { SoftwareSighting } from '../image-record.ts'
import { lookMs } from './advisory-updates.ts'
import { findingsBench, npmAdvisory, npmPackage } from './findings.testing.ts'
import { ImageSoftware } from './image-software.ts'

test('ImageSoftware keeps the findings of an advisory that is matched while the scan of the image has not reported yet', async t => {
  await using bench = findingsBench()
  const source = new MemoryImageSource()
  const { digest } = source.putManifest([source.putBlob(Buffer.from('one'), 'application/vnd.oci.image.layer.v1.tar')])
  bench.content.set('*', [npmPackage('x')])
  const stop = new AbortController()
  t.after(() => stop.abort())
  const reporting = Promise.withResolvers<void>()
  let isScanned = false
  const { findings } = bench
  const scan = findings.scan.bind(findings)
  findings.scan = async (...given) => {
    const report = await scan(...given)
    isScanned = true
    await reporting.promise
    return report
  }
  const noted: SoftwareSighting[] = []
  const software = new ImageSoftware({
    ...{ findings, scratch: bench.scratch, advisories: [bench.advisories], fetched: bench.fetched, log: silentLogger },
    ...{ client: new Client(new FakeApi()), sources: new ObjectCache<AdvisorySource>(), registries: { open: () => source } },
    clock: { ...systemClock, sleep: (ms, until) => systemClock.sleep(ms === lookMs ? 1 : ms, until) },
    running: () => [],
    note: (_, seen) => noted.push(seen),
  })
  const running = software.run(stop.signal, () => {
    const image = `registry.example.com/shop/app@${digest}`
    software.want({ namespace: 'shop', image, digest, credentials: [] })
  })
  const counts = () => noted.map(({ findings: said }) => (typeof said === 'object' ? said.critical : said))
  await until(() => isScanned, 'the image is scanned')
  await bench.publish([npmAdvisory('GHSA-1', 'x')])
  await until(() => counts().includes(1), 'the advisory is matched')
  reporting.resolve()
  await until(() => readdirSync(bench.scratch).length === 0, 'the scan has reported')
  await bench.publish([npmAdvisory('GHSA-1', 'x'), npmAdvisory('GHSA-2', 'x')])
  await until(() => counts().includes(2), 'the next one is matched')
  assert.deepEqual(counts(), [1, 2])
  stop.abort()
  await running
})
