import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import type { Advisory } from '../advisory.ts'
import { alpine } from './alpine.ts'
import { debian } from './debian.ts'
import { epss } from './epss.ts'
import type { FeedFormat } from './feed-format.ts'
import { feedFormats } from './index.ts'
import { kev } from './kev.ts'
import { osv } from './osv.ts'
import { redhat } from './redhat.ts'

const document = (value: unknown) => ({ name: 'feed.json', bytes: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)) })
const advisoriesOf = (format: FeedFormat, value: unknown): Advisory[] => [...(format.read(document(value)).advisories ?? [])]
/** Reads all of it: formats read lazily. */
function drain(format: FeedFormat, value: unknown): void {
  const { advisories = [], probabilities = [], exploited = [] } = format.read(document(value))
  for (const list of [advisories, probabilities, exploited]) for (const item of list) assert.ok(item)
}

test('feedFormats has every file of the folder', () => {
  const shared = ['index.ts', 'feed-format.ts']
  const files = readdirSync(import.meta.dirname).filter(name => !name.endsWith('.test.ts') && !shared.includes(name))
  assert.deepEqual(feedFormats.map(({ name }) => `${name}.ts`).sort(), files.sort())
})

/** As GitHub publishes it, shortened. */
const ghsa = {
  id: 'GHSA-35jh-r3h4-6jhm',
  modified: '2026-03-01T10:00:00.123Z',
  aliases: ['CVE-2021-23337', 'PYSEC-1'],
  summary: 'Command Injection in lodash\nsecond line',
  severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:H/UI:N/S:U/C:H/I:H/A:H' }],
  affected: [
    {
      package: { ecosystem: 'npm', name: 'lodash' },
      ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '4.17.21' }] }],
      versions: ['4.17.20', '5.0.0-odd'],
    },
    { package: { ecosystem: 'NuGet', name: 'lodash' }, ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }] }] },
    { ranges: [{ type: 'GIT', repo: 'https://git.example/x', events: [{ introduced: '0' }] }] },
  ],
}
const range = {
  ecosystem: 'npm',
  name: 'lodash',
  ranges: [
    [
      ['introduced', '0'],
      ['fixed', '4.17.21'],
    ],
  ],
  versions: ['5.0.0-odd'],
}

test('osv reads a record: ids, score, ranges, and listed versions that the ranges do not hold', () => {
  const content = osv.read(document(ghsa))
  assert.equal(content.time, Date.parse(ghsa.modified))
  assert.deepEqual(
    [...(content.advisories ?? [])],
    [
      {
        id: ghsa.id,
        cves: ['CVE-2021-23337'],
        severity: 'high',
        score: 7.2,
        summary: 'Command Injection in lodash second line',
        affected: [range],
      },
    ],
  )
})

test('osv skips withdrawn records and those of other ecosystems, and reads lists of records', () => {
  assert.deepEqual(advisoriesOf(osv, { ...ghsa, withdrawn: '2026-03-02T00:00:00Z' }), [])
  assert.deepEqual(advisoriesOf(osv, { ...ghsa, affected: ghsa.affected.slice(1) }), [])
  assert.equal(advisoriesOf(osv, [ghsa, { ...ghsa, id: 'GHSA-2' }]).length, 2)
})

test('osv takes the severity from vectors, else from the words of the source', () => {
  const severity = (change: object) => advisoriesOf(osv, { ...ghsa, ...change }).map(({ severity, score }) => [severity, score])
  assert.deepEqual(severity({ severity: [], database_specific: { severity: 'MODERATE' } }), [['medium', undefined]])
  assert.deepEqual(severity({ severity: [{ type: 'Ubuntu', score: 'negligible' }] }), [['low', undefined]])
  assert.deepEqual(severity({ severity: [{ type: 'CVSS_V2', score: 'AV:N/AC:L/Au:N/C:C/I:C/A:C' }] }), [['critical', 10]])
  assert.deepEqual(severity({ severity: undefined }), [['unknown', undefined]])
  const [part] = ghsa.affected
  assert.deepEqual(severity({ severity: [], affected: [{ ...part, ecosystem_specific: { urgency: 'low' } }] }), [['low', undefined]])
})

