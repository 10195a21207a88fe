// Seeded feeds and packages, in a folder of its own: what must be found, what must not, and which feeds must not be imported.
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UserError } from '../../../base/user-error.ts'
import { writeJson } from '../../../base/write-json.ts'
import { type ImportOptions, importFeed } from '../../../supply-chain/advisories/database/import-feed.ts'
import { openAdvisoryDatabase } from '../../../supply-chain/advisories/database/open-database.ts'
import { matchPackages } from '../../../supply-chain/advisories/match-packages.ts'
import { feedFormats } from '../../../supply-chain/advisories/sources/index.ts'
import type { SoftwarePackage } from '../../../supply-chain/packages/software-package.ts'
import type { AttemptLog } from '../../attempt-log.ts'

const published = Date.parse('2026-11-01T00:00:00Z')
const now = Date.parse('2026-11-20T00:00:00Z')

const osvRecord = (id: string, ecosystem: string, name: string, events: readonly object[], modified = '2026-11-01T00:00:00Z') => ({
  ...{ id, modified, severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }] },
  affected: [{ package: { ecosystem, name }, ranges: [{ type: 'ECOSYSTEM', events }] }],
})

const records = [
  osvRecord('SEED-npm', 'npm', '@shop/cart', [{ introduced: '1.0.0' }, { fixed: '1.4.2' }]),
  osvRecord('SEED-pypi', 'PyPI', 'Fast_Parser', [{ introduced: '0' }, { last_affected: '2.0' }]),
  osvRecord('SEED-go', 'Go', 'example.com/mod', [{ introduced: '0' }, { fixed: '1.2.0' }]),
  osvRecord('SEED-maven', 'Maven', 'org.example:core', [{ introduced: '2.0-beta9' }, { fixed: '2.15.0' }]),
  osvRecord('SEED-alpine', 'Alpine:v3.20', 'musl', [{ introduced: '0' }, { fixed: '1.2.5-r1' }]),
]
const tracker = {
  openssl: {
    'CVE-2026-100001': { releases: { bookworm: { status: 'resolved', fixed_version: '3.0.9-1', urgency: 'high' } } },
    'CVE-2026-100002': { releases: { bookworm: { status: 'open', urgency: 'low' } } },
  },
}

const debian = (version: string): SoftwarePackage => ({
  ...{ type: 'deb', name: 'libssl3', version, source: { name: 'openssl', version } },
  ...{ distribution: { id: 'debian', version: '12' }, locations: [] },
})
const alpine = (version: string, release: string): SoftwarePackage => ({
  ...{ type: 'apk', name: 'musl', version, distribution: { id: 'alpine', version: release }, locations: [] },
})

/** What each package must have, by the versions around each limit. */
const rows: readonly (readonly [of: SoftwarePackage, ids: readonly string[]])[] = [
  [{ type: 'npm', namespace: 'shop', name: 'cart', version: '1.4.1', locations: [] }, ['SEED-npm']],
  [{ type: 'npm', namespace: 'shop', name: 'cart', version: '1.4.2', locations: [] }, []],
  [{ type: 'npm', namespace: 'shop', name: 'cart', version: '0.9.0', locations: [] }, []],
  [{ type: 'npm', name: 'cart', version: '1.4.1', locations: [] }, []],
  [{ type: 'pypi', name: 'fast-parser', version: '2.0', locations: [] }, ['SEED-pypi']],
  [{ type: 'pypi', name: 'fast.parser', version: '2.0.post1', locations: [] }, []],
  [{ type: 'golang', name: 'example.com/mod', version: 'v1.1.9', locations: [] }, ['SEED-go']],
  [{ type: 'golang', name: 'example.com/mod', version: 'v1.2.0', locations: [] }, []],
  [{ type: 'maven', namespace: 'org.example', name: 'core', version: '2.14.1', locations: [] }, ['SEED-maven']],
  [{ type: 'maven', namespace: 'org.example', name: 'core', version: '2.0-beta8', locations: [] }, []],
  [alpine('1.2.5-r0', '3.20.3'), ['SEED-alpine']],
  [alpine('1.2.5-r1', '3.20.3'), []],
  [alpine('1.2.5-r0', '3.19.0'), []],
  [debian('3.0.8-1'), ['CVE-2026-100001', 'CVE-2026-100002']],
  [debian('3.0.9-1~deb12u1'), ['CVE-2026-100001', 'CVE-2026-100002']],
  [debian('3.0.9-1'), ['CVE-2026-100002']],
  [debian('1:1.0-1'), ['CVE-2026-100002']],
]

