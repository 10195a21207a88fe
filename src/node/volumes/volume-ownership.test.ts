import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { rename, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ownVolume } from './volume-ownership.ts'

/** Only root may change a file's group to any other. */
const group = process.getuid?.() === 0 ? 4242 : (process.getgid?.() ?? 0)

function tree(): { root: string; outside: string; [Symbol.dispose](): void } {
  const base = mkdtempSync(join(tmpdir(), 'bulkhead-own-'))
  const root = join(base, 'volume')
  const outside = join(base, 'outside')
  mkdirSync(join(root, 'folder'), { recursive: true })
  mkdirSync(outside)
  for (const file of [join(root, 'file'), join(root, 'folder', 'inner'), join(outside, 'secret')]) {
    writeFileSync(file, 'x')
    chmodSync(file, 0o600)
  }
  symlinkSync(join(outside, 'secret'), join(root, 'link'))
  symlinkSync(outside, join(root, 'folder', 'way-out'))
  return { root, outside, [Symbol.dispose]: () => rmSync(base, { recursive: true }) }
}
const modeOf = (path: string) => statSync(path).mode & 0o7777

test('ownVolume() gives folders and files to the group, and follows no link out of the volume', async () => {
  using files = tree()
  const before = statSync(join(files.outside, 'secret'))
  await ownVolume(files.root, group, false)
  assert.equal(modeOf(join(files.root, 'file')), 0o660)
  assert.equal(modeOf(join(files.root, 'folder', 'inner')), 0o660)
  assert.equal(modeOf(files.root) & 0o2770, 0o2770)
  for (const path of ['', 'file', 'folder', 'folder/inner']) assert.equal(statSync(join(files.root, path)).gid, group)
  const after = statSync(join(files.outside, 'secret'))
  assert.deepEqual([after.mode, after.gid], [before.mode, before.gid])
})

test('CVE-2021-25741: ownVolume() changes nothing outside while a file and a folder are swapped with links', async () => {
  using files = tree()
  const secret = join(files.outside, 'secret')
  const before = [secret, files.outside].map(path => statSync(path))
  const swaps = [
    { place: join(files.root, 'file'), link: secret },
    { place: join(files.root, 'folder'), link: files.outside },
  ]
  let done = false
  const swapping = swaps.map(async ({ place, link }) => {
    await symlink(link, `${place}.link`)
    while (!done) {
      await rename(place, `${place}.away`)
      await rename(`${place}.link`, place)
      await rename(place, `${place}.link`)
      await rename(`${place}.away`, place)
    }
  })
  let through = 0
  for (let round = 0; round < 500; round++) {
    // A file that was removed or replaced by a link ends this attempt.
    await ownVolume(files.root, group, false).then(
      () => through++,
      (err: NodeJS.ErrnoException) => assert.ok(['ENOENT', 'ELOOP', 'ENOTDIR'].includes(err.code ?? ''), String(err)),
    )
  }
  done = true
  await Promise.all(swapping)
  const after = [secret, files.outside].map(path => statSync(path))
  assert.deepEqual(
    after.map(({ mode, gid }) => [mode, gid]),
    before.map(({ mode, gid }) => [mode, gid]),
  )
  assert.ok(through > 0)
})

test('ownVolume() skips a volume that already belongs to the group, if that suffices', async () => {
  using files = tree()
  await ownVolume(files.root, group, true)
  chmodSync(join(files.root, 'file'), 0o600)
  await ownVolume(files.root, group, true)
  assert.equal(modeOf(join(files.root, 'file')), 0o600)
  await ownVolume(files.root, group, false)
  assert.equal(modeOf(join(files.root, 'file')), 0o660)
})
