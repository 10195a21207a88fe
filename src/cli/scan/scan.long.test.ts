import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { isJsonObject, parseJson } from '../../base/json.ts'
import { buildImage } from '../../node/images/oci-image.ts'
import { parseReport } from '../../supply-chain/advisories/reports/index.ts'
import { importAdvisories } from '../advisories/advisories.ts'
import { scanOutputs } from './outputs/index.ts'
import { type ScanFlags, scan } from './scan.ts'

const { signal } = new AbortController()
const now = Date.UTC(2026, 5, 1)

const status = [
  'Package: libssl3\nStatus: install ok installed\nVersion: 3.0.8-1\nArchitecture: amd64\nSource: openssl\n',
  'Package: bash\nStatus: install ok installed\nVersion: 5.2-1\nArchitecture: amd64\n',
].join('\n')
const image = buildImage({
  name: 'r.example/shop/web:1',
  architecture: 'amd64',
  user: '1',
  files: [
    { path: 'etc/os-release', mode: 0o644, content: Buffer.from('ID=debian\nVERSION_ID="12"\n') },
    { path: 'var/lib/dpkg/status', mode: 0o644, content: Buffer.from(status) },
  ],
})

const tracker = {
  openssl: {
    'CVE-2026-0001': {
      description: 'A flaw\u001b[31m in TLS',
      releases: { bookworm: { status: 'resolved', fixed_version: '3.0.9-1', urgency: 'high' } },
    },
    'CVE-2026-0002': { releases: { bookworm: { status: 'open', urgency: 'low' } } },
    'CVE-2026-0003': { releases: { bookworm: { status: 'resolved', fixed_version: '3.0.8-1', urgency: 'high' } } },
  },
}
const vex = {
  '@context': 'https://openvex.dev/ns/v0.2.0',
  timestamp: '2026-05-01T00:00:00Z',
  statements: [
    {
      vulnerability: { name: 'CVE-2026-0001' },
      products: [{ '@id': `pkg:oci/web@${image.digest}` }],
      status: 'not_affected',
      justification: 'vulnerable_code_not_in_execute_path',
    },
  ],
}

test('scanOutputs has every file of the folder', () => {
  const files = readdirSync(join(import.meta.dirname, 'outputs')).filter(name => !['index.ts', 'scan-report.ts'].includes(name))
  assert.deepEqual(scanOutputs.map(({ name }) => `${name}.ts`).sort(), files.sort())
})

