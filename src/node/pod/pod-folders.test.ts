import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { nodeDirectory } from '../machine/node-directory.ts'
import { podOf } from './fixture.ts'
import { logFolder, makeLogFolder, podsWithFolders } from './pod-folders.ts'

test('podsWithFolders() returns each pod once, by its folder or its logs, and none on a node that never ran one', async t => {
  const directory = nodeDirectory(mkdtempSync(join(tmpdir(), 'pod-folders-')))
  t.after(() => rmSync(directory.root, { recursive: true }))
  assert.deepEqual(await podsWithFolders(directory), [])
  for (const uid of ['u1', 'u2']) mkdirSync(join(directory.pods, uid), { recursive: true })
  for (const uid of ['u2', 'u3'])
    mkdirSync(logFolder(directory.logs, podOf({}, { namespace: 'ns', name: 'a.b', uid })), { recursive: true })
  mkdirSync(join(directory.logs, 'other'))
  const named = { namespace: 'ns', name: 'a.b' }
  assert.deepEqual(await podsWithFolders(directory), [
    { uid: 'u1', namespace: '', name: '' },
    { uid: 'u2', ...named },
    { uid: 'u3', ...named },
  ])
})

test('CVE-2024-5321: makeLogFolder() closes logs to other users of the node, whatever the umask', async t => {
  const directory = nodeDirectory(mkdtempSync(join(tmpdir(), 'pod-folders-')))
  t.after(() => rmSync(directory.root, { recursive: true }))
  const path = logFolder(directory.logs, podOf())
  const mask = process.umask(0)
  try {
    await makeLogFolder(path)
  } finally {
    process.umask(mask)
  }
  for (const folder of [join(directory.root, 'logs'), directory.logs, path]) assert.equal(statSync(folder).mode & 0o777, 0o750, folder)
})
