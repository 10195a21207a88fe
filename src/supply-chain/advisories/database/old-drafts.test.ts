import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { draftMs, removeOldDrafts } from './old-drafts.ts'

test('removeOldDrafts() removes drafts of killed imports, not those that may be written, and nothing else', t => {
  const folder = mkdtempSync(join(tmpdir(), 'drafts-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const now = Date.UTC(2026, 0, 2)
  const file = (name: string, age: number) => {
    writeFileSync(join(folder, name), '')
    utimesSync(join(folder, name), (now - age) / 1000, (now - age) / 1000)
  }
  const draft = '.osv.0123456789abcdef.new'
  file(draft, draftMs + 1000)
  file(`${draft}-journal`, draftMs + 1000)
  file('.osv.fedcba9876543210.new', draftMs - 1000)
  file('osv.db', 10 * draftMs)
  file('.hidden', 10 * draftMs)
  mkdirSync(join(folder, '.dir.0123456789abcdef.new'))
  removeOldDrafts(folder, now)
  assert.deepEqual(readdirSync(folder).sort(), ['.dir.0123456789abcdef.new', '.hidden', '.osv.fedcba9876543210.new', 'osv.db'])
})
