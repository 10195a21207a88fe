import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { advisorySource } from '../../api/resources/supply/advisory-source.ts'
import { importFeed } from '../../supply-chain/advisories/database/import-feed.ts'
import { vex } from '../../supply-chain/advisories/sources/vex.ts'
import { evaluateFindings } from '../../supply-chain/policy/evaluate-findings.ts'
import { digestOf } from '../artifacts.testing.ts'
import { findingsBench, npmAdvisory, npmPackage } from './findings.testing.ts'
import { findingsStatus } from './report-status.ts'

const { signal } = new AbortController()
const [one, two] = [digestOf('one'), digestOf('two')]

const openVex = (timestamp: string, statements: readonly object[]): string =>
  JSON.stringify({ '@context': 'https://openvex.dev/ns/v0.2.0', '@id': 'urn:x', author: 'maker', timestamp, version: 1, statements })

test('statements of VEX take findings out of every number, with their justification, for the products that they name', async () => {
  await using bench = findingsBench()
  const { findings, content } = bench
  content.set('a', [npmPackage('x'), npmPackage('y')]).set('b', [npmPackage('x')])
  await findings.scan(one, 'a', signal)
  await findings.scan(two, 'b', signal)
  await bench.publish([npmAdvisory('GHSA-1', 'x', '1.1.0'), npmAdvisory('GHSA-2', 'y')])
  const publish = async (timestamp: string, status: string, products: readonly object[]) => {
    const file = join(bench.folder, 'vex.json')
    const justification = status === 'not_affected' ? { justification: 'vulnerable_code_not_present' } : {}
    writeFileSync(file, openVex(timestamp, [{ vulnerability: { name: 'GHSA-1' }, products, status, ...justification }]))
    await importFeed(vex, file, bench.advisories, { name: 'maker', now: Date.parse('2026-11-01T00:00:00Z') })
    await findings.rematch([], signal)
  }
  const of = async (image: typeof one) => {
    const answer = await findings.findingsOf(image, signal)
    assert.ok(answer.known)
    return answer.findings.map(({ advisory, notAffected }) => [advisory, notAffected])
  }
  // Of one image by its digest, and its package.
  const product = { '@id': `pkg:oci/web@${one}`, subcomponents: [{ '@id': 'pkg:npm/x@1.0.0' }] }
  await publish('2026-10-01T00:00:00Z', 'not_affected', [product])
  assert.deepEqual(await of(one), [
    ['GHSA-1', 'vulnerable_code_not_present'],
    ['GHSA-2', undefined],
  ])
  assert.deepEqual(await of(two), [['GHSA-1', undefined]])
  const answer = await findings.findingsOf(one, signal)
  assert.ok(answer.known)
  const rule = { title: 'policy "p"', maxSeverity: 'low', onFailure: 'Refuse' } as const
  const { refusals } = evaluateFindings([rule], answer.findings, [], 'internal', 0)
  assert.doesNotMatch(refusals.join(), /GHSA-1/)
  const [report] = (await findings.load(signal)).filter(({ digest }) => digest === one)
  const status = findingsStatus(report?.findings ?? assert.fail(), 0)
  assert.equal(status.notAffected, 1)
  assert.equal(status.fixable, 0)
  const shown = status.list?.find(({ advisory }) => advisory === 'GHSA-1')
  assert.equal(shown?.notAffected, 'vulnerable_code_not_present')
  assert.equal(shown?.due, undefined)
  // Of a package wherever it is, until the maker says otherwise.
  await publish('2026-10-02T00:00:00Z', 'not_affected', [{ '@id': 'pkg:npm/x@1.0.0' }])
  assert.deepEqual(await of(two), [['GHSA-1', 'vulnerable_code_not_present']])
  await publish('2026-10-03T00:00:00Z', 'affected', [{ '@id': 'pkg:npm/x@1.0.0' }])
  assert.deepEqual(await of(two), [['GHSA-1', undefined]])
})

test('an image is not named by a repository, which tenants choose', async () => {
  await using bench = findingsBench()
  const { findings, content } = bench
  content.set('a', [npmPackage('x')])
  await findings.scan(one, 'a', signal)
  await bench.publish([npmAdvisory('GHSA-1', 'x')])
  const file = join(bench.folder, 'vex.json')
  const products = [{ '@id': 'pkg:oci/web?repository_url=registry.example.com/shop/web' }, { '@id': 'pkg:npm/x@9.0.0' }]
  writeFileSync(file, openVex('2026-10-01T00:00:00Z', [{ vulnerability: { name: 'GHSA-1' }, products, status: 'fixed' }]))
  await importFeed(vex, file, bench.advisories, { name: 'maker', now: Date.parse('2026-11-01T00:00:00Z') })
  await findings.rematch([], signal)
  const answer = await findings.findingsOf(one, signal)
  assert.equal(answer.known && answer.findings[0]?.notAffected, undefined)
})

test('an AdvisorySource of VEX must name the key of its author', () => {
  const fields = (spec: object) =>
    (advisorySource.validate?.({ metadata: { name: 'v' }, spec: { format: 'vex', ...spec } }) ?? []).map(({ field }) => field)
  assert.deepEqual(fields({}), ['spec.publicKey'])
})

test('explain() takes findings out of one image alone, also before it is scanned, until other documents come', async () => {
  await using bench = findingsBench()
  const { findings, content } = bench
  content.set('*', [npmPackage('x')])
  await bench.publish([npmAdvisory('GHSA-1', 'x', '1.1.0')])
  await findings.rematch([], signal)
  const statement = { vulnerability: { name: 'GHSA-1' }, products: [{ '@id': 'pkg:npm/x@1.0.0' }], status: 'not_affected' }
  const document = openVex('2026-10-01T00:00:00Z', [{ ...statement, justification: 'component_not_present' }])
  assert.equal(await findings.explain(one, [document], signal), undefined)
  assert.equal((await findings.scan(one, 'a', signal)).findings?.notAffected, 1)
  assert.equal((await findings.scan(two, 'b', signal)).findings?.notAffected, 0)
  assert.equal(await findings.explain(one, [document], signal), undefined)
  const withdrawn = await findings.explain(one, [], signal)
  assert.deepEqual([withdrawn?.findings?.notAffected, withdrawn?.findings?.counts.critical], [0, 1])
  const explained = await findings.explain(two, [document, '{'], signal)
  assert.equal(explained?.findings?.notAffected, 1)
  // Who can take back what another document says, takes it back here too.
  const affected = openVex('2026-10-02T00:00:00Z', [{ ...statement, status: 'affected' }])
  assert.equal((await findings.explain(two, [document, affected], signal))?.findings?.notAffected, 0)
})
