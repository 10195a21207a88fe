import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { diskUsage } from './disk-usage.ts'

const never = new AbortController().signal

test('diskUsage() counts blocks and inodes of each folder, and leaves out what is not there', async t => {
  // A name with what `du` would otherwise read as another line.
  const folder = mkdtempSync(join(tmpdir(), 'disk\tusage\n'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'a'), Buffer.alloc(1 << 20, 1))
  writeFileSync(join(folder, 'b'), '')
  const gone = join(folder, 'gone')
  const bytes = await diskUsage([folder, gone], 'ephemeral-storage', never)
  const counted = bytes.get(folder) ?? 0
  assert.ok(counted >= 1 << 20 && counted < (1 << 20) + 65_536, String(counted))
  assert.equal(bytes.has(gone), false)
  assert.equal((await diskUsage([folder], 'inodes', never)).get(folder), 3)
  assert.equal((await diskUsage([], 'inodes', never)).size, 0)
})

test('diskUsage() rejects with its signal', async () => {
  await assert.rejects(diskUsage(['/'], 'inodes', AbortSignal.abort()), /Cannot count what pods hold on the disk/)
})
