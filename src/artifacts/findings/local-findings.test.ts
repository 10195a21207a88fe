import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '../../base/clock.ts'
import { UserError } from '../../base/user-error.ts'
import { keyDigest } from '../../supply-chain/advisories/database/verify-feed.ts'
import { digestOf } from '../artifacts.testing.ts'
import { findingsBench, npmAdvisory, npmPackage } from './findings.testing.ts'
import { filesLimits } from './findings-files.ts'

const { signal } = new AbortController()
const [one, two] = [digestOf('one'), digestOf('two')]
const day = 86_400_000

test('LocalFindings matches what it keeps with each import, and reports the images that changed', async () => {
  await using bench = findingsBench()
  const { findings, content } = bench
  content.set('a', [npmPackage('x'), npmPackage('y')]).set('b', [npmPackage('y')])
  const scanned = await findings.scan(one, 'a', signal)
  assert.deepEqual([scanned.sbom.packages, scanned.sbom.source, scanned.findings], [2, 'Image', undefined])
  await findings.scan(two, 'b', signal)
  assert.deepEqual(await findings.findingsOf(one, signal), {
    known: false,
    reason: 'the cluster has no advisories: "bulkhead advisories import" brings some',
  })
  await bench.publish([npmAdvisory('GHSA-1', 'x', '1.1.0')])
  const first = await findings.rematch([], signal)
  assert.deepEqual(
    first.changed.map(report => [report.digest, report.findings?.counts.critical, report.findings?.fixable]),
    [
      [one, 1, 1],
      [two, 0, 0],
    ],
  )
  assert.deepEqual((await findings.rematch([], signal)).changed, [])
  await bench.publish([npmAdvisory('GHSA-1', 'x', '1.1.0'), npmAdvisory('GHSA-2', 'y')])
  const second = await findings.rematch([], signal)
  assert.deepEqual(
    second.changed.map(report => [report.digest, report.findings?.list.map(({ advisory }) => advisory)]),
    [
      [one, ['GHSA-1', 'GHSA-2']],
      [two, ['GHSA-2']],
    ],
  )
  // What comes later is matched at once.
  content.set('c', [npmPackage('z'), npmPackage('x')])
  assert.equal((await findings.scan(digestOf('three'), 'c', signal)).findings?.counts.critical, 1)
})

test('LocalFindings finds images by package, version, advisory and CVE', async () => {
  await using bench = findingsBench()
  const { findings, content } = bench
  await findings.scan(one, 'a', signal).catch(() => undefined)
  content.set('a', [npmPackage('x'), npmPackage('y', '2.0.0')]).set('b', [npmPackage('y', '3.0.0')])
  await findings.scan(one, 'a', signal)
  await findings.scan(two, 'b', signal)
  await bench.publish([npmAdvisory('GHSA-1', 'y', '2.5.0')])
  await findings.rematch([], signal)
  const found = async (text: string) => (await findings.where(text, signal)).hits
  assert.deepEqual(await found('x'), [{ image: one, packages: ['x 1.0.0'] }])
  assert.deepEqual(
    (await found('y')).map(({ image }) => image),
    [one, two],
  )
  assert.deepEqual(await found('y@3.0.0'), [{ image: two, packages: ['y 3.0.0'] }])
  assert.deepEqual(await found('GHSA-1'), [{ image: one, packages: ['y 2.0.0'] }])
  assert.deepEqual(await found('cve-2026-0001'), [{ image: one, packages: ['y 2.0.0'] }])
  assert.deepEqual(await found('nothing'), [])
})

test('LocalFindings keeps its knowledge over a restart, and first sights over a rebuild of the image', async () => {
  let now = Date.parse('2026-06-01T00:00:00Z')
  const clock = { ...systemClock, now: () => now }
  await using bench = findingsBench({ clock })
  const { findings, content } = bench
  content.set('*', [npmPackage('x')])
  await bench.publish([npmAdvisory('GHSA-1', 'x')])
  await findings.rematch([], signal)
  await findings.scan(one, 'a', signal)
  const began = now
  now += 10 * day
  await bench.publish([npmAdvisory('GHSA-1', 'x', '1.1.0')])
  await findings.rematch([], signal)
  now += 10 * day
  await findings.scan(two, 'rebuilt', signal)
  await using again = bench.reopened()
  assert.deepEqual(
    (await again.load(signal)).map(({ digest }) => digest),
    [one, two],
  )
  await again.rematch([], signal)
  for (const image of [one, two]) {
    const answer = await again.findingsOf(image, signal)
    assert.ok(answer.known)
    assert.deepEqual(
      answer.findings.map(({ firstSeen, fixSeen }) => [firstSeen, fixSeen]),
      [[began, began + 10 * day]],
    )
  }
})

test('LocalFindings uses only the sources of its rules, in their format and signed by their key', async () => {
  await using bench = findingsBench()
  const { findings, content } = bench
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  content.set('*', [npmPackage('x')])
  await findings.scan(one, 'a', signal)
  const records = [npmAdvisory('GHSA-1', 'x')]
  await bench.publish(records)
  const uses = async (rule: object) => {
    await findings.rematch([{ name: 'osv', format: 'osv', ...rule }], signal)
    return (await findings.findingsOf(one, signal)).known
  }
  const key = keyDigest(publicKey)
  assert.deepEqual(
    [await uses({}), await uses({ format: 'debian' }), await uses({ name: 'other', key }), await uses({ key })],
    [true, false, true, false],
  )
  await bench.publish(records, { signed: { key: publicKey, signature: sign(null, Buffer.from(JSON.stringify(records)), privateKey) } })
  assert.deepEqual([await uses({ key }), await uses({ key: 'f'.repeat(64) })], [true, false])
})

test('LocalFindings reads an attested bill of materials, and refuses one that names nothing', async () => {
  await using bench = findingsBench()
  const bom = (components: object[]) => JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.6', components })
  const document = bom([{ type: 'library', name: 'x', version: '1.0.0', purl: 'pkg:npm/x@1.0.0' }])
  const report = await bench.findings.attest(one, document, signal)
  assert.deepEqual([report.sbom.source, report.sbom.packages], ['Attestation', 1])
  for (const refused of [bom([]), '{}', 'no JSON']) await assert.rejects(bench.findings.attest(two, refused, signal), UserError)
})

test('LocalFindings drops what is damaged, and makes room by what does not run', async () => {
  await using bench = findingsBench({ limits: { ...filesLimits, images: 2 } })
  const { findings, content } = bench
  content.set('*', [npmPackage('x')])
  await findings.scan(one, 'a', signal)
  await findings.scan(two, 'a', signal)
  await findings.used([one], signal)
  await findings.scan(digestOf('three'), 'a', signal)
  const known = async (image: typeof one) => (await findings.where('x', signal)).hits.some(hit => hit.image === image)
  assert.deepEqual([await known(one), await known(two)], [true, false])
  await findings.used([one, digestOf('three')], signal)
  await assert.rejects(findings.scan(digestOf('four'), 'a', signal), /There is no room for another bill of materials/)
  const files = join(bench.folder, 'known', 'sboms')
  const [file = ''] = readdirSync(files).filter(name => name.includes(one.slice(7)))
  writeFileSync(join(files, file), readFileSync(join(files, file)).subarray(0, 40))
  await using again = bench.reopened()
  assert.deepEqual(
    (await again.load(signal)).map(({ digest }) => digest),
    [digestOf('three')],
  )
})
