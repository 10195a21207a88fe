import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { removePodFolder } from './remove-pod-folder.ts'

const skip = process.getuid?.() === 0 ? false : 'needs root'

test('removePodFolder() detaches what is mounted, and keeps its content', { skip }, async t => {
  const root = mkdtempSync(join(tmpdir(), 'bulkhead-remove-'))
  t.after(() => rmSync(root, { recursive: true }))
  const [volume, target, before] = [join(root, 'volume'), join(root, 'pods', 'u', 'mount'), join(root, 'pods', 'u.removed', 'mount')]
  mkdirSync(volume)
  writeFileSync(join(volume, 'kept'), '')
  for (const place of [target, before]) {
    mkdirSync(place, { recursive: true })
    execFileSync('mount', ['--bind', volume, place])
  }
  await removePodFolder(join(root, 'pods', 'u'))
  assert.deepEqual(readdirSync(join(root, 'pods')), [])
  assert.ok(existsSync(join(volume, 'kept')))
})

test('removePodFolder() of no folder is success', async () => {
  await removePodFolder(join(tmpdir(), 'bulkhead-none', 'u'))
})
