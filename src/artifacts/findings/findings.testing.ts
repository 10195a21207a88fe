// Findings on a disk of their own, images whose packages a test names, and feeds of OSV, for tests.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, systemClock } from '../../base/clock.ts'
import { UserError } from '../../base/user-error.ts'
import { type ImportOptions, importFeed } from '../../supply-chain/advisories/database/import-feed.ts'
import { osv } from '../../supply-chain/advisories/sources/osv.ts'
import type { SoftwarePackage } from '../../supply-chain/packages/software-package.ts'
import type { Findings } from './findings.ts'
import { type FilesLimits, FindingsFiles, filesLimits } from './findings-files.ts'
import { LocalFindings, type LocalFindingsParts } from './local-findings.ts'

export const npmPackage = (name: string, version = '1.0.0'): SoftwarePackage => ({ type: 'npm', name, version, locations: ['/app'] })

/** An advisory on a package of npm. */
export const npmAdvisory = (id: string, name: string, fixed?: string, score = 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H') => ({
  id,
  modified: '2026-05-01T00:00:00Z',
  aliases: [id.replace('GHSA', 'CVE-2026').replace(/-(\d)$/, '-000$1')],
  severity: [{ type: 'CVSS_V3', score }],
  affected: [
    {
      package: { ecosystem: 'npm', name },
      ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, ...(fixed === undefined ? [] : [{ fixed }])] }],
    },
  ],
})

export interface FindingsBench extends AsyncDisposable {
  readonly findings: Findings
  readonly folder: string
  readonly advisories: string
  /** What the part fetched: it removes what no source names any more. */
  readonly fetched: string
  readonly scratch: string
  /** By the folder that is read, or `*`; a text is why it cannot be read. */
  readonly content: Map<string, readonly SoftwarePackage[] | string>
  publish(records: readonly object[], options?: Partial<ImportOptions>): Promise<void>
  /** As after a restart of the part. */
  reopened(): Findings
}

export interface FindingsBenchOptions {
  readonly clock?: Clock
  readonly limits?: FilesLimits
  /** Of what `content` does not name. Default: it has no packages. */
  readonly catalogue?: LocalFindingsParts['catalogue']
}

export function findingsBench({ clock = systemClock, limits = filesLimits, catalogue }: FindingsBenchOptions = {}): FindingsBench {
  const folder = mkdtempSync(join(tmpdir(), 'findings-'))
  const [advisories, fetched, scratch] = [join(folder, 'advisories'), join(folder, 'fetched'), join(folder, 'scratch')]
  mkdirSync(fetched)
  const content = new Map<string, readonly SoftwarePackage[] | string>()
  const open = () =>
    new LocalFindings({
      files: new FindingsFiles(join(folder, 'known'), limits),
      advisories: [advisories, fetched],
      async catalogue(name, signal) {
        const named = content.get(name) ?? content.get('*')
        if (named === undefined && catalogue !== undefined) return await catalogue(name, signal)
        const packages = named ?? []
        if (typeof packages === 'string') throw new UserError(packages)
        return { subject: { kind: 'image', name }, packages, skipped: [] }
      },
      clock,
      version: '1.0.0',
    })
  const findings = open()
  return {
    ...{ findings, folder, advisories, fetched, scratch, content },
    async publish(records, options = {}) {
      const file = join(folder, 'feed.json')
      writeFileSync(file, JSON.stringify(records))
      await importFeed(osv, file, advisories, { name: 'osv', now: clock.now(), force: true, ...options })
    },
    reopened: open,
    async [Symbol.asyncDispose]() {
      await findings[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
