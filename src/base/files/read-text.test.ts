import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readTextIfThere } from './read-text.ts'

const folder = mkdtempSync(join(tmpdir(), 'read-text-'))
after(() => rmSync(folder, { recursive: true }))

test('readTextIfThere() distinguishes a missing file from an unreadable one', async () => {
  const file = join(folder, 'file')
  assert.equal(await readTextIfThere(file), undefined)
  writeFileSync(file, 'text')
  assert.equal(await readTextIfThere(file), 'text')
  await assert.rejects(readTextIfThere(folder), { code: 'EISDIR' })
  await assert.rejects(readTextIfThere(join(file, 'below')), { code: 'ENOTDIR' })
})
