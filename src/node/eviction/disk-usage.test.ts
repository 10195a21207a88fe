import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { until } from '../../base/testing/wait-until.testing.ts'
import { diskUsage } from './disk-usage.ts'

const never = new AbortController().signal

test('diskUsage() counts blocks and inodes of each folder, and omits missing ones', async t => {
  // `du` would otherwise read this name as another line.
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

test('diskUsage() still counts other folders if one takes too long', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'usage-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const program = join(folder, 'du')
  // Five flags, then the paths, one of which never ends.
  const script = `shift 5; for path; do case $path in slow*) touch ${folder}/$path; exec sleep 1000;; gone) ;; *) printf '1\\t%s\\0' "$path";; esac; done`
  writeFileSync(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  const slow = ['slow-1', 'slow-2']
  const tooLong = () => {
    const limit = new AbortController()
    const [next] = slow.splice(0, 1)
    if (next !== undefined) void until(() => existsSync(join(folder, next)), next).then(() => limit.abort(new Error('too long')))
    return limit.signal
  }
  const counted = await diskUsage(['a', 'slow-1', 'b', 'slow-2', 'gone', 'c'], 'inodes', never, { program, tooLong })
  assert.deepEqual([...counted.keys()], ['a', 'b', 'c'])
})
