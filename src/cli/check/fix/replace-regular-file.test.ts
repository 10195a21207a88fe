import assert from 'node:assert/strict'
import { linkSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { UserError } from '../../../base/user-error.ts'
import { replaceRegularFile } from './replace-regular-file.ts'

test('replaceRegularFile() changes only the named file: neither the target of a link nor other hard links', t => {
  const folder = mkdtempSync(join(tmpdir(), 'replace-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const at = (name: string) => join(folder, name)
  writeFileSync(at('outside'), 'before', { mode: 0o640 })
  linkSync(at('outside'), at('manifest.yaml'))
  symlinkSync(at('outside'), at('link.yaml'))
  replaceRegularFile(at('manifest.yaml'), 'after')
  assert.equal(readFileSync(at('manifest.yaml'), 'utf8'), 'after')
  assert.equal(statSync(at('manifest.yaml')).mode & 0o777, 0o640)
  assert.throws(
    () => replaceRegularFile(at('link.yaml'), 'after'),
    (err: unknown) => err instanceof UserError && /it is a link/.test(err.message),
  )
  assert.equal(readFileSync(at('outside'), 'utf8'), 'before')
  assert.deepEqual(readdirSync(folder).sort(), ['link.yaml', 'manifest.yaml', 'outside'])
})
