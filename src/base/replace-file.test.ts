import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { recordSyncs } from './record-syncs.testing.ts'
import { replaceFile } from './replace-file.ts'

const directory = await mkdtemp(join(tmpdir(), 'replace-'))
after(() => rm(directory, { recursive: true }))

test('replaceFile() has the content on disk before it has its name, and the name when it resolves', async t => {
  const path = join(directory, 'key')
  const synced = await recordSyncs(t, path)
  await replaceFile(path, 'new')
  assert.deepEqual(synced, [
    { path: `${path}.new`, named: false },
    { path: directory, named: true },
  ])
  assert.equal(await readFile(path, 'utf8'), 'new')
})

test('replaceFile() gives the mode, also where a draft with another was left behind', async () => {
  const path = join(directory, 'secret')
  await writeFile(`${path}.new`, 'half', { mode: 0o644 })
  await replaceFile(path, 'whole')
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  assert.equal(await readFile(path, 'utf8'), 'whole')
})
