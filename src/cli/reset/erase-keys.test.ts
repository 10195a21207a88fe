import assert from 'node:assert/strict'
import {
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openFolder } from '../../base/files/remove-tree.ts'
import { eraseFolder, inOrder } from './erase-keys.ts'

function temporaryFolder(): Disposable & { readonly path: string; readonly folder: number } {
  const path = mkdtempSync(join(tmpdir(), 'erase-keys-'))
  const folder = openFolder(path)
  mkdirSync(join(path, 'signer'))
  return {
    ...{ path, folder },
    [Symbol.dispose]() {
      closeSync(folder)
      rmSync(path, { recursive: true })
    },
  }
}

const canary = 'CANARY-OF-A-KEY-'.repeat(20)

test('inOrder() puts the keys of the store first', () => {
  assert.deepEqual(inOrder(['audit.key', 'encryption-1.key', 'client-ca.key', 'encryption-2.key']), [
    'encryption-1.key',
    'encryption-2.key',
    'audit.key',
    'client-ca.key',
  ])
})

test('eraseFolder() overwrites keys before it removes them: who has a file open reads no key any more', () => {
  using at = temporaryFolder()
  const path = join(at.path, 'signer', 'encryption-1.key')
  writeFileSync(path, canary)
  const reader = openSync(path, 'r')
  try {
    assert.deepEqual(eraseFolder(at.folder, 'signer', join(at.path, 'signer')), { files: 1, linked: [] })
    const left = Buffer.alloc(canary.length)
    readSync(reader, left, 0, left.length, 0)
    assert.doesNotMatch(left.toString('latin1'), /CANARY/)
  } finally {
    closeSync(reader)
  }
  assert.deepEqual(readdirSync(join(at.path, 'signer')), [])
})

test('eraseFolder() leaves alone what links lead to, and names files whose content has another name', () => {
  using at = temporaryFolder()
  const other = join(at.path, 'other')
  writeFileSync(other, canary)
  linkSync(other, join(at.path, 'signer', 'hard'))
  symlinkSync(other, join(at.path, 'signer', 'soft'))
  mkdirSync(join(at.path, 'signer', 'compile-cache', 'deep'), { recursive: true })
  const { linked } = eraseFolder(at.folder, 'signer', join(at.path, 'signer'))
  assert.deepEqual(linked, [join(at.path, 'signer', 'hard')])
  assert.equal(readFileSync(other, 'utf8'), canary)
  assert.deepEqual(readdirSync(join(at.path, 'signer')), [])
})

test('eraseFolder() treats a missing folder as done, and does not enter a link', () => {
  using at = temporaryFolder()
  assert.deepEqual(eraseFolder(at.folder, 'missing', join(at.path, 'missing')), { files: 0, linked: [] })
  symlinkSync(join(at.path, 'signer'), join(at.path, 'link'))
  writeFileSync(join(at.path, 'signer', 'audit.key'), canary)
  assert.throws(() => eraseFolder(at.folder, 'link', join(at.path, 'link')), { code: 'ENOTDIR' })
  assert.equal(readFileSync(join(at.path, 'signer', 'audit.key'), 'utf8'), canary)
})
