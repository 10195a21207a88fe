import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type TestEntry, writeZip } from './zip.testing.ts'
import { type ZipLimits, zipEntries, zipLimits } from './zip-entries.ts'

const read = (archive: Buffer, limits = zipLimits as ZipLimits) =>
  [...zipEntries(archive, '"a.zip"', limits)].map(({ name, content }) => [name, content().toString()])

const two: readonly TestEntry[] = [
  { name: 'a.json', content: '{"a":1}' },
  { name: 'folder/', content: '' },
  { name: 'folder/b.json', content: 'x'.repeat(1000) },
]

for (const zip64 of [false, true])
  test(`zipEntries() reads the files of an archive${zip64 ? ' with ZIP64' : ''}`, () => {
    assert.deepEqual(read(writeZip(two, zip64)), [
      ['a.json', '{"a":1}'],
      ['folder/b.json', 'x'.repeat(1000)],
    ])
  })

const one = (claims: TestEntry['claims'], content = 'content') => writeZip([{ name: 'a', content, ...(claims && { claims }) }])
const wrong: readonly (readonly [string, Buffer, RegExp])[] = [
  ['nothing', Buffer.alloc(0), /no end record/],
  ['a text', Buffer.from('PK\u0003\u0004 and more than the twenty-two bytes of an end record'), /no end record/],
  ['a smaller size in the directory', one({ size: 3 }), /entry "a" cannot be unpacked/],
  ['a larger size in the directory', one({ size: 8 }), /entry "a" has 7 bytes, its directory says 8/],
  ['a wrong checksum', one({ crc: 1 }), /the checksum of entry "a" is wrong/],
  ['another method', one({ method: 12 }), /packed by method 12; only deflate/],
  ['an encrypted entry', one({ flags: 1 }), /entry "a" is encrypted/],
  ['an offset outside', one({ offset: 5000 }), /entry "a" is outside of the file/],
  ['an offset into nothing', one({ offset: 7 }), /entry "a" is outside of the file/],
  ['too many bytes in an entry', one({ size: zipLimits.entryBytes + 1 }), /entry "a" has \d+ bytes, at most/],
  ['a long name', writeZip([{ name: 'n'.repeat(zipLimits.nameBytes + 1), content: '' }]), /the name of entry 0 has 513 bytes/],
  ['a cut archive', writeZip(two).subarray(0, -1), /no end record/],
  ['a cut directory', Buffer.concat([writeZip(two).subarray(0, 60), writeZip(two).subarray(-22)]), /directory is outside/],
]
for (const [title, archive, message] of wrong)
  test(`zipEntries() refuses ${title}`, () => {
    assert.throws(() => read(archive), { name: 'UserError', message })
  })

test('zipEntries() has limits for entries and for all bytes', () => {
  assert.throws(() => read(writeZip(two), { ...zipLimits, entries: 2 }), {
    name: 'UserError',
    message: '"a.zip" has 3 entries, at most 2 are read',
  })
  assert.throws(() => read(writeZip(two), { ...zipLimits, totalBytes: 1006 }), {
    name: 'UserError',
    message: /more than 1006 bytes unpacked/,
  })
  assert.equal(read(writeZip(two), { ...zipLimits, totalBytes: 1007 }).length, 2)
})

test('zipEntries() does not read a bomb further than its directory says', () => {
  const bomb = one({ size: 10 }, '0'.repeat(50 << 20))
  assert.throws(() => read(bomb), { name: 'UserError', message: /cannot be unpacked/ })
})

test('zipEntries() ends with a UserError or entries for archives with any changed byte', () => {
  const archive = writeZip(two, true)
  for (let at = 0; at < archive.length; at++) {
    const changed = Buffer.from(archive)
    changed[at] = (changed[at] ?? 0) ^ 0xff
    try {
      read(changed)
    } catch (err) {
      assert.ok(err instanceof Error && err.name === 'UserError', `byte ${at}: ${String(err)}`)
    }
  }
})
