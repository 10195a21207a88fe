import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
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
      // A tree that is too deep for Node's own removal must not keep a failed test from ending.
      execFileSync('rm', ['-rf', path])
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

/** Deeper than a path can name: each new folder takes the one before in. */
function deepTree(root: string, depth: number): void {
  mkdirSync(join(root, 'tree'))
  writeFileSync(join(root, 'tree', 'deepest'), '')
  for (let level = 1; level < depth; level++) {
    mkdirSync(join(root, 'next'))
    renameSync(join(root, 'tree'), join(root, 'next', 'inner'))
    renameSync(join(root, 'next'), join(root, 'tree'))
  }
}

test('removeTree() removes folders that are nested deeper than a path can name, with few descriptors', () => {
  using at = temporaryFolder()
  const depth = 3000
  deepTree(at.path, depth)
  assert.ok(depth > maxDepth * 10)
  const module = JSON.stringify(join(import.meta.dirname, 'remove-tree.ts'))
  const script = `const { openFolder, removeTree } = await import(${module}); removeTree(openFolder(${JSON.stringify(at.path)}), 'tree', 'tree')`
  // Node itself has some thirty open.
  const limited = `ulimit -n ${100 + maxDepth} && exec "$0" --input-type=module -e "$1"`
  execFileSync('sh', ['-c', limited, process.execPath, script], { stdio: ['ignore', 'inherit', 'inherit'] })
  assert.deepEqual(readdirSync(at.path), [])
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
