import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { publishedKind } from './published-kind.ts'

test('publishedKind() says what is there, and follows no link', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-kind-'))
  t.after(() => rmSync(folder, { recursive: true }))
  symlinkSync('/', join(folder, 'link'))
  writeFileSync(join(folder, '-file'), '')
  assert.equal(await publishedKind(folder), 'folder')
  assert.equal(await publishedKind(join(folder, 'link')), 'symbolic link')
  assert.equal(await publishedKind(join(folder, '-file')), 'something else')
  assert.equal(await publishedKind(join(folder, 'none')), 'nothing')
})

test('publishedKind() does not wait for a file system that does not answer', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-kind-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const program = join(folder, 'hangs')
  writeFileSync(program, '#!/bin/sh\nexec sleep 600\n', { mode: 0o755 })
  assert.equal(await publishedKind('/', 20, program), 'nothing that answers')
})
