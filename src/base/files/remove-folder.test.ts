import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { removeFolder } from './remove-folder.ts'

test("removeFolder() removes folders deeper than a path can name, and no link's target", async () => {
  const root = mkdtempSync(join(tmpdir(), 'remove-folder-'))
  mkdirSync(join(root, 'other'))
  writeFileSync(join(root, 'other', 'stays'), '')
  mkdirSync(join(root, 'tree'))
  symlinkSync(join(root, 'other'), join(root, 'tree', 'link'))
  for (let level = 0; level < 1500; level++) {
    mkdirSync(join(root, 'next'))
    renameSync(join(root, 'tree'), join(root, 'next', 'inner'))
    renameSync(join(root, 'next'), join(root, 'tree'))
  }
  await removeFolder(join(root, 'tree'))
  await removeFolder(join(root, 'tree'))
  assert.deepEqual(readdirSync(root), ['other'])
  assert.deepEqual(readdirSync(join(root, 'other')), ['stays'])
  rmSync(root, { recursive: true })
})
