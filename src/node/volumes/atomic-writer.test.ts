import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, readlink, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fillFrom, smallDisk, whyNoSmallDisk } from '../../base/testing/small-disk.testing.ts'
import { checkPath, type VolumeFile, writeAtomically } from './atomic-writer.ts'

const files = (content: Record<string, string>, mode = 0o644): Map<string, VolumeFile> =>
  new Map(Object.entries(content).map(([path, text]) => [path, { content: Buffer.from(text), mode }]))

test('writeAtomically() exposes files through ..data and replaces all of them in one step', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'volume-'))
  assert.equal(await writeAtomically(directory, files({ a: '1', 'sub/b': '2' }), undefined), true)
  assert.equal(await readFile(join(directory, 'sub/b'), 'utf8'), '2')
  assert.equal(await readlink(join(directory, 'a')), '..data/a')
  const first = await readlink(join(directory, '..data'))
  assert.equal(await writeAtomically(directory, files({ a: '1', 'sub/b': '2' }), undefined), false)
  assert.equal(await readlink(join(directory, '..data')), first)
  assert.equal(await writeAtomically(directory, files({ a: 'new', c: '3' }), undefined), true)
  assert.deepEqual((await readdir(directory)).filter(name => !name.startsWith('..')).sort(), ['a', 'c'])
  assert.equal(await readFile(join(directory, 'a'), 'utf8'), 'new')
  assert.ok(!(await readdir(directory)).includes(first))
})

test('writeAtomically() sets modes, and makes files readable for the group if there is an fsGroup', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'volume-'))
  await writeAtomically(directory, files({ a: '1' }, 0o400), undefined)
  assert.equal((await stat(join(directory, 'a'))).mode & 0o777, 0o400)
  if (process.getuid?.() !== 0) return
  await writeAtomically(directory, files({ a: '2' }, 0o400), 1234)
  const found = await stat(join(directory, 'a'))
  assert.equal(found.mode & 0o777, 0o440)
  assert.equal(found.gid, 1234)
})

for (const bad of ['', '/etc/passwd', '../x', 'a/../../x', 'a//b', './a', '..data', '..x/y']) {
  test(`checkPath() refuses ${JSON.stringify(bad)}`, () => assert.throws(() => checkPath(bad), /invalid path/))
}

test('writeAtomically() keeps the old files on a full disk, removes the partial new ones, and succeeds once there is space', {
  skip: whyNoSmallDisk,
}, async t => {
  const disk = smallDisk(t, 128 << 10)
  const large = 'new '.repeat(8192)
  await writeAtomically(disk, files({ a: '1' }), undefined)
  const free = fillFrom(disk)
  const before = (await readdir(disk)).sort()
  await assert.rejects(writeAtomically(disk, files({ a: large, b: large }), undefined), { code: 'ENOSPC' })
  assert.deepEqual((await readdir(disk)).sort(), before)
  assert.equal(await readFile(join(disk, 'a'), 'utf8'), '1')
  free()
  assert.equal(await writeAtomically(disk, files({ a: large, b: large }), undefined), true)
  assert.equal(await readFile(join(disk, 'b'), 'utf8'), large)
})

test('writeAtomically() links files that an earlier try could not link', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'volume-'))
  await writeAtomically(directory, files({ a: '1', b: '2' }), undefined)
  await rm(join(directory, 'b'))
  await writeAtomically(directory, files({ a: '1', b: '2' }), undefined)
  assert.equal(await readFile(join(directory, 'b'), 'utf8'), '2')
})
