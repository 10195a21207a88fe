import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isPublicKey } from '../../api/nodes/node-link-names.ts'
import { ensureLinkKey } from './link-key.ts'

test('ensureLinkKey() makes a pair once, keeps its private half for the owner alone, and replaces a damaged file', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'link-key-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'pki', 'wireguard.key')
  const made = await ensureLinkKey(path)
  assert.ok(isPublicKey(made.publicKey))
  assert.notEqual(made.publicKey, made.privateKey)
  assert.equal(readFileSync(path, 'utf8'), `${made.privateKey}\n`)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.deepEqual(await ensureLinkKey(path), made)
  writeFileSync(path, 'torn')
  assert.notEqual((await ensureLinkKey(path)).publicKey, made.publicKey)
})
