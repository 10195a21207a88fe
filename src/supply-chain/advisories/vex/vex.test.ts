import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import type { SoftwarePackage } from '../../packages/software-package.ts'
import type { Finding } from '../finding.ts'
import { applyVex, type ScannedImage } from './apply-vex.ts'
import { readVex, vexFormats } from './index.ts'
import { maxVexBytes, maxVexStatements, type VexStatement } from './vex-statement.ts'

const read = (value: unknown) => readVex(Buffer.from(JSON.stringify(value)), 'web.vex.json')

test('vexFormats has every file of the folder', () => {
  const shared = ['index.ts', 'vex-format.ts', 'vex-statement.ts', 'apply-vex.ts', 'document-version.ts']
  const files = readdirSync(import.meta.dirname).filter(name => !name.endsWith('.test.ts') && !shared.includes(name))
  assert.deepEqual(vexFormats.map(({ name }) => `${name.toLowerCase()}.ts`).sort(), files.sort())
})

const image = `sha256:${'a1'.repeat(32)}`
const openvex = {
  '@context': 'https://openvex.dev/ns/v0.2.0',
  author: 'Shop team',
  timestamp: '2026-01-01T00:00:00Z',
  statements: [
    {
      vulnerability: { name: 'CVE-2024-0001', aliases: ['GHSA-1'] },
      products: [{ '@id': `pkg:oci/web@${encodeURIComponent(image)}`, subcomponents: [{ '@id': 'pkg:deb/debian/libssl3' }] }],
      status: 'not_affected',
      justification: 'vulnerable_code_not_in_execute_path',
      timestamp: '2026-02-01T00:00:00Z',
    },
    {
      vulnerability: { name: 'CVE-2024-0002' },
      products: [{ identifiers: { purl: 'pkg:npm/lodash@4.17.20' } }],
      status: 'not_affected',
      impact_statement: 'Never called',
    },
  ],
}

test('readVex() reads OpenVEX: aliases, parts of an image, justification or impact, the time of the statement or the document', () => {
  const origin = '"web.vex.json" by Shop team'
  assert.deepEqual(read(openvex), [
    {
      vulnerabilities: ['CVE-2024-0001', 'GHSA-1'],
      status: 'not_affected',
      justification: 'vulnerable_code_not_in_execute_path',
      products: [{ id: `pkg:oci/web@${encodeURIComponent(image)}`, parts: ['pkg:deb/debian/libssl3'] }],
      time: Date.UTC(2026, 1, 1),
      origin,
    },
    {
      vulnerabilities: ['CVE-2024-0002'],
      status: 'not_affected',
      justification: 'Never called',
      products: [{ id: 'pkg:npm/lodash@4.17.20', parts: [] }],
      time: Date.UTC(2026, 0, 1),
      origin,
    },
  ])
})

const cyclonedx = {
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  metadata: { timestamp: '2026-01-01T00:00:00Z' },
  components: [{ 'bom-ref': 'c1', components: [{ 'bom-ref': 'c2', purl: 'pkg:npm/lodash@4.17.20' }] }],
  vulnerabilities: [
    {
      id: 'CVE-2024-0002',
      references: [{ id: 'GHSA-2' }],
      analysis: { state: 'false_positive', justification: 'code_not_present' },
      affects: [{ ref: 'c2' }, { ref: 'urn:cdx:1b2c/1#pkg:npm%2Flodash@4.17.20' }],
    },
    { id: 'CVE-2024-0003', affects: [{ ref: 'c2' }] },
    {
      id: 'CVE-2024-0004',
      analysis: { state: 'resolved', detail: 'Patched', lastUpdated: '2026-03-01' },
      affects: [{ ref: 'pkg:npm/lodash' }],
    },
  ],
}

test('readVex() reads CycloneDX: states, components by reference and BOM-Link, and nothing without an analysis', () => {
  const origin = '"web.vex.json"'
  const product = { id: 'pkg:npm/lodash@4.17.20', parts: [] }
  assert.deepEqual(read(cyclonedx), [
    {
      vulnerabilities: ['CVE-2024-0002', 'GHSA-2'],
      status: 'not_affected',
      justification: 'code_not_present',
      products: [product, product],
      time: Date.UTC(2026, 0, 1),
      origin,
    },
    {
      vulnerabilities: ['CVE-2024-0004'],
      status: 'fixed',
      justification: 'Patched',
      products: [{ id: 'pkg:npm/lodash', parts: [] }],
      time: Date.UTC(2026, 2, 1),
      origin,
    },
  ])
})