test('osv reads the CVE of records that are named after it, and what they are upstream of', () => {
  const [part] = ghsa.affected
  const record = {
    id: 'UBUNTU-CVE-2024-1234',
    modified: '2026-01-01T00:00:00Z',
    upstream: ['CVE-2024-9999'],
    affected: [{ ...part, package: { ecosystem: 'Ubuntu:24.04:LTS', name: 'curl' } }],
  }
  assert.deepEqual(advisoriesOf(osv, record)[0]?.cves, ['CVE-2024-1234', 'CVE-2024-9999'])
})

const tracker = {
  openssl: {
    'CVE-2023-0001': {
      description: 'A flaw',
      releases: {
        bookworm: { status: 'resolved', fixed_version: '3.0.9-1', urgency: 'medium' },
        trixie: { status: 'open', urgency: 'medium' },
        bullseye: { status: 'resolved', fixed_version: '0', urgency: 'unimportant' },
        forky: { status: 'undetermined', urgency: 'not yet assigned' },
        sid: { status: 'resolved', fixed_version: '3.0.9-1', urgency: 'medium' },
        buster: { status: 'open', urgency: 'unimportant' },
      },
    },
  },
}

test('debian reads states per release: fixed, open, never affected, not yet known', () => {
  const start = ['introduced', '0']
  const affected = (release: string, ranges: unknown) => ({ ecosystem: `debian:${release}`, name: 'openssl', ranges, versions: [] })
  const shared = { id: 'CVE-2023-0001', cves: ['CVE-2023-0001'], summary: 'A flaw' }
  assert.deepEqual(advisoriesOf(debian, tracker), [
    { ...shared, severity: 'medium', affected: [affected('12', [[start, ['fixed', '3.0.9-1']]]), affected('13', [[start]])] },
    { ...shared, severity: 'low', affected: [affected('10', [[start]])] },
  ])
})

const secdb = {
  distroversion: 'v3.20',
  reponame: 'main',
  packages: [
    { pkg: { name: 'openssl', secfixes: { '3.3.1-r1': ['CVE-2024-5535', 'CVE-2024-1000 GHSA-x XSA-1'], '0': ['CVE-2020-1967'] } } },
    { pkg: { name: 'none', secfixes: null } },
  ],
}

test('alpine reads fixes of a release, several ids in one text, and skips version 0 and edge', () => {
  const affected = [
    {
      ecosystem: 'alpine:3.20',
      name: 'openssl',
      ranges: [
        [
          ['introduced', '0'],
          ['fixed', '3.3.1-r1'],
        ],
      ],
      versions: [],
    },
  ]
  assert.deepEqual(advisoriesOf(alpine, secdb), [
    { id: 'CVE-2024-5535', cves: ['CVE-2024-5535'], severity: 'unknown', affected },
    { id: 'CVE-2024-1000', cves: ['CVE-2024-1000'], severity: 'unknown', affected },
  ])
  assert.deepEqual(advisoriesOf(alpine, { ...secdb, distroversion: 'edge' }), [])
})

