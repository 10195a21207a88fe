import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import type { Revocation, TrustRoot, TrustRootSpec } from '../../types/supply-v1.ts'
import { acceptAnnotation, acceptanceOf, floorOf, importedVersions, maxFloorRevocations, rollbacksOf } from './trust-floor.ts'
import { trustRoot } from './trust-root.ts'

const pem = (): string => generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString()
const [one, two] = [pem(), pem()]
const keys = [
  { name: 'one', publicKey: one },
  { name: 'two', publicKey: two },
]
const of = (spec: TrustRootSpec, annotations?: Record<string, string>): TrustRoot => ({
  metadata: { name: 'shop', ...(annotations === undefined ? {} : { annotations }) },
  spec,
})
const tuf = (version: number): TrustRootSpec => ({ tuf: { root: { signed: { version } } }, sigstore: { trustedRoot: {} } })
const imported = (timestamp: number) => ({ [importedVersions]: `timestamp=${timestamp},snapshot=4,targets=4` })
const identity = { subject: 'a@example.com' }

const rows: readonly [name: string, before: TrustRoot, after: TrustRoot, message: RegExp | undefined][] = [
  ['takes the same', of({ keys, version: 3, revoked: [{ key: 'one' }] }), of({ keys, version: 3, revoked: [{ key: 'one' }] }), undefined],
  ['takes a later version', of({ keys, version: 3 }), of({ keys, version: 4 }), undefined],
  ['refuses an earlier version', of({ keys, version: 3 }), of({ keys, version: 2 }), /spec\.version is 2, and was 3/],
  ['refuses a version that is left out', of({ keys, version: 3 }), of({ keys }), /spec\.version is not set, and was 3/],
  ['takes a key that is revoked', of({ keys }), of({ keys, revoked: [{ key: 'one' }] }), undefined],
  ['refuses a revocation that is gone', of({ keys, revoked: [{ key: 'one' }] }), of({ keys }), /key "one" was revoked, and is not/],
  ['takes a revoked key that goes', of({ keys, revoked: [{ key: 'one' }] }), of({ keys: keys.slice(1) }), undefined],
  [
    'refuses a revoked key under another name',
    of({ keys, revoked: [{ key: 'one' }] }),
    of({ keys: [{ name: 'new', publicKey: `${one.trim()}\n\n` }] }),
    /key "new" was revoked, and is not/,
  ],
  [
    'refuses a revocation that became one with a time',
    of({ keys, revoked: [{ key: 'one' }] }),
    of({ keys, revoked: [{ key: 'one', before: '2020-01-01T00:00:00Z' }] }),
    /key "one" was revoked/,
  ],
  [
    'refuses an identity that comes back',
    of({ sigstore: { trustedRoot: {} }, revoked: [{ identity }] }),
    of({ sigstore: { trustedRoot: {} } }),
    /identity "a@example\.com" of any issuer was revoked/,
  ],
  [
    'refuses signatures before a time that come back',
    of({ keys, revoked: [{ before: '2026-01-02T00:00:00Z' }] }),
    of({ keys, revoked: [{ before: '2026-01-01T00:00:00Z' }] }),
    /all signatures before 2026-01-02T00:00:00\.000Z were revoked/,
  ],
  ['refuses an older root of TUF', of(tuf(5)), of(tuf(4)), /spec\.tuf\.root has version 4, and had 5/],
  ['refuses older imported metadata', of(tuf(5), imported(9)), of(tuf(5), imported(8)), /timestamp\.json has version 8, and had 9/],
  ['takes metadata that begins anew with a later root', of(tuf(5), imported(9)), of(tuf(6), imported(1)), undefined],
]
for (const [name, before, after, message] of rows)
  test(`rollbacksOf() ${name}`, () => {
    const found = rollbacksOf(after, floorOf(before))
    if (message === undefined) assert.deepEqual(found, [])
    else assert.match(found.join('; '), message)
  })

test('a rollback is accepted once, by an annotation that names what is given up', () => {
  const floor = floorOf(of({ keys, version: 3 }))
  const annotations = { [acceptAnnotation]: acceptanceOf(floor) }
  const older = of({ keys, version: 2 }, annotations)
  assert.deepEqual(rollbacksOf(older, floor), [])
  assert.equal(rollbacksOf(of({ keys, version: 1 }, annotations), floorOf(older)).length, 1, 'the annotation that stayed accepts no more')
  assert.equal(rollbacksOf(of({ keys, version: 2 }, { [acceptAnnotation]: 'true' }), floor).length, 1)
})

test('trustRoot remembers revoked keys in its status when they go, and refuses them on their return', () => {
  const revoked: Revocation[] = [{ key: 'one' }]
  const first = of({ keys, revoked })
  trustRoot.prepareForCreate?.(first, undefined as never)
  assert.equal(first.status?.revoked?.length, 1)
  const without: TrustRoot = { ...of({ keys: keys.slice(1) }), status: { revoked: [] } }
  trustRoot.prepare?.(without, first, undefined as never)
  assert.deepEqual(without.status?.revoked, first.status?.revoked, 'a client cannot empty it')
  const back = of({ keys })
  const faults = (trustRoot.validateUpdate?.(back, without) ?? []).flat()
  assert.match(faults.map(({ message }) => message).join(), /key "one" was revoked, and is not\. If you really want it, set the annotation/)
  const [, value = ''] = /accept-rollback="([0-9a-f]{16})"/.exec(faults[0]?.message ?? '') ?? []
  const accepted = of({ keys }, { [acceptAnnotation]: value })
  assert.deepEqual(trustRoot.validateUpdate?.(accepted, without), [])
  trustRoot.prepare?.(accepted, without, undefined as never)
  assert.deepEqual(accepted.status?.revoked, [])
})

test('floorOf() keeps a bounded number of revocations', () => {
  const revoked = Array.from({ length: maxFloorRevocations + 5 }, (_, index) => `key sha256:${index}`)
  assert.deepEqual(floorOf(of({ keys }), { revoked }).revoked, revoked.slice(5))
})