const csaf = {
  document: { category: 'csaf_vex', publisher: { name: 'Vendor' }, tracking: { current_release_date: '2026-01-01T00:00:00Z' } },
  product_tree: {
    branches: [
      { product: { product_id: 'p1', product_identification_helper: { purl: 'pkg:rpm/redhat/openssl@3.0.7-27.el9?arch=x86_64' } } },
      { product: { product_id: 'p2' } },
      { product: { product_id: 'image', product_identification_helper: { purl: `pkg:oci/web@${image}` } } },
    ],
    relationships: [{ full_product_name: { product_id: 'image:p1' }, product_reference: 'p1', relates_to_product_reference: 'image' }],
  },
  vulnerabilities: [
    {
      cve: 'CVE-2024-0001',
      ids: [{ system_name: 'vendor', text: 'V-1' }],
      flags: [{ label: 'component_not_present', product_ids: ['p1'] }],
      threats: [
        { category: 'impact', details: 'Not reachable', product_ids: ['image:p1'] },
        { category: 'exploit_status', details: 'no' },
      ],
      product_status: { known_not_affected: ['p1', 'p2', 'image:p1'], known_affected: ['image'] },
    },
  ],
}

test('readVex() reads CSAF: products with package URLs, their flags or impacts, packages as parts of an image', () => {
  const shared = { vulnerabilities: ['CVE-2024-0001', 'V-1'], time: Date.UTC(2026, 0, 1), origin: '"web.vex.json" by Vendor' }
  const openssl = 'pkg:rpm/redhat/openssl@3.0.7-27.el9?arch=x86_64'
  assert.deepEqual(read(csaf), [
    { ...shared, status: 'not_affected', justification: 'component_not_present', products: [{ id: openssl, parts: [] }] },
    { ...shared, status: 'not_affected', justification: 'Not reachable', products: [{ id: `pkg:oci/web@${image}`, parts: [openssl] }] },
    { ...shared, status: 'affected', products: [{ id: `pkg:oci/web@${image}`, parts: [] }] },
  ])
})

const wrong: readonly (readonly [unknown, RegExp])[] = [
  [{}, /must be a VEX document in the format OpenVEX, CycloneDX, CSAF$/],
  [[], /^"web\.vex\.json" must be an object/],
  [{ ...openvex, timestamp: 'x' }, /timestamp must be a time/],
  [
    { ...openvex, statements: [{ ...openvex.statements[0], status: 'fine' }] },
    /statements\[0\]\.status must be not_affected, affected, fixed, under_investigation, got "fine"/,
  ],
  [{ ...openvex, statements: [{ status: 'fixed' }] }, /statements\[0\]\.vulnerability must be an object, got nothing/],
  [{ ...cyclonedx, vulnerabilities: [{ id: 'C', analysis: { state: 'no' } }] }, /vulnerabilities\[0\]\.analysis\.state must be resolved/],
  [{ ...cyclonedx, vulnerabilities: [{ analysis: { state: 'resolved' } }] }, /vulnerabilities\[0\]\.id must be a text/],
  [{ ...csaf, vulnerabilities: [{ product_status: { fixed: 'p1' } }] }, /product_status\.fixed must be a list/],
  [
    { ...openvex, statements: Array.from({ length: maxVexStatements + 1 }, () => openvex.statements[1]) },
    /has 50001 statements, at most 50000 are read/,
  ],
]
for (const [index, [value, message]] of wrong.entries())
  test(`readVex() refuses a document and names the field (${index})`, () => {
    assert.throws(() => read(value), { name: 'UserError', message })
  })

test(`readVex() reads at most ${maxVexBytes} bytes`, () => {
  assert.throws(() => readVex(Buffer.alloc(maxVexBytes + 1, ' '), 'big'), { name: 'UserError', message: /at most 67108864 are read/ })
})