export async function trySeededVulnerabilities(attempts: AttemptLog): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-prove-'))
  try {
    await importAll(folder)
    using database = openAdvisoryDatabase(join(folder, 'known'))
    for (const [of, ids] of rows) {
      const found = matchPackages([of], database).findings.map(({ advisory }) => advisory)
      attempts.record({
        name: `${of.type} ${of.namespace ?? ''} ${of.name} ${of.version} ${of.distribution?.version ?? ''}`,
        sent: 'its name and version',
        expected: ids.join(' ') || 'nothing',
        answered: found.toSorted().join(' ') || 'nothing',
        held: found.toSorted().join() === ids.join(),
      })
    }
    await tryBadFeeds(attempts, folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function importAll(folder: string): Promise<void> {
  await importing(folder, 'osv', records)
  await importing(folder, 'debian', tracker, { time: published })
}

async function importing(
  folder: string,
  format: string,
  content: unknown,
  options: Partial<ImportOptions> = {},
  into = 'known',
): Promise<void> {
  const text = writeJson(content)
  const file = join(folder, `${createHash('sha256').update(text).digest('hex').slice(0, 16)}.json`)
  await writeFile(file, text)
  const known = feedFormats.find(({ name }) => name === format)
  if (known === undefined) throw new Error(`There is no format "${format}"`)
  await importFeed(known, file, join(folder, into), { name: format, now, ...options })
}

async function tryBadFeeds(attempts: AttemptLog, folder: string): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const signed = (content: unknown) => ({
    signed: { key: publicKey, signature: sign(null, Buffer.from(writeJson(content)), privateKey) },
  })
  const one = [osvRecord('SEED-1', 'npm', 'a', [{ introduced: '0' }])]
  const older = [osvRecord('SEED-1', 'npm', 'a', [{ introduced: '0' }], '2026-10-01T00:00:00Z')]
  const future = [osvRecord('SEED-1', 'npm', 'a', [{ introduced: '0' }], '2027-10-01T00:00:00Z')]
  const into = 'signed'
  await importing(folder, 'osv', one, signed(one), into)
  const other = generateKeyPairSync('ed25519')
  const byOther = { key: other.publicKey, signature: sign(null, Buffer.from(writeJson(one)), other.privateKey) }
  const cases: readonly (readonly [name: string, content: unknown, options: Partial<ImportOptions>])[] = [
    ['an older feed', older, signed(older)],
    ['a feed from the future', future, signed(future)],
    ['a changed feed', [...one, one[0]], signed(one)],
    ['a feed without the signature that it had', one, {}],
    ['a feed signed by another key', one, { signed: byOther }],
    ['a feed with a broken record', [...one, { id: 5 }], signed([...one, { id: 5 }])],
  ]
  for (const [name, content, options] of cases) {
    let answered = 'imported'
    try {
      await importing(folder, 'osv', content, options, into)
    } catch (err) {
      if (!(err instanceof UserError)) throw err
      answered = `refused: ${err.message}`
    }
    attempts.record({ name, sent: 'a file', expected: 'refused', answered, held: answered !== 'imported' })
  }
  let twin = 'imported'
  try {
    await importing(folder, 'osv', one, signed(one), into)
  } catch (err) {
    twin = String(err)
  }
  attempts.record({ name: 'the signed feed again', sent: 'a file', expected: 'imported', answered: twin, held: twin === 'imported' })
}
