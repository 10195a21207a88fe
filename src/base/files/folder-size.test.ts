import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { folderSize } from './folder-size.ts'

test('folderSize() counts what is in a folder, follows no links, and stops at its limit', async t => {
  const path = mkdtempSync(join(tmpdir(), 'folder-size-'))
  t.after(() => rmSync(path, { recursive: true }))
  const empty = await folderSize(path)
  mkdirSync(join(path, 'inner'))
  writeFileSync(join(path, 'inner', 'file'), Buffer.alloc(1 << 20))
  symlinkSync('/', join(path, 'link'))
  const { bytes, isWhole } = await folderSize(path)
  assert.ok(isWhole)
  assert.ok(bytes - empty.bytes >= 1 << 20 && bytes < 2 << 20, String(bytes))
  assert.deepEqual((await folderSize(path, 2)).isWhole, false)
  assert.deepEqual(await folderSize(join(path, 'missing')), { bytes: 0, isWhole: true })
})
