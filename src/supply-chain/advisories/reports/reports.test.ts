import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { parseReport, reportFormats } from './index.ts'
import { maxReportFindings } from './report-format.ts'

const read = (value: unknown) => parseReport(Buffer.from(JSON.stringify(value)), 'report.json')

test('reportFormats has every file of the folder', () => {
  const shared = ['index.ts', 'report-format.ts', 'package-of-purl.ts']
  const files = readdirSync(import.meta.dirname).filter(name => !name.endsWith('.test.ts') && !shared.includes(name))
  assert.deepEqual(reportFormats.map(({ name }) => `${name.toLowerCase()}.ts`).sort(), files.sort())
})

const trivy = {
  SchemaVersion: 2,
  ArtifactName: 'web:1',
  Results: [
    {
      Target: 'web:1 (debian 12.5)',
      Class: 'os-pkgs',
      Vulnerabilities: [
        {
          VulnerabilityID: 'CVE-2024-0001',
          VendorIDs: ['DSA-1'],
          PkgName: 'libssl3',
          PkgIdentifier: { PURL: 'pkg:deb/debian/libssl3@3.0.8-1?arch=amd64&distro=debian-12' },
          InstalledVersion: '3.0.8-1',
          FixedVersion: '3.0.9-1, 3.1.1-1',
          Severity: 'HIGH',
          Title: 'openssl: flaw',
          CVSS: { nvd: { V3Score: 7.5 }, redhat: { V3Score: 5.9 }, ghsa: {} },
        },
        { VulnerabilityID: 'CVE-2024-0009', PkgName: 'odd' },
      ],
    },
    {
      Target: 'app/package-lock.json',
      Class: 'lang-pkgs',
      Vulnerabilities: [{ VulnerabilityID: 'GHSA-1', PkgIdentifier: { PURL: 'pkg:npm/%40x/y@1.0.0' }, Severity: 'UNKNOWN' }],
    },
    { Target: 'nothing' },
  ],
}

test('parseReport() reads findings of Trivy', () => {
  assert.deepEqual(read(trivy), {
    findings: [
      {
        advisory: 'CVE-2024-0001',
        cves: ['CVE-2024-0001'],
        package: {
          type: 'deb',
          name: 'libssl3',
          version: '3.0.8-1',
          architecture: 'amd64',
          distribution: { id: 'debian', version: '12' },
          locations: [],
        },
        severity: 'high',
        score: 7.5,
        fixedVersion: '3.0.9-1',
        summary: 'openssl: flaw',
        source: 'trivy',
      },
      {
        advisory: 'GHSA-1',
        cves: [],
        package: { type: 'npm', namespace: 'x', name: 'y', version: '1.0.0', locations: ['/app/package-lock.json'] },
        severity: 'unknown',
        source: 'trivy',
      },
    ],
    skipped: 1,
  })
})

const grype = {
  descriptor: { name: 'grype', version: '0.80.0' },
  matches: [
    {
      vulnerability: {
        id: 'GHSA-1',
        severity: 'Critical',
        fix: { versions: ['1:3.0.7-27.el9'], state: 'fixed' },
        cvss: [{ metrics: { baseScore: 9.8 } }],
        description: 'Bad',
      },
      relatedVulnerabilities: [{ id: 'CVE-2024-0001' }],
      artifact: {
        name: 'openssl',
        version: '1:3.0.7-20.el9',
        purl: 'pkg:rpm/redhat/openssl@3.0.7-20.el9?arch=x86_64&distro=rhel-9.4&epoch=1',
        locations: [{ path: '/var/lib/rpm/rpmdb.sqlite' }],
      },
    },
    { vulnerability: { id: 'CVE-2024-0002' }, artifact: { name: 'thing' } },
  ],
}

test('parseReport() reads findings of Grype', () => {
  assert.deepEqual(read(grype), {
    findings: [
      {
        advisory: 'GHSA-1',
        cves: ['CVE-2024-0001'],
        package: {
          type: 'rpm',
          name: 'openssl',
          version: '1:3.0.7-20.el9',
          architecture: 'x86_64',
          distribution: { id: 'rhel', version: '9.4' },
          locations: ['/var/lib/rpm/rpmdb.sqlite'],
        },
        severity: 'critical',
        score: 9.8,
        fixedVersion: '1:3.0.7-27.el9',
        summary: 'Bad',
        source: 'grype',
      },
    ],
    skipped: 1,
  })
})

const sarif = {
  version: '2.1.0',
  runs: [
    {
      tool: {
        driver: {
          name: 'Trivy',
          rules: [
            {
              id: 'CVE-2024-0001',
              shortDescription: { text: 'flaw' },
              properties: { 'security-severity': '7.5', purls: ['pkg:golang/golang.org/x/net@v0.1.0'] },
            },
          ],
        },
      },
      results: [
        {
          ruleId: 'CVE-2024-0001',
          message: { text: 'Package: golang.org/x/net\nInstalled Version: v0.1.0\nSeverity: MEDIUM\nFixed Version: 0.2.0\nLink: x' },
          locations: [{ physicalLocation: { artifactLocation: { uri: 'usr/bin/app' } } }],
        },
        { ruleId: 'CVE-2024-0002', message: { text: 'no package' } },
        { ruleId: 'CVE-2024-0001', properties: { purl: 'pkg:npm/a@1.0.0', fixedVersion: '1.1.0' } },
      ],
    },
  ],
}

test('parseReport() reads findings of SARIF that name a package', () => {
  const shared = { advisory: 'CVE-2024-0001', cves: ['CVE-2024-0001'], score: 7.5, summary: 'flaw', source: 'trivy' }
  assert.deepEqual(read(sarif), {
    findings: [
      {
        ...shared,
        package: { type: 'golang', name: 'golang.org/x/net', version: 'v0.1.0', locations: ['/usr/bin/app'] },
        severity: 'medium',
        fixedVersion: '0.2.0',
      },
      { ...shared, package: { type: 'npm', name: 'a', version: '1.0.0', locations: [] }, severity: 'high', fixedVersion: '1.1.0' },
    ],
    skipped: 1,
  })
})

const wrong: readonly (readonly [unknown, RegExp])[] = [
  [{}, /^"report\.json" must be a report in the format Trivy, Grype, SARIF$/],
  [[], /must be an object, got a list/],
  [{ ...trivy, Results: [{ Vulnerabilities: [{}] }] }, /Results\[0\]\.Vulnerabilities\[0\]\.VulnerabilityID must be a text/],
  [{ ...trivy, Results: {} }, /Results must be a list/],
  [{ ...grype, matches: [{ vulnerability: { id: 'X' } }] }, /matches\[0\]\.artifact must be an object/],
  [{ ...sarif, runs: [{ tool: {} }] }, /runs\[0\]\.tool\.driver must be an object/],
]
for (const [index, [value, message]] of wrong.entries())
  test(`parseReport() refuses a document and names the field (${index})`, () => {
    assert.throws(() => read(value), { name: 'UserError', message })
  })

test(`parseReport() reads at most ${maxReportFindings} findings`, () => {
  const results = Array.from({ length: maxReportFindings / 2 }, () => ({ ruleId: 'X' }))
  const [run] = sarif.runs
  assert.equal(
    read({
      ...sarif,
      runs: [
        { ...run, results },
        { ...run, results },
      ],
    }).skipped,
    maxReportFindings,
  )
  assert.throws(
    () =>
      read({
        ...sarif,
        runs: [
          { ...run, results },
          { ...run, results: [...results, { ruleId: 'X' }] },
        ],
      }),
    { name: 'UserError', message: /more than 200000 findings/ },
  )
})
