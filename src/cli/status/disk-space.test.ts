import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { freeBytes, lowDisk, lowDiskBytes } from './disk-space.ts'

test('lowDisk() reports the directory and the free space below the limit, and nothing above it', () => {
  assert.equal(lowDisk('/data', lowDiskBytes), undefined)
  assert.match(lowDisk('/data', lowDiskBytes - 1) ?? '', /^The disk of the data directory "\/data" has 63 MiB left\. /)
  assert.match(lowDisk('/data', 0) ?? '', /has 0 MiB left/)
  assert.ok(freeBytes(tmpdir()) > 0)
})
