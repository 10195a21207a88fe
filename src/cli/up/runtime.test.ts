import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { recordSyncs } from '../../base/testing/record-syncs.testing.ts'
import { runtimeFor } from './runtime.ts'

const root = mkdtempSync(join(tmpdir(), 'runtime-'))
after(() => rmSync(root, { recursive: true }))

test('runtimeFor() copies what other users cannot read, and syncs it before renaming it', async t => {
  const bundle = join(root, 'closed')
  mkdirSync(bundle)
  const script = join(bundle, 'cli.js')
  writeFileSync(script, '// nothing')
  chmodSync(bundle, 0o700)
  const data = join(root, 'data')
  mkdirSync(data)
  // The name of the folder is a fingerprint that the first copy computes.
  const target = dirname(dirname((await runtimeFor(script, data, true))[1]))
  rmSync(target, { recursive: true })
  const synced = await recordSyncs(t, target)
  const copy = await runtimeFor(script, data, true)
  assert.deepEqual(copy, [join(target, 'node'), join(target, 'dist', 'cli.js')])
  const draft = `${target}.new`
  const before = synced.filter(({ named }) => !named).map(({ path }) => path)
  assert.deepEqual(before.sort(), [draft, ...['dist', 'dist/cli.js', 'node'].map(name => join(draft, name))])
  assert.deepEqual(synced.at(-1), { path: dirname(target), named: true })
  assert.equal(basename(dirname(target)), 'lib')
  // Copied once per version.
  const { length } = synced
  assert.deepEqual(await runtimeFor(script, data, true), copy)
  assert.equal(synced.length, length)
  assert.deepEqual(await runtimeFor(script, data, false), [process.execPath, script])
  assert.deepEqual(readdirSync(data), [], 'a copy that nothing needs is removed')
})
