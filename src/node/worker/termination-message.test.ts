import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { terminationMessage } from './termination-message.ts'

test("terminationMessage() reads at most 4096 bytes of a container's message", async t => {
  const folder = await mkdtemp(join(tmpdir(), 'message-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, 'message')
  await writeFile(file, 'x'.repeat(10_000))
  assert.equal(await terminationMessage(file, 'File', 1, ''), 'x'.repeat(4096))
})
