import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { freeBytes, lowDisk, lowDiskBytes } from './disk-space.ts'

test('lowDisk() names the directory and what is left below its bound, and nothing from there on', () => {
  assert.equal(lowDisk('/data', lowDiskBytes), undefined)
  assert.match(lowDisk('/data', lowDiskBytes - 1) ?? '', /^The disk of the data directory "\/data" has 63 MiB left: /)
  assert.match(lowDisk('/data', 0) ?? '', /has 0 MiB left/)
  assert.ok(freeBytes(tmpdir()) > 0)
})
