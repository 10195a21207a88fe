import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ownVolume } from './own-volume.ts'

/** Only root may give files to any group. */
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

test('ownVolume() leaves a volume that is the group’s already, where that is enough', async () => {
  using files = tree()
  await ownVolume(files.root, group, true)
  chmodSync(join(files.root, 'file'), 0o600)
  await ownVolume(files.root, group, true)
  assert.equal(modeOf(join(files.root, 'file')), 0o600)
  await ownVolume(files.root, group, false)
  assert.equal(modeOf(join(files.root, 'file')), 0o660)
})
