import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SoftwarePackage } from '../packages/software-package.ts'
import { type AdvisoryLookup, createMatcher, matchPackages, maxRemembered, type StoredAdvisory } from './match-packages.ts'

const bookworm = { id: 'debian', version: '12' }
const libssl: SoftwarePackage = {
  type: 'deb',
  name: 'libssl3',
  version: '3.0.8-1',
  source: { name: 'openssl', version: '3.0.8-1' },
  distribution: bookworm,
  locations: [],
}
const lodash: SoftwarePackage = { type: 'npm', name: 'lodash', version: '4.17.20', locations: ['/app/node_modules/lodash/package.json'] }

const advisory = (id: string, fixed: string | undefined, more: Partial<StoredAdvisory> = {}): StoredAdvisory => ({
  id,
  cves: id.startsWith('CVE-') ? [id] : [],
  severity: 'medium',
  source: 'test',
  ranges: [[['introduced', '0'], ...(fixed === undefined ? [] : [['fixed', fixed] as const])]],
  versions: [],
  ...more,
})

function lookupOf(advisories: Readonly<Record<string, readonly StoredAdvisory[]>>): AdvisoryLookup & { readonly asked: string[] } {
  const asked: string[] = []
  return {
    asked,
    advisoriesOf: (ecosystem, name) => {
      asked.push(`${ecosystem} ${name}`)
      return advisories[`${ecosystem} ${name}`] ?? []
    },
    exploitProbability: cve => (cve === 'CVE-2024-0001' ? 0.5 : undefined),
    isExploited: cve => cve === 'CVE-2024-0001',
  }
}

test('matchPackages() matches source packages of a distribution, and names fix, probability and exploitation', () => {
  const lookup = lookupOf({
    'debian:12 openssl': [
      advisory('CVE-2024-0001', '3.0.9-1', { score: 7.5, severity: 'high' }),
      advisory('CVE-2024-0002', '3.0.7-1'),
      advisory('CVE-2024-0003', undefined),
    ],
  })
  assert.deepEqual(matchPackages([libssl], lookup), {
    findings: [
      {
        advisory: 'CVE-2024-0001',
        cves: ['CVE-2024-0001'],
        severity: 'high',
        score: 7.5,
        fixedVersion: '3.0.9-1',
        epss: 0.5,
        exploited: true,
        source: 'test',
        package: libssl,
      },
      { advisory: 'CVE-2024-0003', cves: ['CVE-2024-0003'], severity: 'medium', source: 'test', package: libssl },
    ],
    undecided: [],
    unknown: [],
  })
})

test('matchPackages() reports one finding where sources repeat each other, the one that says more', () => {
  const same = { cves: ['CVE-2021-23337'] }
  const lookup = lookupOf({
    'npm lodash': [advisory('SNYK-1', undefined, same), advisory('GHSA-1', '4.17.21', same), advisory('MAL-1', undefined)],
  })
  assert.deepEqual(
    matchPackages([lodash], lookup).findings.map(finding => finding.advisory),
    ['GHSA-1', 'MAL-1'],
  )
})

test('matchPackages() reports what it cannot decide, and packages that nobody publishes about', () => {
  const arch: SoftwarePackage = { ...libssl, distribution: { id: 'arch', version: '' } }
  const odd: SoftwarePackage = { ...lodash, version: 'git-main' }
  const lookup = lookupOf({
    'npm lodash': [advisory('GHSA-1', '4.17.21'), advisory('GHSA-2', undefined, { ranges: [], versions: ['git-main'] })],
  })
  const result = matchPackages([arch, odd], lookup)
  assert.deepEqual(result.undecided, [{ package: odd, advisory: 'GHSA-1' }])
  assert.deepEqual(result.unknown, [arch])
  assert.deepEqual(
    result.findings.map(finding => finding.advisory),
    ['GHSA-2'],
  )
})

test('createMatcher() looks the same package up once, whatever image has it', () => {
  const lookup = lookupOf({ 'npm lodash': [advisory('GHSA-1', '4.17.21')] })
  const match = createMatcher(lookup)
  const elsewhere = { ...lodash, locations: ['/other'] }
  assert.deepEqual(
    match([lodash]).findings.map(finding => finding.package),
    [lodash],
  )
  assert.deepEqual(
    match([elsewhere]).findings.map(finding => finding.package),
    [elsewhere],
  )
  assert.deepEqual(lookup.asked, ['npm lodash'])
})

test(`createMatcher() remembers at most ${maxRemembered} packages`, () => {
  const lookup = lookupOf({})
  const match = createMatcher(lookup)
  const versions = Array.from({ length: maxRemembered + 1 }, (_, index) => ({ ...lodash, version: `1.0.${index}` }))
  match(versions)
  assert.equal(lookup.asked.length, maxRemembered + 1)
  match(versions.slice(-1))
  assert.equal(lookup.asked.length, maxRemembered + 1)
  match(versions.slice(0, 1))
  assert.equal(lookup.asked.length, maxRemembered + 2)
})