describe('scan()', () => {
  let folder = ''
  const path = (name: string) => join(folder, name)
  const run = async (target: string, flags: ScanFlags = {}) => {
    const lines: string[] = []
    const context = { advisories: path('advisories'), now, print: (line: string) => void lines.push(line) }
    const code = await scan({ platform: 'linux/amd64', ...flags }, path(target), context, signal)
    return { code, text: `${lines.join('\n')}\n`.replaceAll(`${folder}/`, '') }
  }
  const parsed = (text: string) => {
    const value = parseJson(text)
    assert.ok(isJsonObject(value))
    return value
  }
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'scan-'))
    writeFileSync(path('image.tar'), image.archive)
    writeFileSync(path('tracker.json'), JSON.stringify(tracker))
    writeFileSync(path('web.vex.json'), JSON.stringify(vex))
    writeFileSync(path('odd.json'), '{"a":1}')
    await importAdvisories({ time: '2026-05-01' }, 'debian', path('tracker.json'), {
      advisories: path('advisories'),
      now,
      print: () => undefined,
    })
  })
  after(() => rmSync(folder, { recursive: true }))

  test('prints a table, the most severe first, and exits with 1', async () => {
    const { code, text } = await run('image.tar')
    assert.equal(code, 1)
    assert.equal(
      text,
      [
        'PACKAGE  INSTALLED  FIXED    SEVERITY  ADVISORY       NOTE',
        'libssl3  3.0.8-1    3.0.9-1  high      CVE-2026-0001',
        'libssl3  3.0.8-1    -        low       CVE-2026-0002',
        '',
        'image.tar: 2 findings in 2 packages of debian 12: 1 high, 1 low',
        '',
      ].join('\n'),
    )
  })

  test('lists what a VEX statement says about the image as not affected, last', async () => {
    const { code, text } = await run('image.tar', { vex: [path('web.vex.json')] })
    assert.equal(code, 1)
    assert.match(text, /CVE-2026-0002\n.*CVE-2026-0001 {2}not affected: vulnerable_code_not_in_execute_path\n/)
    assert.match(text, /1 finding in 2 packages of debian 12: 1 low; 1 not affected\n$/)
    assert.equal((await run('image.tar', { vex: [path('web.vex.json')], severity: 'high' })).code, 0)
  })

  test('has the exit code of the flag, and 0 if nothing is left by severity or fix', async () => {
    assert.equal((await run('image.tar', { exitCode: 7 })).code, 7)
    assert.equal((await run('image.tar', { exitCode: 0 })).code, 0)
    assert.equal((await run('image.tar', { severity: 'critical' })).code, 0)
    assert.doesNotMatch((await run('image.tar', { ignoreUnfixed: true })).text, /CVE-2026-0002/)
    await assert.rejects(run('image.tar', { exitCode: 256 }), {
      name: 'UserError',
      message: '--exit-code must be a number from 0 to 255, got 256',
    })
    await assert.rejects(run('image.tar', { exitCode: Number.NaN }), { name: 'UserError', message: /got NaN/ })
  })

  test('prints JSON with everything, and no character that controls a terminal', async () => {
    const { text } = await run('image.tar', { output: 'json' })
    assert.ok(!text.includes('\u001b'))
    const report = parsed(text)
    assert.deepEqual(
      [report['kind'], report['digest'], report['packages'], report['scannedAt']],
      ['ScanReport', image.digest, 2, '2026-06-01T00:00:00.000Z'],
    )
    const [first] = report['findings'] as readonly Record<string, unknown>[]
    assert.deepEqual(first, {
      advisory: 'CVE-2026-0001',
      cves: ['CVE-2026-0001'],
      severity: 'high',
      fixedVersion: '3.0.9-1',
      summary: 'A flaw [31m in TLS',
      source: 'debian',
      package: {
        purl: 'pkg:deb/debian/libssl3@3.0.8-1?arch=amd64&distro=debian-12&upstream=openssl',
        type: 'deb',
        name: 'libssl3',
        version: '3.0.8-1',
        architecture: 'amd64',
        source: { name: 'openssl', version: '3.0.8-1' },
        distribution: { id: 'debian', version: '12' },
        locations: ['/var/lib/dpkg/status'],
      },
    })
  })

  test('prints SARIF that it reads again as a report, suppressing what is not affected', async () => {
    const { text } = await run('image.tar', { output: 'sarif', vex: [path('web.vex.json')] })
    const { findings, skipped } = parseReport(Buffer.from(text), 'sarif')
    assert.equal(skipped, 0)
    assert.deepEqual(
      findings.map(one => [one.advisory, one.package.name, one.severity, one.fixedVersion]),
      [
        ['CVE-2026-0002', 'libssl3', 'low', undefined],
        ['CVE-2026-0001', 'libssl3', 'high', '3.0.9-1'],
      ],
    )
    assert.equal(text.match(/"suppressions"/g)?.length, 1)
    writeFileSync(path('own.sarif'), text)
    assert.match((await run('own.sarif')).text, /own\.sarif: 2 findings: 1 high, 1 low\n$/)
  })

  test('prints CycloneDX with components, and its statements can be read as VEX', async () => {
    const { text } = await run('image.tar', { output: 'cyclonedx', vex: [path('web.vex.json')] })
    const bom = parsed(text)
    assert.deepEqual([bom['specVersion'], (bom['components'] as readonly unknown[]).length], ['1.6', 3])
    writeFileSync(path('again.json'), text)
    const again = await run('image.tar', { vex: [path('again.json')] })
    assert.match(again.text, /not affected: code_not_reachable/)
    assert.match((await run('again.json')).text, /again\.json: 2 findings in 2 packages of debian 12: 1 high, 1 low\n$/)
  })

  test('says what it does not cover', async () => {
    const other = buildImage({
      name: 'x',
      architecture: 'amd64',
      user: '1',
      files: [{ path: 'var/lib/dpkg/status', mode: 0o644, content: Buffer.from(status) }],
    })
    writeFileSync(path('bare.tar'), other.archive)
    const { code, text } = await run('bare.tar')
    assert.equal(code, 0)
    assert.match(text, /Not covered: 2 packages of no known distribution: no source has advisories for it/)
  })

  test('refuses targets and files that it cannot read, and names them', async () => {
    await assert.rejects(run('none.tar'), { name: 'UserError', message: /none\.tar" does not exist/ })
    await assert.rejects(run('odd.json'), {
      name: 'UserError',
      message: /odd\.json" must be a bill of materials \(CycloneDX or SPDX\) or a report/,
    })
    await assert.rejects(run('image.tar', { vex: [path('none.json')] }), {
      name: 'UserError',
      message: /Cannot read ".*none\.json": it does not exist/,
    })
    await assert.rejects(run('image.tar', { vex: ['/dev/null'] }), { name: 'UserError', message: /not a regular file/ })
    await assert.rejects(run('image.tar', { advisories: path('empty') }), { name: 'UserError', message: /has no advisories/ })
  })
})
