import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { whyNoSmallDisk } from '../testing/small-disk.testing.ts'
import { maxDepth, openFolder, removeTree } from './remove-tree.ts'

function temporaryFolder(): Disposable & { readonly path: string; readonly folder: number } {
  const path = mkdtempSync(join(tmpdir(), 'remove-tree-'))
  const folder = openFolder(path)
  return {
    ...{ path, folder },
    [Symbol.dispose]() {
      closeSync(folder)
      rmSync(path, { recursive: true })
    },
  }
}

test('removeTree() removes a folder with all that is in it, and nothing is there is success', () => {
  using at = temporaryFolder()
  for (let folder = 0; folder < 3; folder++) {
    mkdirSync(join(at.path, 'tree', `f${folder}`), { recursive: true })
    for (let file = 0; file < 600; file++) writeFileSync(join(at.path, 'tree', `f${folder}`, String(file)), 'x')
  }
  for (let times = 0; times < 2; times++) removeTree(at.folder, 'tree', join(at.path, 'tree'))
  assert.deepEqual(readdirSync(at.path), [])
})

test('removeTree() removes links and never what they lead to', () => {
  using at = temporaryFolder()
  using other = temporaryFolder()
  writeFileSync(join(other.path, 'stays'), 'content')
  mkdirSync(join(at.path, 'tree'))
  symlinkSync(other.path, join(at.path, 'tree', 'folder'))
  symlinkSync(join(other.path, 'stays'), join(at.path, 'tree', 'file'))
  symlinkSync('/nowhere', join(at.path, 'tree', 'broken'))
  removeTree(at.folder, 'tree', join(at.path, 'tree'))
  assert.deepEqual(readdirSync(at.path), [])
  assert.equal(readFileSync(join(other.path, 'stays'), 'utf8'), 'content')
})

test('removeTree() removes a link in place of the tree', () => {
  using at = temporaryFolder()
  using other = temporaryFolder()
  writeFileSync(join(other.path, 'stays'), '')
  symlinkSync(other.path, join(at.path, 'tree'))
  removeTree(at.folder, 'tree', join(at.path, 'tree'))
  assert.deepEqual(readdirSync(at.path), [])
  assert.ok(existsSync(join(other.path, 'stays')))
})

test('removeTree() removes folders that are nested deeper than a path can name, with few descriptors', () => {
  using at = temporaryFolder()
  mkdirSync(join(at.path, 'tree'))
  // As a container makes them: each step enters the folder that it made.
  const depth = 3000
  execFileSync('sh', ['-c', `i=0; while [ $i -lt ${depth} ]; do mkdir dddddd && cd -P dddddd || exit 1; i=$((i+1)); done; : > deepest`], {
    cwd: join(at.path, 'tree'),
  })
  let most = 0
  const open = () => (most = Math.max(most, readdirSync('/proc/self/fd').length))
  const before = open()
  removeTree(at.folder, 'tree', join(at.path, 'tree'))
  assert.deepEqual(readdirSync(at.path), [])
  assert.ok(depth > maxDepth * 10)
  assert.equal(open(), before)
})

test('removeTree() names a folder on which a file system is mounted, and leaves that alone', { skip: whyNoSmallDisk }, () => {
  using at = temporaryFolder()
  mkdirSync(join(at.path, 'tree', 'mounted'), { recursive: true })
  execFileSync('mount', ['--bind', at.path, join(at.path, 'tree', 'mounted')])
  try {
    assert.throws(
      () => removeTree(at.folder, 'tree', join(at.path, 'tree')),
      /^UserError: Cannot remove ".*": a file system is mounted there: unmount it/,
    )
  } finally {
    execFileSync('umount', ['-l', join(at.path, 'tree', 'mounted')])
  }
})
