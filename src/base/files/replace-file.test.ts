import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { recordSyncs } from '../testing/record-syncs.testing.ts'
import { fillFrom, remount, smallDisk, whyNoSmallDisk } from '../testing/small-disk.testing.ts'
import { ensureFile, replaceFile } from './replace-file.ts'

const directory = await mkdtemp(join(tmpdir(), 'replace-'))
after(() => rm(directory, { recursive: true }))

test('replaceFile() syncs the content before the rename, and the rename before it resolves', async t => {
  const path = join(directory, 'key')
  const synced = await recordSyncs(t, path)
  await replaceFile(path, 'new')
  assert.deepEqual(synced, [
    { path: `${path}.new`, named: false },
    { path: directory, named: true },
  ])
  assert.equal(await readFile(path, 'utf8'), 'new')
})

test('replaceFile() sets the mode, even if a draft with another mode was left behind', async () => {
  const path = join(directory, 'secret')
  await writeFile(`${path}.new`, 'half', { mode: 0o644 })
  await replaceFile(path, 'whole')
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  assert.equal(await readFile(path, 'utf8'), 'whole')
})

test('replaceFile() keeps the old content and no part of the new one on a full and on a read-only disk', {
  skip: whyNoSmallDisk,
}, async t => {
  const disk = smallDisk(t, 128 << 10)
  const path = join(disk, 'key')
  await replaceFile(path, 'old')
  const free = fillFrom(disk)
  await assert.rejects(replaceFile(path, Buffer.alloc(8192)), {
    code: 'ENOSPC',
    message: `ENOSPC: no space left on device, write '${path}.new'`,
  })
  assert.deepEqual((await readdir(disk)).sort(), ['filling', 'key'])
  free()
  remount(disk, 'ro')
  await assert.rejects(replaceFile(path, 'new'), { code: 'EROFS', message: new RegExp(`'${path}\\.new'`) })
  remount(disk, 'rw')
  assert.equal(await readFile(path, 'utf8'), 'old')
  await replaceFile(path, 'new')
  assert.equal(await readFile(path, 'utf8'), 'new')
})

test('ensureFile() needs no disk space for an unchanged file, and replaces a different one', { skip: whyNoSmallDisk }, async t => {
  const disk = smallDisk(t, 128 << 10)
  const path = join(disk, 'settings')
  await ensureFile(path, 'old', 0o644)
  assert.equal((await stat(path)).mode & 0o777, 0o644)
  const free = fillFrom(disk)
  await ensureFile(path, 'old', 0o644)
  await assert.rejects(ensureFile(path, 'new', 0o644), { code: 'ENOSPC' })
  free()
  await ensureFile(path, 'new', 0o644)
  assert.equal(await readFile(path, 'utf8'), 'new')
})