const component = (arch: string) => `openssl-1:3.0.7-27.el9.${arch}`
const csaf = {
  document: { tracking: { id: 'RHSA-2024:2447', current_release_date: '2024-05-01T00:00:00+00:00' } },
  product_tree: {
    branches: [
      {
        branches: [
          { product: { product_id: 'BaseOS-9', product_identification_helper: { cpe: 'cpe:/o:redhat:enterprise_linux:9::baseos' } } },
          { product: { product_id: 'EUS-9.2', product_identification_helper: { cpe: 'cpe:/o:redhat:rhel_eus:9.2::baseos' } } },
          {
            product: {
              product_id: component('x86_64'),
              product_identification_helper: { purl: 'pkg:rpm/redhat/openssl@3.0.7-27.el9?arch=x86_64&epoch=1' },
            },
          },
          { product: { product_id: component('src') } },
          { product: { product_id: 'compat-openssl11' } },
        ],
      },
    ],
    relationships: [component('x86_64'), component('src'), 'compat-openssl11'].flatMap(one =>
      ['BaseOS-9', 'EUS-9.2'].map(platform => ({
        full_product_name: { product_id: `${platform}:${one}` },
        product_reference: one,
        relates_to_product_reference: platform,
      })),
    ),
  },
  vulnerabilities: [
    {
      cve: 'CVE-2023-2975',
      title: 'openssl: AES-SIV',
      threats: [{ category: 'impact', details: 'Low' }],
      scores: [{ cvss_v3: { baseScore: 5.3 } }],
      product_status: {
        fixed: [`BaseOS-9:${component('x86_64')}`, `BaseOS-9:${component('src')}`, `EUS-9.2:${component('src')}`],
        known_affected: ['BaseOS-9:compat-openssl11'],
      },
    },
  ],
}

test('redhat reads fixed and affected packages of a release, with epoch, and rates as Red Hat does', () => {
  assert.deepEqual(advisoriesOf(redhat, csaf), [
    {
      id: 'RHSA-2024:2447',
      cves: ['CVE-2023-2975'],
      severity: 'low',
      score: 5.3,
      summary: 'openssl: AES-SIV',
      affected: [
        {
          ecosystem: 'rhel:9',
          name: 'openssl',
          ranges: [
            [
              ['introduced', '0'],
              ['fixed', '1:3.0.7-27.el9'],
            ],
          ],
          versions: [],
        },
        { ecosystem: 'rhel:9', name: 'compat-openssl11', ranges: [[['introduced', '0']]], versions: [] },
      ],
    },
  ])
  assert.equal(redhat.read(document(csaf)).time, Date.UTC(2024, 4, 1))
})

const catalogue = { dateReleased: '2026-02-01T00:00:00.0Z', vulnerabilities: [{ cveID: 'CVE-2021-44228' }] }
const scores =
  '#model_version:v2025.03.14,score_date:2026-02-01T00:00:00+0000\ncve,epss,percentile\nCVE-2021-44228,0.94358,0.99\nCVE-1999-0001,0,0.1\n'

test('kev and epss read their CVEs and their day', () => {
  const listed = kev.read(document(catalogue))
  assert.deepEqual([[...(listed.exploited ?? [])], listed.time], [['CVE-2021-44228'], Date.UTC(2026, 1, 1)])
  const rated = epss.read(document(scores))
  assert.deepEqual(
    [...(rated.probabilities ?? [])],
    [
      { cve: 'CVE-2021-44228', probability: 0.94358 },
      { cve: 'CVE-1999-0001', probability: 0 },
    ],
  )
  assert.equal(rated.time, Date.UTC(2026, 1, 1))
})

