import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { searchFiles } from './search-files.ts'

test('searchFiles() finds a byte sequence across two pieces, in every folder that is not skipped', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'search-'))
  try {
    for (const name of ['deep/er', 'skipped']) mkdirSync(join(folder, name), { recursive: true })
    const needle = Buffer.from('canary-0123456789')
    const big = Buffer.alloc((1 << 20) + 100)
    needle.copy(big, (1 << 20) - 5)
    writeFileSync(join(folder, 'big'), big)
    writeFileSync(join(folder, 'deep/er/small'), needle)
    writeFileSync(join(folder, 'skipped/small'), needle)
    writeFileSync(join(folder, 'clean'), 'canary-0123456788')
    const needles = new Map([['canary', needle]])
    const result = await searchFiles(folder, needles, path => path === 'skipped', AbortSignal.timeout(60_000))
    assert.deepEqual([...result.hits.keys()].toSorted(), ['big', 'deep/er/small'])
    assert.equal(result.files, 3)
    assert.equal(result.bytes, big.length + needle.length * 2)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

for (const [format, compress] of Object.entries({ gzip: gzipSync, zlib: deflateSync, zstd: zstdCompressSync })) {
  test(`searchFiles() finds a byte sequence in ${format} data within a file`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'search-'))
    try {
      const text = Buffer.from(`${'x'.repeat(1000)}canary-0123456789${'y'.repeat(1000)}`)
      writeFileSync(join(folder, 'file'), Buffer.concat([Buffer.alloc(77, 'z'), compress(text), Buffer.alloc(5000, 'z')]))
      const needles = new Map([['canary', Buffer.from('canary-0123456789')]])
      const { hits } = await searchFiles(folder, needles, () => false, AbortSignal.timeout(60_000))
      assert.ok(hits.get('file')?.includes('canary, compressed'), JSON.stringify([...hits]))
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
}
