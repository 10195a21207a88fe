import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { writeZip } from '../../zip/zip.testing.ts'
import { feedFormats } from '../sources/index.ts'
import { openFeed } from './feed-documents.ts'
import { type ImportOptions, importFeed, maxClockSkewMs } from './import-feed.ts'
import { openAdvisoryDatabase, readSources } from './open-database.ts'
import { readPublicKey, verifyFeed } from './verify-feed.ts'

const now = Date.UTC(2026, 5, 1)

function scratch(t: TestContext): {
  readonly folder: string
  file(name: string, content: string | Buffer): string
  readonly database: string
} {
  const folder = mkdtempSync(join(tmpdir(), 'advisories-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = (name: string, content: string | Buffer) => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }
  return { folder, file, database: join(folder, 'database') }
}

const format = (name: string) => {
  const found = feedFormats.find(one => one.name === name)
  assert.ok(found)
  return found
}
const importing = (path: string, database: string, options: Partial<ImportOptions> = {}, name = 'osv') =>
  importFeed(format(name), path, database, { name, now, ...options })

const record = (id: string, modified = '2026-05-01T00:00:00Z', fixed = '2.0.0') =>
  JSON.stringify({
    id,
    modified,
    affected: [
      {
        package: { ecosystem: 'npm', name: 'left' },
        ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed }] }],
        versions: ['9.9.9'],
      },
    ],
  })

const idsOf = (database: string, name = 'left') => {
  using db = openAdvisoryDatabase(database)
  return db.advisoriesOf('npm', name).map(({ id, source }) => `${source} ${id}`)
}

test('importFeed() imports an archive, a file, a packed file and a folder, and openAdvisoryDatabase() finds what they have', async t => {
  const { folder, file, database } = scratch(t)
  const state = await importing(
    file(
      'all.zip',
      writeZip([
        { name: 'A-1.json', content: record('A-1') },
        { name: 'A-2.json', content: record('A-2') },
      ]),
    ),
    database,
  )
  assert.deepEqual(state.entries, 2)
  assert.equal(state.time, Date.UTC(2026, 4, 1))
  assert.deepEqual(idsOf(database), ['osv A-1', 'osv A-2'])
  await importing(file('one.json', record('B-1')), database, { name: 'two' })
  await importing(file('packed.json.gz', gzipSync(record('C-1'))), database, { name: 'three' })
  mkdirSync(join(folder, 'many/inner'), { recursive: true })
  file('many/D-1.json', record('D-1'))
  file('many/inner/D-2.json', record('D-2'))
  file('many/README.md', 'not read')
  symlinkSync(join(folder, 'one.json'), join(folder, 'many/link.json'))
  await importing(join(folder, 'many'), database, { name: 'four' })
  assert.deepEqual(idsOf(database), ['four D-1', 'four D-2', 'osv A-1', 'osv A-2', 'three C-1', 'two B-1'])
  assert.deepEqual(
    readSources(database).map(({ name }) => name),
    ['four', 'osv', 'three', 'two'],
  )
  using db = openAdvisoryDatabase(database)
  assert.deepEqual(db.advisoriesOf('npm', 'left')[2], {
    id: 'A-1',
    source: 'osv',
    severity: 'unknown',
    cves: [],
    ranges: [
      [
        ['introduced', '0'],
        ['fixed', '2.0.0'],
      ],
    ],
    versions: ['9.9.9'],
  })
  assert.deepEqual(db.advisoriesOf('npm', 'right'), [])
})

test('importFeed() records the digest of what it imported', async t => {
  const { file, database } = scratch(t)
  const state = await importing(file('one.json', record('A-1')), database)
  assert.equal(state.digest, createHash('sha256').update(record('A-1')).digest('hex'))
  assert.deepEqual(readSources(database), [state])
})

test('importFeed() replaces a source whole, and keeps it if anything of the new content is wrong', async t => {
  const { file, database } = scratch(t)
  await importing(file('old.json', record('A-1')), database)
  const broken = writeZip([
    { name: 'B-1.json', content: record('B-1') },
    { name: 'B-2.json', content: '{"id":"B-2"}' },
  ])
  await assert.rejects(importing(file('broken.zip', broken), database), {
    name: 'UserError',
    message: /broken\.zip:B-2\.json": record "B-2": modified must be a time/,
  })
  assert.deepEqual(idsOf(database), ['osv A-1'])
  assert.deepEqual(readdirSync(database), ['osv.db'])
  await importing(file('new.json', record('B-1')), database)
  assert.deepEqual(idsOf(database), ['osv B-1'])
})

test('importFeed() refuses older content unless it is forced', async t => {
  const { file, database } = scratch(t)
  await importing(file('new.json', record('A-2', '2026-05-02T00:00:00Z')), database)
  const older = file('old.json', record('A-1', '2026-05-01T00:00:00Z'))
  await assert.rejects(importing(older, database), {
    name: 'UserError',
    message: /old\.json" is older than what source "osv" has: 2026-05-01T00:00:00\.000Z, not 2026-05-02T00:00:00\.000Z or later/,
  })
  assert.deepEqual(idsOf(database), ['osv A-2'])
  await importing(older, database, { force: true })
  assert.deepEqual(idsOf(database), ['osv A-1'])
})

