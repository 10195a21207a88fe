import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { packOpener } from '../../backup/format/open-pack.ts'
import { parseArchive } from '../../base/backup/file-archive.ts'
import { packDigest } from '../../base/backup/seal-pack.ts'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { openFileSigner } from '../../signer/file-signer.ts'
import { newEcKey, privatePem } from '../../signer/key-material.ts'
import { restoredKeys } from './restored-keys.ts'

const { signal } = new AbortController()

test('the signer seals all its keys to the recipients, and no token is valid after a restore', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'signer-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const identity = await generateX25519Identity()
  const backupRecipients = [await identityToRecipient(identity)]
  await using signer = await openFileSigner({ directory, clock: systemClock, log: silentLogger, backupRecipients })
  const content = (await signer.exportKeys(signal)) ?? Buffer.alloc(0)
  assert.equal(content.includes('PRIVATE KEY'), false)
  const files = parseArchive(await packOpener([identity])({ pack: packDigest(content), bytes: content.length }, content))
  const names = files.map(({ name }) => name)
  for (const name of ['client-ca.key', 'encryption-1.key', 'audit.key', 'evidence.key', 'service-account-1.key', 'store-head.json'])
    assert.ok(names.includes(name), name)
  const restored = restoredKeys(files, privatePem(newEcKey()))
  assert.deepEqual(
    restored.map(({ name }) => name).sort(),
    names.map(name => (name === 'service-account-1.key' ? 'service-account-2.key' : name)).sort(),
  )
  const before = files.find(({ name }) => name === 'service-account-1.key')?.content
  assert.ok(restored.every(file => before === undefined || !file.content.equals(before)))
})

test('a signer without recipients gives its keys to nobody', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'signer-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  await using signer = await openFileSigner({ directory, clock: systemClock, log: silentLogger })
  assert.equal(await signer.exportKeys(signal), undefined)
})
