// Measures advisories alone: import of a feed as large as Debian's and npm's are, then 1,000 images matched again against it, from their lists of
// packages. Half a minute; one line per figure.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Findings } from '../src/artifacts/findings/findings.ts'
import { FindingsFiles } from '../src/artifacts/findings/findings-files.ts'
import { LocalFindings } from '../src/artifacts/findings/local-findings.ts'
import { systemClock } from '../src/base/clock.ts'
import { importFeed } from '../src/supply-chain/advisories/database/import-feed.ts'
import { debian } from '../src/supply-chain/advisories/sources/debian.ts'
import { osv } from '../src/supply-chain/advisories/sources/osv.ts'
import type { Software } from '../src/supply-chain/packages/software.ts'
import type { SoftwarePackage } from '../src/supply-chain/packages/software-package.ts'

const debianPackages = 3500
const npmPackages = 20_000
const npmAdvisories = 60_000
const images = 1000
const perImage = { deb: 150, npm: 250 }
const mib = 1024 ** 2

/** The same numbers in each run. */
function createRandom(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** As in Debian, few packages have most of the issues: the first has 9,000. */
function trackerJson(): string {
  const random = createRandom(1)
  let id = 0
  const packages = Array.from({ length: debianPackages }, (_, index) => {
    const count = Math.max(1, Math.floor(9000 / (index + 1) ** 0.85))
    const issues = Array.from({ length: count }, () => {
      const state =
        random(20) === 0
          ? { status: 'open', urgency: 'low' }
          : { status: 'resolved', fixed_version: `${1 + random(9)}.${random(30)}-${1 + random(4)}`, urgency: 'medium' }
      return [
        `CVE-2026-${String(++id).padStart(6, '0')}`,
        { description: 'A flaw in the parser lets a remote peer read memory', releases: { bookworm: state, trixie: state } },
      ] as const
    })
    return [`source-${index}`, Object.fromEntries(issues)] as const
  })
  return JSON.stringify(Object.fromEntries(packages))
}

function osvJson(): string {
  const random = createRandom(2)
  const records = Array.from({ length: npmAdvisories }, (_, index) => ({
    id: `GHSA-${index}`,
    modified: '2026-01-01T00:00:00Z',
    aliases: [`CVE-2025-${String(index).padStart(6, '0')}`],
    summary: 'Prototype pollution in an option of the parser',
    severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N' }],
    affected: [
      {
        package: { ecosystem: 'npm', name: `package-${random(npmPackages)}` },
        ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: `${1 + random(5)}.${random(20)}.0` }] }],
      },
    ],
  }))
  return JSON.stringify(records)
}

/** Images share few bases and have own packages of npm, popular ones more often. Most issues of what is installed are fixed. */
function packagesOf(image: number): readonly SoftwarePackage[] {
  const base = createRandom(1000 + (image % 20))
  const own = createRandom(10_000 + image)
  const distribution = { id: 'debian', version: image % 2 === 0 ? '12' : '13' }
  const system = Array.from({ length: perImage.deb }, (_, index): SoftwarePackage => {
    const source = index === 0 ? 0 : base(debianPackages)
    return {
      type: 'deb',
      name: `lib-${source}`,
      version: `9.${base(30)}-1`,
      source: { name: `source-${source}`, version: `9.${base(30)}-1` },
      distribution,
      locations: ['/var/lib/dpkg/status'],
    }
  })
  const modules = Array.from(
    { length: perImage.npm },
    (): SoftwarePackage => ({
      type: 'npm',
      name: `package-${own(own(npmPackages) + 1)}`,
      version: `5.${own(20)}.0`,
      locations: ['/app'],
    }),
  )
  return [...system, ...modules]
}

const report = (title: string, value: number, unit: string): void =>
  console.log(`${title.padEnd(64)} ${value.toLocaleString('en', { maximumFractionDigits: 2 }).padStart(12)} ${unit}`)

function memory(): void {
  const { rss, heapTotal, heapUsed, external } = process.memoryUsage()
  report('  memory of the process (RSS)', rss / mib, 'MiB')
  report('    of which heap', heapTotal / mib, 'MiB')
  report('    of which in use, with garbage', heapUsed / mib, 'MiB')
  report('    outside of the heap', external / mib, 'MiB')
}

async function measureImport(folder: string): Promise<void> {
  for (const [format, text] of [
    [debian, trackerJson()],
    [osv, osvJson()],
  ] as const) {
    const file = join(folder, `${format.name}.json`)
    writeFileSync(file, text)
    const began = performance.now()
    const { entries } = await importFeed(format, file, join(folder, 'database'), { name: format.name, now: Date.now() })
    report(
      `import ${format.name}: ${entries.toLocaleString('en')} entries of ${Math.round(text.length / mib)} MiB`,
      (performance.now() - began) / 1000,
      's',
    )
    report('  size of its file', statSync(join(folder, 'database', `${format.name}.db`)).size / mib, 'MiB')
  }
}

/** As the part `artifacts` does it in its thread. */
async function measureRescan(folder: string): Promise<void> {
  const { signal } = new AbortController()
  const before = process.memoryUsage.rss()
  const files = new FindingsFiles(join(folder, 'known'))
  const catalogue = async (name: string): Promise<Software> => ({
    subject: { kind: 'image', name },
    packages: packagesOf(Number(name)),
    skipped: [],
  })
  await using findings: Findings & AsyncDisposable = new LocalFindings({
    files,
    advisories: [join(folder, 'database')],
    catalogue,
    clock: systemClock,
    version: '1',
  })
  let began = performance.now()
  for (let index = 0; index < images; index++) await findings.scan(`sha256:${String(index).padStart(64, '0')}`, String(index), signal)
  report(`keep ${images} images`, (performance.now() - began) / 1000, 's')
  memory()
  for (const title of ['match for the first time', 'match again']) {
    began = performance.now()
    const { changed } = await findings.rematch([], signal)
    report(`${title}: ${images} images, ${changed.length.toLocaleString('en')} changed`, (performance.now() - began) / 1000, 's')
    memory()
  }
  began = performance.now()
  const { hits } = await findings.where('source-1', signal)
  report(`where: ${hits.length} images`, performance.now() - began, 'ms')
  report('  of which Node before', before / mib, 'MiB')
}

const [mode, given] = process.argv.slice(2)
if (mode === 'rescan' && given !== undefined) await measureRescan(given)
else {
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-advisories-'))
  try {
    await measureImport(folder)
    // A process of its own: what the import leaves in memory does not count.
    const { build } = await import('esbuild')
    // As a bundle, with the flags and the variables of the part.
    const program = join(folder, 'rescan.mjs')
    await build({
      ...{ entryPoints: [import.meta.filename], outfile: program, bundle: true, format: 'esm', platform: 'node', logLevel: 'warning' },
      external: ['esbuild'],
      banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
    })
    const flags = ['--max-old-space-size=192', '--max-semi-space-size=2']
    const env = { ...process.env, MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '131072', MALLOC_TRIM_THRESHOLD_: '4194304' }
    const { status } = spawnSync(process.execPath, [...flags, program, 'rescan', folder], { stdio: 'inherit', env })
    process.exitCode = status ?? 1
  } finally {
    rmSync(folder, { recursive: true })
  }
}
