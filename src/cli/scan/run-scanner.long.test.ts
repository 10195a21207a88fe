import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { UserError } from '../../base/user-error.ts'
import { runScanner } from './run-scanner.ts'
import { scan } from './scan.ts'

const { signal } = new AbortController()

describe('runScanner()', () => {
  let folder = ''
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'scanner-'))
    mkdirSync(join(folder, 'sources'))
  })
  after(() => rmSync(folder, { recursive: true }))

  /** A program of this name that writes its arguments and variables into files, and does what the script says. */
  const installed = (script: string, name = 'trivy'): string => {
    const path = join(folder, name)
    writeFileSync(path, `#!/bin/sh\nprintf '%s\\n' "$@" >"${folder}/arguments"\nenv >"${folder}/variables"\n${script}\n`)
    chmodSync(path, 0o755)
    return path
  }
  const report = JSON.stringify({
    SchemaVersion: 2,
    ArtifactName: 'x',
    Results: [
      {
        Target: 'debian',
        Vulnerabilities: [
          {
            VulnerabilityID: 'CVE-2026-0001',
            PkgIdentifier: { PURL: 'pkg:deb/debian/libssl3@3.0.8-1?distro=debian-12' },
            Severity: 'HIGH',
          },
        ],
      },
    ],
  })
  const refuses = async (name: string, message: RegExp, target = join(folder, 'sources')) =>
    await assert.rejects(runScanner(name, target, undefined, { PATH: `${folder}:/bin:/usr/bin` }, signal), (err: unknown) =>
      err instanceof UserError && message.test(err.message) ? true : assert.fail(String(err)),
    )

  test('returns what it reports, tells it to fetch nothing, and gives it the named variables alone', async () => {
    installed(`echo '${report}'`)
    const environment = { PATH: `${folder}:/bin:/usr/bin`, HOME: '/home/x' }
    const { findings } = await runScanner('trivy', join(folder, 'sources'), undefined, environment, signal)
    assert.deepEqual(
      findings.map(({ advisory }) => advisory),
      ['CVE-2026-0001'],
    )
    const args = readFileSync(join(folder, 'arguments'), 'utf8').split('\n')
    for (const wanted of ['fs', '--skip-db-update', '--skip-java-db-update', '--offline-scan']) assert.ok(args.includes(wanted), wanted)
    const variables = readFileSync(join(folder, 'variables'), 'utf8').match(/^[A-Z_]+(?==)/gm) ?? []
    const own = ['HOME', 'PATH', 'PWD', 'OLDPWD', 'SHLVL', '_']
    assert.deepEqual(
      variables.filter(name => !own.includes(name)),
      [],
    )
  })

  test('takes the program that is named, and the platform of an image', async () => {
    const program = installed(`echo '${report}'`, 'another-trivy')
    const archive = join(folder, 'image.tar')
    writeFileSync(archive, '')
    const { findings } = await runScanner(`trivy=${program}`, archive, 'linux/arm64', { PATH: '/bin:/usr/bin' }, signal)
    assert.equal(findings.length, 1)
    assert.match(readFileSync(join(folder, 'arguments'), 'utf8'), /^image\n[\s\S]*--input\n.*image\.tar\n--platform\nlinux\/arm64\n$/)
  })

  test('refuses scanners that it does not know, programs that are not there, failures, and what is no report', async () => {
    installed('exit 0')
    await refuses('grype', /--with must be trivy or trivy=PROGRAM, got "grype"/)
    await refuses('trivy=', /--with must be trivy/)
    await refuses(`trivy=${folder}/missing`, /Cannot run ".*missing": it is not installed here/)
    await refuses('trivy', /does not exist/, join(folder, 'nothing'))
    await refuses('trivy', /"the report of trivy"/)
    installed('echo broken >&2; exit 3')
    await refuses('trivy', /"trivy" ended with exit code 3: broken/)
    installed('echo "--skip-db-update cannot be specified on the first run" >&2; exit 1')
    await refuses('trivy', /it has no advisories: run "trivy image --download-db-only"/)
    installed('yes | head -c 300000000')
    await refuses('trivy', /has more than 268435456 bytes/)
  })

  test('is not run unless --with says so', async () => {
    rmSync(join(folder, 'arguments'), { force: true })
    installed(`echo '${report}'`)
    const lines: string[] = []
    const context = { advisories: join(folder, 'advisories'), now: 0, print: (text: string) => void lines.push(text) }
    const environment = { PATH: `${folder}:/bin:/usr/bin` }
    assert.equal(await scan({ with: 'trivy' }, join(folder, 'sources'), { ...context, environment }, signal), 1)
    assert.match(lines.join('\n'), /CVE-2026-0001/)
    rmSync(join(folder, 'arguments'))
    await scan({}, join(folder, 'sources'), { ...context, environment }, signal).catch(() => undefined)
    assert.throws(() => readFileSync(join(folder, 'arguments')), /ENOENT/)
  })
})
