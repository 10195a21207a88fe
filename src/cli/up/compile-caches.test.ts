import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { emptyLargeCaches } from './compile-caches.ts'
import { layout } from './data-directory.ts'
import { part } from './part-definitions.ts'

const limits = { bytes: 1 << 20, files: 50 }

test('emptyLargeCaches() removes caches over a limit, and leaves others', async t => {
  const root = mkdtempSync(join(tmpdir(), 'caches-'))
  t.after(() => rmSync(root, { recursive: true }))
  const homes = ['small', 'large', 'crowded', 'none', 'missing'].map(name => join(root, name))
  for (const home of homes.slice(0, 4)) mkdirSync(home)
  for (const home of homes.slice(0, 3)) mkdirSync(join(home, 'compile-cache', 'v26'), { recursive: true })
  const write = (home: string, name: string, bytes: number) =>
    writeFileSync(join(root, home, 'compile-cache', 'v26', name), Buffer.alloc(bytes))
  write('small', 'a', 1000)
  write('large', 'a', 2 << 20)
  for (let file = 0; file < 60; file++) write('crowded', String(file), 0)
  await emptyLargeCaches(homes, limits)
  assert.deepEqual(
    homes.map(home => existsSync(join(home, 'compile-cache'))),
    [true, false, false, false, false],
  )
})

test('emptyLargeCaches() follows no link that a part has made of its cache', async t => {
  const root = mkdtempSync(join(tmpdir(), 'caches-'))
  t.after(() => rmSync(root, { recursive: true }))
  mkdirSync(join(root, 'other'))
  writeFileSync(join(root, 'other', 'stays'), Buffer.alloc(2 << 20))
  mkdirSync(join(root, 'home'))
  symlinkSync(join(root, 'other'), join(root, 'home', 'compile-cache'))
  mkdirSync(join(root, 'home2', 'compile-cache'), { recursive: true })
  symlinkSync(join(root, 'other'), join(root, 'home2', 'compile-cache', 'link'))
  writeFileSync(join(root, 'home2', 'compile-cache', 'large'), Buffer.alloc(2 << 20))
  await emptyLargeCaches([join(root, 'home'), join(root, 'home2')], limits)
  assert.deepEqual(readdirSync(join(root, 'other')), ['stays'])
  assert.deepEqual(readdirSync(join(root, 'home2')), [])
})

test('parts keep their caches where emptyLargeCaches() looks', () => {
  const { signer } = layout('/d')
  assert.equal(part('signer', signer, undefined, [], {}).environment?.['NODE_COMPILE_CACHE'], '/d/signer/compile-cache')
})
