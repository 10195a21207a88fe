import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption'
import { formatRecord, parseRecord, placeKey } from '../api/backup/record-line.ts'
import { parseLink } from '../base/backup/backup-link.ts'
import { parseArchive } from '../base/backup/file-archive.ts'
import { isAgeRecipient, maxPackBytes, packDigest, sealPack } from '../base/backup/seal-pack.ts'
import { BackupFault, type BackupFaultKind } from './backup-fault.ts'
import { compareObjects, RecordedDigests } from './compare-objects.ts'
import { Chunker, maxChunkBytes } from './format/chunker.ts'
import { packOpener } from './format/open-pack.ts'

const isFault = (kind: BackupFaultKind, want: RegExp) => (err: unknown) =>
  err instanceof BackupFault && err.fault === kind && want.test(err.message)

test("Debian's age opens a pack, and nobody without an identity of a recipient", {
  skip: existsSync('/usr/bin/age') ? false : 'age is not installed',
}, async () => {
  const identity = await generateX25519Identity()
  const { content } = await sealPack(Buffer.from('a line\n'), [await identityToRecipient(identity)])
  const folder = mkdtempSync(join(tmpdir(), 'age-'))
  try {
    writeFileSync(join(folder, 'id'), `${identity}\n`)
    writeFileSync(join(folder, 'other'), `${await generateX25519Identity()}\n`)
    const opened = spawnSync('age', ['-d', '-i', join(folder, 'id')], { input: content })
    assert.equal(zstdDecompressSync(opened.stdout).toString(), 'a line\n')
    assert.match(spawnSync('age', ['-d', '-i', join(folder, 'other')], { input: content }).stderr.toString(), /no identity matched/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('packOpener() names what is wrong with a pack', async () => {
  const identity = await generateX25519Identity()
  const recipient = await identityToRecipient(identity)
  const open = packOpener([identity])
  const { content, ...ref } = await sealPack(Buffer.from('x'), [recipient])
  assert.equal((await open(ref, content)).toString(), 'x')
  const flipped = Buffer.from(content)
  flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1
  await assert.rejects(open(ref, flipped), isFault('damaged', /was changed after it was written/))
  await assert.rejects(open(ref, content.subarray(1)), isFault('damaged', /has \d+ bytes instead of \d+/))
  const other = packOpener([await generateX25519Identity()])
  await assert.rejects(other(ref, content), isFault('key', /identity is of none of its recipients/))
  assert.throws(() => packOpener(['AGE-SECRET-KEY-1X']), { name: 'UserError', message: /as age-keygen makes it/ })
  // A bomb: a few kilobytes that would fill the memory.
  const encrypter = new Encrypter()
  encrypter.addRecipient(recipient)
  const bomb = Buffer.from(await encrypter.encrypt(zstdCompressSync(Buffer.alloc(maxPackBytes + 1))))
  await assert.rejects(open({ pack: packDigest(bomb), bytes: bomb.length }, bomb), isFault('damaged', /no Zstandard data of at most/))
  await assert.rejects(sealPack(Buffer.from('x'), []), /needs a recipient/)
})

test('isAgeRecipient() takes X25519 recipients only', async () => {
  assert.equal(isAgeRecipient(await identityToRecipient(await generateX25519Identity())), true)
  for (const text of ['', 'age1', await generateX25519Identity(), `age1pq${'q'.repeat(60)}`, `age1${'b'.repeat(58)}`])
    assert.equal(isAgeRecipient(text), false)
})

test('parseRecord() returns the bytes of the object as they were, whatever they contain', () => {
  const bytes = Buffer.from('{"a":"},\\"object\\":{\\n","b":",\\"object\\":"}')
  const record = { resource: 'configmaps', namespace: 'a', name: 'x', revision: 7, sha256: 'e'.repeat(64), bytes }
  const line = formatRecord(record)
  assert.deepEqual(parseRecord(line.subarray(0, -1)), record)
  const deletion = { ...record, sha256: '', bytes: undefined }
  assert.deepEqual(parseRecord(formatRecord(deletion).subarray(0, -1)), deletion)
  for (const bad of [
    '',
    '{}',
    '[]',
    '{"resource":"a","namespace":"","name":"b","revision":1}',
    `{"resource":"a","namespace":"","name":"b","revision":-1,"deleted":true}`,
  ])
    assert.throws(() => parseRecord(Buffer.from(bad)), bad)
  assert.throws(() => parseRecord(Buffer.from(`{"resource":"${'a'.repeat(10_000)}"`)), /no object within its first/)
})

test('Chunker cuts by names, so that one object more moves no other border', () => {
  const lines = Array.from({ length: 20_000 }, (_, index) => ({
    key: `configmaps a/${String(index).padStart(6, '0')}`,
    line: randomBytes(200),
  }))
  const chunksOf = (all: typeof lines) => {
    const chunker = new Chunker()
    const chunks = all.flatMap(({ key, line }) => chunker.add(key, line) ?? [])
    return [...chunks, chunker.end() ?? Buffer.alloc(0)].map(packDigest)
  }
  const before = chunksOf(lines)
  const after = chunksOf(lines.toSpliced(9_000, 0, { key: 'configmaps a/008999-new', line: randomBytes(200) }))
  assert.ok(before.length > 5)
  assert.ok(after.filter(digest => !before.includes(digest)).length <= 2)
})

test('Chunker ends a chunk without a border before it is too large', () => {
  const chunker = new Chunker()
  const sizes = Array.from({ length: 12 }, () => chunker.add('one name', Buffer.alloc(1_000_000))?.length ?? 0)
  assert.ok(Math.max(...sizes) <= maxChunkBytes && sizes.some(size => size > 0))
})

const links: readonly [string, object][] = [
  ['another format', { format: 'bulkhead-backup/v2' }],
  ['a name that leads elsewhere', { target: '../x' }],
  ['a number of 0', { number: 0 }],
  ['a first link that follows another', { previous: 'a'.repeat(64) }],
  ['no recipients', { recipients: [] }],
  ['another kind', { content: { kind: 'other' } }],
  ['changes that go back', { content: { kind: 'changes', after: 5, revision: 5, objects: 1, pack: { pack: 'a'.repeat(64), bytes: 1 } } }],
  [
    'a pack that is a path',
    { content: { kind: 'changes', after: 5, revision: 6, objects: 1, pack: { pack: '../../etc/passwd', bytes: 1 } } },
  ],
]

for (const [name, change] of links)
  test(`parseLink() refuses ${name}`, () => {
    const link = {
      format: 'bulkhead-backup/v1',
      target: 't',
      cluster: 'c'.repeat(64),
      number: 1,
      previous: '',
      time: '2026-01-01T00:00:00Z',
      recipients: ['age1'],
      content: { kind: 'prune', kept: [], changesAfter: 0 },
    }
    assert.equal(parseLink(Buffer.from(JSON.stringify(link))).number, 1)
    assert.throws(() => parseLink(Buffer.from(JSON.stringify({ ...link, ...change }))))
  })

test('parseArchive() refuses names that lead out of a folder', () => {
  const line = (name: string) => Buffer.from(`${JSON.stringify({ name, content: 'eA==' })}\n`)
  assert.deepEqual(parseArchive(line('audit.key')), [{ name: 'audit.key', content: Buffer.from('x') }])
  for (const name of ['../x', '/etc/passwd', '.x', 'a/b', '']) assert.throws(() => parseArchive(line(name)), name)
})

test('compareObjects() names what is missing, changed and added, by digests that other code read', () => {
  const record = (name: string, revision: number, deleted = false) =>
    formatRecord({
      resource: 'configmaps',
      namespace: 'a',
      name,
      revision,
      sha256: deleted ? '' : 'e'.repeat(64),
      bytes: deleted ? undefined : Buffer.from('{}'),
    })
  const recorded = new RecordedDigests(9)
  recorded.add(Buffer.concat([record('kept', 1), record('changed', 2), record('missing', 3), record('gone', 4)]))
  recorded.add(Buffer.concat([record('gone', 5, true), record('later', 10)]))
  const place = (name: string) => placeKey({ resource: 'configmaps', namespace: 'a', name })
  const sha256 = 'e'.repeat(64)
  const restored = new Map([
    [place('kept'), { revision: 1, sha256 }],
    [place('changed'), { revision: 2, sha256: 'f'.repeat(64) }],
    [place('later'), { revision: 10, sha256 }],
  ])
  assert.deepEqual(compareObjects(recorded.all, restored), {
    compared: 3,
    missing: [place('missing')],
    changed: [place('changed')],
    added: [place('later')],
  })
})