test('importFeed() refuses content from the future, which would refuse all that follows', async t => {
  const { file, database } = scratch(t)
  const path = (skew: number) => file('one.json', record('A-1', new Date(now + skew).toISOString()))
  await assert.rejects(importing(path(maxClockSkewMs + 1000), database), { name: 'UserError', message: /from the future/ })
  await importing(path(maxClockSkewMs), database)
})

test('importFeed() uses the given time, or that of the file, for formats without one', async t => {
  const { file, database } = scratch(t)
  const tracker = file('tracker.json', JSON.stringify({ curl: { 'CVE-2026-0001': { releases: { trixie: { status: 'open' } } } } }))
  await importing(tracker, database, { time: now - 1000 }, 'debian')
  assert.equal(readSources(database)[0]?.time, now - 1000)
  await assert.rejects(importing(tracker, database, { time: now - 2000 }, 'debian'), { message: /is older/ })
})

test('importFeed() refuses a feed without entries, names that are no file name, and folders that do not exist', async t => {
  const { file, database, folder } = scratch(t)
  await assert.rejects(importing(file('empty.json', '[]'), database), { name: 'UserError', message: /no entry in the format "osv"/ })
  for (const name of ['', '../x', 'A', '-a', 'a'.repeat(64)])
    await assert.rejects(importing(file('one.json', record('A-1')), database, { name }), { name: 'UserError', message: /name of a source/ })
  await assert.rejects(importing(join(folder, 'none'), database), { name: 'UserError', message: /it does not exist/ })
  await assert.rejects(importing('/dev/zero', database), { name: 'UserError', message: /not a regular file/ })
})

const keys = { ed25519: generateKeyPairSync('ed25519'), ecdsa: generateKeyPairSync('ec', { namedCurve: 'P-256' }) }

for (const [kind, { publicKey, privateKey }] of Object.entries(keys))
  test(`importFeed() verifies a signature by ${kind}, and then demands one`, async t => {
    const { file, database } = scratch(t)
    const content = record('A-1')
    const path = file('one.json', content)
    const signature = sign(kind === 'ecdsa' ? 'sha256' : null, Buffer.from(content), privateKey)
    const signed = { key: publicKey, signature: Buffer.from(`${signature.toString('base64')}\n`) }
    const state = await importing(path, database, { signed })
    assert.match(state.key ?? '', /^[0-9a-f]{64}$/)
    await importing(path, database, { signed: { key: publicKey, signature } })
    await assert.rejects(importing(file('two.json', record('A-2')), database, { signed }), {
      name: 'UserError',
      message: /The signature of .*two\.json" is not one of this key/,
    })
    await assert.rejects(importing(path, database), {
      name: 'UserError',
      message: /must be signed by the key that signed source "osv" before/,
    })
    const other = generateKeyPairSync('ed25519')
    const bySomeone = { key: other.publicKey, signature: sign(null, Buffer.from(content), other.privateKey) }
    await assert.rejects(importing(path, database, { signed: bySomeone }), { name: 'UserError', message: /must be signed by the key/ })
    await importing(path, database, { force: true })
  })

test('readPublicKey() takes Ed25519 and ECDSA keys in PEM and nothing else', () => {
  const pem = (key: (typeof keys)['ed25519']) => key.publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const secret = keys.ed25519.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  assert.equal(readPublicKey(pem(keys.ecdsa), 'k').asymmetricKeyType, 'ec')
  for (const text of ['', rsa, secret, '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n'])
    assert.throws(() => readPublicKey(text, '"key.pem"'), { name: 'UserError', message: /^"key\.pem" must be/ }, text)
  assert.equal(verifyFeed(Buffer.from('a'), Buffer.from('not a signature'), keys.ed25519.publicKey), false)
})

test('openAdvisoryDatabase() finds EPSS and KEV of a CVE', async t => {
  const { file, database } = scratch(t)
  await importing(file('epss.csv', '#score_date:2026-05-01T00:00:00Z\ncve,epss,percentile\nCVE-2026-0001,0.25,0.5\n'), database, {}, 'epss')
  await importing(file('kev.json', '{"dateReleased":"2026-05-01","vulnerabilities":[{"cveID":"CVE-2026-0001"}]}'), database, {}, 'kev')
  using db = openAdvisoryDatabase(database)
  assert.deepEqual([db.exploitProbability('CVE-2026-0001'), db.isExploited('CVE-2026-0001')], [0.25, true])
  assert.deepEqual([db.exploitProbability('CVE-2026-0002'), db.isExploited('CVE-2026-0002')], [undefined, false])
})

test('openAdvisoryDatabase() refuses an empty folder, and files that no import wrote', async t => {
  const { file, database } = scratch(t)
  assert.throws(() => openAdvisoryDatabase(database), { name: 'UserError', message: /has no advisories\. Import some first/ })
  await importing(file('one.json', record('A-1')), database)
  writeFileSync(join(database, 'other.db'), 'not SQLite')
  assert.throws(() => openAdvisoryDatabase(database), { name: 'UserError', message: /other\.db" is no file of imported advisories/ })
})

test('openFeed() reads a pipe or a socket never, and a folder of a feed not too deep', async t => {
  const { folder } = scratch(t)
  mkdirSync(join(folder, 'deep', ...Array.from({ length: 10 }, (_, index) => `d${index}`)), { recursive: true })
  const feed = await openFeed(join(folder, 'deep'))
  await assert.rejects(
    async () => {
      for await (const one of feed.documents()) assert.ok(one)
    },
    { name: 'UserError', message: /is too deep/ },
  )
})
