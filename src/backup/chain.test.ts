import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import type { Link } from '../base/backup/backup-link.ts'
import { systemClock } from '../base/clock.ts'
import { createMemorySigner } from '../signer/memory-signer.ts'
import { BackupFault, type BackupFaultKind } from './backup-fault.ts'
import { readChain } from './chain.ts'
import { ChainWriter } from './chain-writer.ts'
import { signerLinks } from './connect-source.ts'
import { MemoryTarget } from './memory-target.testing.ts'
import { linkName } from './targets/target.ts'

const { signal } = new AbortController()
const pack = { pack: 'a'.repeat(64), bytes: 1 }
const isFault = (kind: BackupFaultKind, want: RegExp) => (err: unknown) =>
  err instanceof BackupFault && err.fault === kind && want.test(err.message)

function backup(
  number: number,
  revision: number,
  kept: { number: number; digest: string; base: number }[],
  changesAfter = 0,
): Link['content'] {
  return { kind: 'backup', revision, objects: 1, base: number, chunks: [pack], digest: 'b'.repeat(64), audit: [], kept, changesAfter }
}

async function written(signer = createMemorySigner()) {
  const target = new MemoryTarget()
  const key = createPublicKey((await signer.evidenceKey(signal)).publicKey)
  const options = {
    target,
    name: 'here',
    cluster: 'c'.repeat(64),
    key,
    signer: signerLinks(signer),
    recipients: ['age1x'],
    clock: systemClock,
  }
  const chain = await ChainWriter.open(options, signal)
  await chain.append(backup(1, 10, []), signal)
  for (const revision of [11, 12, 13]) await chain.append({ kind: 'changes', after: revision - 1, revision, objects: 1, pack }, signal)
  return { target, key, options, signer, chain }
}

test('readChain() reads what was written, and the writer continues it', async () => {
  const { target, key, options } = await written()
  const { newest, backups, changes } = await readChain(target, { key }, signal)
  assert.deepEqual([newest?.link.number, backups.length, changes.map(({ content }) => content.revision)], [4, 1, [11, 12, 13]])
  const again = await ChainWriter.open(options, signal)
  assert.deepEqual([again.nextNumber, again.revision], [5, 13])
})

const damages: readonly [string, (target: MemoryTarget) => void, BackupFaultKind, RegExp][] = [
  ['a byte of a link changed', target => flip(target, 3), 'key', /000000000003\.json" is not signed by the given key/],
  ['a link removed', target => target.files.delete(linkName(2)), 'damaged', /000000000002\.json" is missing/],
  ['an old link as the newest', target => copy(target, 1, 5), 'rolled-back', /000000000005\.json" is a copy of link 1: an old backup/],
  ['the newest link removed', target => target.files.delete(linkName(4)), 'rolled-back', /ends with link 3, but link 4 was written/],
  ['everything removed', target => target.files.clear(), 'rolled-back', /holds no backup, but link 4 was written there/],
  ['a link that is no JSON', target => target.files.set(linkName(4), Buffer.from('{')), 'damaged', /is no signed link/],
]

for (const [name, damage, kind, want] of damages)
  test(`readChain() names ${name}`, async () => {
    const { target, key, options } = await written()
    damage(target)
    await assert.rejects(readChain(target, { key, atLeast: 4 }, signal), isFault(kind, want))
    // The cluster's signer remembers the newest link.
    await assert.rejects(ChainWriter.open(options, signal), isFault(kind, want))
  })

function flip(target: MemoryTarget, number: number): void {
  const text = target.files.get(linkName(number))?.toString() ?? ''
  const { payload, ...rest } = JSON.parse(text)
  const changed = Buffer.from(Buffer.from(payload, 'base64').toString().replace('"revision":12', '"revision":14')).toString('base64')
  target.files.set(linkName(number), Buffer.from(JSON.stringify({ ...rest, payload: changed })))
}

const copy = (target: MemoryTarget, from: number, to: number) =>
  target.files.set(linkName(to), target.files.get(linkName(from)) ?? Buffer.alloc(0))

test('readChain() names a link of another history, and refuses a key of another cluster', async () => {
  const signer = createMemorySigner()
  const { target, key } = await written(signer)
  // The same key signs, as a cluster that was copied would.
  const other = new MemoryTarget()
  const fork = { sign: signer.signBackup, head: async () => undefined, keepHead: async () => undefined }
  const options = { target: other, name: 'other', cluster: 'c'.repeat(64), key, recipients: ['age1x'], clock: systemClock }
  const chain = await ChainWriter.open(
    { ...options, signer: { ...fork, sign: (payload, until) => signer.signBackup(payload, until) } },
    signal,
  )
  await chain.append(backup(1, 10, []), signal)
  target.files.set(linkName(1), other.files.get(linkName(1)) ?? Buffer.alloc(0))
  await assert.rejects(
    readChain(target, { key }, signal),
    isFault('rolled-back', /000000000001\.json" is not the link that .*000000000002\.json" follows/),
  )
  const stranger = generateKeyPairSync('ed25519').publicKey
  await assert.rejects(readChain(target, { key: stranger }, signal), isFault('key', /not signed by the given key/))
})

test('the signer signs no link that does not follow the newest one, for each target', async () => {
  const { signer, target, options } = await written()
  const older = target.copy()
  older.files.delete(linkName(4))
  const behind = { ...options.signer, head: async () => undefined }
  const chain = await ChainWriter.open({ ...options, target: older, signer: { ...behind, keepHead: async () => undefined } }, signal)
  await assert.rejects(chain.append({ kind: 'prune', kept: [], changesAfter: 0 }, signal), /Link 4 of target "here" does not follow link 4/)
  await assert.rejects(signer.signBackup(Buffer.from('{}'), signal), /It is no link of a backup/)
  await assert.rejects(signer.keepBackupHead('here', { number: 3, digest: 'd'.repeat(64) }, signal), /link 4 is already kept/)
})

test('two clusters do not share a target', async () => {
  const { target, options } = await written()
  const signer = signerLinks(createMemorySigner())
  await assert.rejects(
    ChainWriter.open({ ...options, target, cluster: 'd'.repeat(64), signer }, signal),
    isFault('target', /holds backups of another cluster or target: give each its own place/),
  )
})

test('ChainWriter continues after a link that was stored when its process ended', async () => {
  const { options, signer, target } = await written()
  const lost = { ...options.signer, keepHead: () => Promise.reject(new Error('killed')) }
  const chain = await ChainWriter.open({ ...options, signer: lost }, signal)
  await assert.rejects(chain.append({ kind: 'changes', after: 13, revision: 14, objects: 1, pack }, signal), /killed/)
  assert.equal((await signer.backupHead('here', signal))?.number, 4)
  const again = await ChainWriter.open(options, signal)
  assert.deepEqual([again.nextNumber, again.revision, target.files.size], [6, 14, 5])
  assert.equal((await signer.backupHead('here', signal))?.number, 5)
})
