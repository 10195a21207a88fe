import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserError } from '../../../base/user-error.ts'
import { TufRepository, targetName, tufKey } from './tuf.testing.ts'
import { type TufTrusted, tufLimits, updateTuf } from './update-tuf.ts'

const now = Date.parse('2026-06-01T00:00:00Z')
const { signal } = new AbortController()
const first = (repository: TufRepository): TufTrusted => ({ root: repository.root(1) })
const update = (trusted: TufTrusted, repository: TufRepository, at = now, target = targetName) =>
  updateTuf(trusted, repository, target, at, signal)

async function refuses(promise: Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(promise, err => (err instanceof UserError && message.test(err.message) ? true : assert.fail(String(err))))
}

for (const consistent of [true, false])
  test(`updateTuf() returns the target and what to keep, with consistent_snapshot ${consistent}`, async () => {
    const repository = new TufRepository()
    repository.consistent = consistent
    repository.publishRoot()
    repository.publish('{"mediaType":"x"}')
    const { trusted, target, rootVersion, expires } = await update(first(repository), repository)
    assert.equal(target.toString(), '{"mediaType":"x"}')
    assert.deepEqual(trusted, { root: repository.root(2), versions: { timestamp: 2, snapshot: 2, targets: 2 } })
    assert.deepEqual([rootVersion, expires], [2, Date.parse('2030-01-01T00:00:00Z')])
    assert.deepEqual((await update(trusted, repository)).trusted, trusted)
  })

test('updateTuf() follows a rotation that the old keys have signed, and refuses one that they have not', async () => {
  const repository = new TufRepository()
  const old = repository.keys.root
  repository.keys.root = [tufKey(), tufKey()]
  repository.publishRoot(old)
  assert.equal((await update(first(repository), repository)).rootVersion, 2)
  const stolen = new TufRepository()
  const trusted = first(stolen)
  stolen.keys.root = [tufKey(), tufKey()]
  stolen.publishRoot()
  await refuses(update(trusted, stolen), /2\.root\.json is not signed by enough keys of root version 1: root was signed by 0\/2 keys/)
})

test('updateTuf() refuses a new root that its own threshold does not sign, and one of a wrong version', async () => {
  const few = new TufRepository()
  few.thresholds.root = 3
  few.publishRoot()
  await refuses(update(first(few), few), /2\.root\.json is not signed by enough keys of root version 2: root was signed by 2\/3 keys/)
  const skipped = new TufRepository()
  skipped.versions.root = 4
  skipped.publishRoot()
  skipped.metadataFiles.set('2.root.json', skipped.metadataFiles.get('5.root.json') ?? Buffer.alloc(0))
  await refuses(update(first(skipped), skipped), /2\.root\.json has version 5, not 2/)
})

test('updateTuf() refuses metadata that another key signs', async () => {
  for (const role of ['timestamp', 'snapshot', 'targets'] as const) {
    const repository = new TufRepository()
    repository.keys[role] = [tufKey()]
    repository.publish('{}')
    await refuses(update(first(repository), repository), new RegExp(`${role}\\.json is not signed by enough keys of root version 1`))
  }
})

test('updateTuf() refuses older metadata than it has accepted (rollback)', async () => {
  const repository = new TufRepository()
  repository.publish('{"new":1}')
  const { trusted } = await update(first(repository), repository)
  const old = new TufRepository()
  Object.assign(old.keys, repository.keys)
  old.metadataFiles.clear()
  old.versions.root = 0
  old.publishRoot()
  old.versions.targets = old.versions.snapshot = old.versions.timestamp = 0
  old.publish('{}')
  await refuses(update({ ...trusted, root: old.root(1) }, old), /timestamp\.json has version 1, which is older than the accepted version 2/)
  const { versions } = trusted
  for (const [role, message] of [
    ['snapshot', /snapshot\.json in timestamp\.json has version 2, which is older than the accepted version 9/],
    ['targets', /targets\.json in snapshot\.json has version 2, which is older than the accepted version 9/],
  ] as const)
    await refuses(update({ ...trusted, versions: { ...versions, [role]: 9 } }, repository), message)
})

test('updateTuf() forgets versions of a role whose keys were rotated, so that a stolen key cannot stop updates', async () => {
  const repository = new TufRepository()
  const { trusted } = await update(first(repository), repository)
  const poisoned = { ...trusted, versions: { timestamp: 1_000_000, snapshot: 1_000_000, targets: 1_000_000 } }
  await refuses(update(poisoned, repository), /older than the accepted version 1000000/)
  repository.keys.timestamp = [tufKey()]
  repository.keys.targets = [tufKey()]
  repository.publishRoot()
  repository.publish('{}')
  assert.equal((await update(poisoned, repository)).trusted.versions.timestamp, 2)
})

test('updateTuf() refuses expired metadata of each role (freeze), and accepts it before', async () => {
  for (const role of ['root', 'timestamp', 'snapshot', 'targets'] as const) {
    const repository = new TufRepository()
    repository.expires[role] = '2026-06-01T00:00:00Z'
    repository.publishRoot()
    repository.publish('{}')
    await refuses(
      update(first(repository), repository, now + 1000),
      new RegExp(`${role}\\.json expired at 2026-06-01T00:00:00Z; it is 2026-06-01T00:00:01`),
    )
    assert.equal((await update(first(repository), repository, now - 1000)).expires, now)
  }
})

test('updateTuf() refuses content that is not what is signed', async () => {
  const repository = new TufRepository()
  const replace = (name: string, bytes: Buffer): Promise<unknown> => {
    const changed = new TufRepository()
    Object.assign(changed, { metadataFiles: new Map(repository.metadataFiles).set(name, bytes), targetFiles: repository.targetFiles })
    return update(first(repository), changed)
  }
  const targets = repository.metadataFiles.get('1.targets.json') ?? Buffer.alloc(0)
  await refuses(
    replace('1.targets.json', Buffer.from(targets.toString().replace('"length":2', '"length":3'))),
    /1\.targets\.json has other content than is signed/,
  )
  await refuses(replace('1.snapshot.json', Buffer.from('{}')), /1\.snapshot\.json cannot be read|1\.snapshot\.json has other content/)
  await refuses(replace('timestamp.json', Buffer.from('no JSON')), /timestamp\.json is not JSON/)
  await refuses(replace('timestamp.json', Buffer.from('{"signed":5}')), /timestamp\.json cannot be read/)
  await refuses(
    replace('timestamp.json', Buffer.from(JSON.stringify(repository.root(1)))),
    /timestamp\.json cannot be read: expected 'timestamp', got '?root/,
  )
  const [path = ''] = repository.targetFiles.keys()
  repository.targetFiles.set(path, Buffer.from('[]'))
  await refuses(update(first(repository), repository), /target "trusted_root\.json" has other content than is signed/)
  repository.targetFiles.set(path, Buffer.from('{ }'))
  await refuses(update(first(repository), repository), /target "trusted_root\.json" has 3 bytes, not 2/)
  repository.targetFiles.clear()
  await refuses(update(first(repository), repository), /has no file for target/)
})

test('updateTuf() names the targets that there are, and refuses roots without end', async () => {
  const repository = new TufRepository()
  await refuses(
    update(first(repository), repository, now, 'other.json'),
    /targets\.json has no target "other\.json"; it has "trusted_root\.json"/,
  )
  await refuses(update(first(repository), repository, now, '__proto__'), /has no target "__proto__"/)
  for (let i = 0; i < tufLimits.rotations; i++) repository.publishRoot()
  await refuses(update(first(repository), repository), /more than 64 newer roots/)
})