const [lodash] = ghsa.affected
const withRange = (events: unknown, type = 'SEMVER') => ({ ...ghsa, affected: [{ ...lodash, ranges: [{ type, events }] }] })
const state = (change: object) => ({ openssl: { 'CVE-1': { releases: { trixie: { status: 'open', ...change } } } } })
const wrong: readonly (readonly [FeedFormat, unknown, RegExp])[] = [
  [osv, '{"id":', /^"feed\.json" is not JSON/],
  [osv, 'null', /^"feed\.json" must be an object, got null$/],
  [osv, '['.repeat(200), /nested deeper than 100/],
  [osv, {}, /^"feed\.json": id must be a text/],
  [osv, [ghsa, {}], /^"feed\.json": \[1\]: id must be a text/],
  [osv, { id: 'X-1' }, /^"feed\.json": record "X-1": modified must be a time as 2026-01-31T00:00:00Z, got nothing$/],
  [osv, { ...ghsa, modified: 'yesterday' }, /modified must be a time/],
  [osv, { ...ghsa, aliases: 'CVE-1' }, /aliases must be a list/],
  [osv, { ...ghsa, aliases: [1] }, /aliases\[0\] must be a text .*, got 1$/],
  [
    osv,
    { ...ghsa, affected: [{ package: { ecosystem: 'npm' } }] },
    /record "GHSA-35jh-r3h4-6jhm": affected\[0\]\.package\.name must be a text/,
  ],
  [
    osv,
    withRange([{ introduced: '0', fixed: '1.0.0' }]),
    /affected\[0\]\.ranges\[0\]\.events\[0\] must be an object with one of introduced, fixed, last_affected, limit/,
  ],
  [osv, withRange([{ fixed: '1.0.0' }]), /events must have "introduced"/],
  [osv, withRange([{ introduced: 0 }]), /events\[0\]\.introduced must be a text/],
  [osv, withRange([{ introduced: '0' }], 'MAGIC'), /ranges\[0\]\.type must be SEMVER, ECOSYSTEM or GIT, got "MAGIC"/],
  [debian, { openssl: [] }, /package "openssl" must be an object, got a list/],
  [
    debian,
    state({ status: 'fine' }),
    /package "openssl": CVE-1: releases\.trixie\.status must be open, resolved, undetermined, got "fine"/,
  ],
  [debian, state({ fixed_version: '1_0' }), /fixed_version must be a version of Debian, got "1_0"/],
  [debian, state({ status: 'resolved' }), /fixed_version must be given/],
  [alpine, {}, /distroversion must be a text/],
  [alpine, { distroversion: 'v3' }, /distroversion must be as v3\.20, got "v3"/],
  [alpine, { ...secdb, packages: [{}] }, /packages\[0\]\.pkg must be an object/],
  [
    alpine,
    { ...secdb, packages: [{ pkg: { name: 'a', secfixes: { 'x.1': [] } } }] },
    /packages\[0\] "a": secfixes must have versions of Alpine, got "x\.1"/,
  ],
  [redhat, {}, /document must be an object/],
  [
    redhat,
    { ...csaf, vulnerabilities: [{ product_status: { fixed: [7] } }] },
    /RHSA-2024:2447: vulnerabilities\[0\]\.product_status\.fixed\[0\] must be a text/,
  ],
  [
    redhat,
    { ...csaf, vulnerabilities: [{ ...csaf.vulnerabilities[0], scores: [{ cvss_v3: { baseScore: 11 } }] }] },
    /baseScore must be a number from 0 to 10, got 11/,
  ],
  [kev, { ...catalogue, vulnerabilities: [{ cveID: 'CVE-1' }] }, /vulnerabilities\[0\]\.cveID must be as CVE-2026-1234, got "CVE-1"/],
  [kev, { vulnerabilities: [] }, /dateReleased must be a time/],
  [epss, 'cve,epss,percentile\n', /line 1: score_date must be a time/],
  [epss, scores.replace('cve,', 'CVE,'), /line 2 must be cve,epss,percentile/],
  [epss, scores.replace('0.94358', '1.5'), /line 3 must be as/],
]
for (const [index, [format, value, message]] of wrong.entries())
  test(`${format.name} refuses a document with its place and field (${index}: ${message.source})`, () => {
    assert.throws(() => drain(format, value), { name: 'UserError', message })
  })

test('no format is fooled by names of Object.prototype', () => {
  const text = JSON.stringify(tracker).replace('"openssl"', '"__proto__"').replace('"bookworm"', '"constructor"')
  assert.deepEqual(
    advisoriesOf(debian, text).map(({ affected }) => affected.map(({ ecosystem, name }) => `${ecosystem} ${name}`)),
    [['debian:13 __proto__'], ['debian:10 __proto__']],
  )
})