const libssl: SoftwarePackage = {
  type: 'deb',
  name: 'libssl3',
  version: '3.0.8-1',
  architecture: 'amd64',
  source: { name: 'openssl', version: '3.0.8-1' },
  distribution: { id: 'debian', version: '12' },
  locations: [],
}
const finding: Finding = { advisory: 'GHSA-1', cves: ['CVE-2024-0001'], package: libssl, severity: 'high', source: 'debian' }
const scanned: ScannedImage = { digests: [image], repositories: ['registry.example/shop/web'] }
const statement = (id: string, change: Partial<VexStatement> = {}): VexStatement => ({
  vulnerabilities: ['CVE-2024-0001'],
  status: 'not_affected',
  justification: 'component_not_present',
  products: [{ id, parts: [] }],
  time: 1,
  origin: 'test',
  ...change,
})
const isMarked = (statements: readonly VexStatement[], one = finding) => applyVex([one], statements, scanned)[0]?.notAffected !== undefined

test('applyVex() keeps a finding that is not affected in its place, with its justification', () => {
  const other = { ...finding, cves: ['CVE-1999-0001'], advisory: 'CVE-1999-0001' }
  assert.deepEqual(applyVex([other, finding], [statement('pkg:deb/debian/libssl3')], scanned), [
    other,
    { ...finding, notAffected: 'component_not_present' },
  ])
  const { justification: _, ...unexplained } = statement('pkg:deb/debian/libssl3', { status: 'fixed' })
  assert.equal(applyVex([finding], [unexplained], scanned)[0]?.notAffected, 'fixed')
})

test('applyVex() takes a statement only for the products it names', () => {
  const lodash: Finding = { ...finding, package: { type: 'npm', namespace: 'x', name: 'Lodash', version: '1.0.0', locations: [] } }
  const rows: readonly (readonly [string, boolean, Finding?])[] = [
    ['pkg:deb/debian/libssl3@3.0.8-1', true],
    ['pkg:deb/debian/openssl@3.0.8-1?arch=source', true],
    ['pkg:deb/libssl3', true],
    ['pkg:deb/debian/libssl3@3.0.9-1', false],
    ['pkg:deb/ubuntu/libssl3', false],
    ['pkg:deb/debian/libssl3?arch=arm64', false],
    ['pkg:deb/debian/libssl', false],
    ['pkg:rpm/debian/libssl3', false],
    [`pkg:oci/web@${image}`, true],
    [`pkg:oci/web@sha256:${'b2'.repeat(32)}`, false],
    ['pkg:oci/web?repository_url=registry.example/shop/web', true],
    ['pkg:oci/web?repository_url=registry.example/shop', true],
    ['pkg:oci/web?repository_url=evil.example/shop/web', false],
    ['pkg:oci/web', false],
    [image, true],
    [`registry.example/shop/web@${image}`, true],
    ['registry.example/shop/web', false],
    ['', false],
    ['pkg:npm/%40x/Lodash@1.0.0', true, lodash],
    ['pkg:npm/%40x/lodash@1.0.0', false, lodash],
    ['pkg:npm/Lodash@1.0.0', false, lodash],
  ]
  for (const [id, marked, one] of rows) assert.equal(isMarked([statement(id)], one), marked, id)
})

test('applyVex() takes a statement about parts of an image only for these parts of this image', () => {
  const about = (id: string, ...parts: readonly string[]) => statement('', { products: [{ id, parts }] })
  assert.equal(isMarked([about(image, 'pkg:deb/debian/libssl3')]), true)
  assert.equal(isMarked([about(image, 'pkg:deb/debian/curl')]), false)
  assert.equal(isMarked([about(`sha256:${'b2'.repeat(32)}`, 'pkg:deb/debian/libssl3')]), false)
  assert.equal(isMarked([about('pkg:deb/debian/libssl3', 'pkg:generic/part')]), false)
})

test('applyVex() follows the latest statement, also about an alias', () => {
  const id = 'pkg:deb/debian/libssl3'
  assert.equal(isMarked([statement(id, { time: 1 }), statement(id, { time: 2, status: 'affected' })]), false)
  assert.equal(isMarked([statement(id, { time: 3 }), statement(id, { time: 2, status: 'affected' })]), true)
  assert.equal(isMarked([statement(id, { time: 1 }), statement(id, { time: 2, status: 'under_investigation' })]), false)
  assert.equal(isMarked([statement(id, { time: 3, vulnerabilities: ['GHSA-1'] }), statement(id, { time: 2, status: 'affected' })]), true)
  assert.equal(isMarked([statement(id, { vulnerabilities: ['CVE-1999-0001'] })]), false)
})
