import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
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
import { newEcKey, newEd25519Key, privatePem } from '../../signer/key-material.ts'
import { auditKeysOf, restoredKeys } from './restored-keys.ts'

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
  for (const name of ['client-ca.key', 'encryption-1.key', 'evidence.key', 'service-account-1.key', 'store-head.json'])
    assert.ok(names.includes(name), name)
  // Whoever opens the backup can sign no record of the log.
  assert.deepEqual(
    names.filter(name => name.startsWith('audit')),
    ['audit.pub'],
  )
  const { rootKey, logKey } = await signer.auditKey(signal)
  assert.equal(auditKeysOf(files), `${rootKey}\n${logKey}\n`)
  const restored = restoredKeys(files, { token: privatePem(newEcKey()), audit: privatePem(newEd25519Key()) })
  assert.deepEqual(
    restored.map(({ name }) => name).sort(),
    [
      ...names.filter(name => !['service-account-1.key', 'audit.pub'].includes(name)),
      'audit-head.json',
      'audit.key',
      'service-account-2.key',
    ].sort(),
  )
  const other = join(directory, 'restored')
  mkdirSync(other, { mode: 0o700 })
  for (const { name, content } of restored) writeFileSync(join(other, name), content, { mode: 0o600 })
  await using next = await openFileSigner({ directory: other, clock: systemClock, log: silentLogger })
  const keys = await next.auditKey(signal)
  assert.notEqual(keys.origin, (await signer.auditKey(signal)).origin)
  assert.notEqual(keys.publicKey, (await signer.auditKey(signal)).publicKey)
  assert.equal(keys.signed, undefined)
  const before = files.find(({ name }) => name === 'service-account-1.key')?.content
  assert.ok(restored.every(file => before === undefined || !file.content.equals(before)))
})

test('a signer without recipients gives its keys to nobody', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'signer-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  await using signer = await openFileSigner({ directory, clock: systemClock, log: silentLogger })
  assert.equal(await signer.exportKeys(signal), undefined)
})

test('restoredKeys() drops the keys of the log from a backup of an older release', () => {
  const files = ['audit.key', 'audit-epoch.json', 'audit-head.json', 'client-ca.key'].map(name => ({ name, content: Buffer.from('old') }))
  const restored = restoredKeys(files, { token: 'token', audit: 'new' })
  assert.deepEqual(
    restored.filter(({ content }) => content.toString() === 'old').map(({ name }) => name),
    ['client-ca.key'],
  )
})
