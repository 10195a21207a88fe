import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createScratch, removeScratch } from './scratch.ts'

test('removeScratch() stops processes below the folder, and removes it', async () => {
  const folder = createScratch()
  mkdirSync(join(folder, 'data'))
  const script = join(folder, 'data', 'part.mjs')
  writeFileSync(script, "process.on('SIGTERM', () => process.exit(7)); setInterval(() => undefined, 1000); console.log('up')")
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'ignore'] })
  await once(child.stdout, 'data')
  const exit = once(child, 'exit')
  await removeScratch(folder)
  assert.deepEqual(await exit, [7, null])
  assert.equal(existsSync(folder), false)
})
