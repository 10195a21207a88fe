import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { BackupFault } from '../backup-fault.ts'
import { openFolderTarget } from './folder-target.ts'
import { targetContract } from './target.contract.ts'

const folder = mkdtempSync(join(tmpdir(), 'target-'))
after(() => rmSync(folder, { recursive: true }))

targetContract('folder', () => openFolderTarget(folder))

const isFault = (want: RegExp) => (err: unknown) => err instanceof BackupFault && err.fault === 'target' && want.test(err.message)

test('openFolderTarget() refuses a folder that is not there, so that a file system that is not mounted is not filled in its place', async () => {
  await assert.rejects(openFolderTarget(join(folder, 'none')), isFault(/does not exist: create it, or mount its file system/))
  writeFileSync(join(folder, 'file'), '')
  await assert.rejects(openFolderTarget(join(folder, 'file')), isFault(/is not a folder/))
})
