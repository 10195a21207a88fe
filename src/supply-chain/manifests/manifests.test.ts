import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { UserError } from '../../base/user-error.ts'
import { newKey } from '../release/release.testing.ts'
import { signedBundle } from '../signatures/signed-statement.ts'
import { parseTrustRoot } from '../signatures/trust-root.ts'
import { admittedDifference, sentDifference } from './compare-fields.ts'
import { coversObject } from './covers-object.ts'
import { manifestRollback, maxClockSkewMs, unmetManifestPolicy } from './evaluate-manifest.ts'
import { parseManifestPolicy } from './parse-manifest-policy.ts'
import { readSignedManifest } from './read-signed-manifest.ts'
import {
  attestationsAnnotation,
  manifestDigest,
  manifestName,
  manifestStatement,
  maxAnnotationLength,
  maxAttestations,
  maxBundleBytes,
  packBundle,
  requireSignable,
  signatureAnnotation,
  signedPart,
} from './signed-manifest.ts'

const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'shop' }, spec: { replicas: 1 } }
const refusal = (message: RegExp) => (err: unknown) => err instanceof UserError && message.test(err.message)
const now = Date.parse('2026-06-01T00:00:00Z')
const sign = (value: Parameters<typeof manifestStatement>[0], key = newKey(), signedAt = now) =>
  packBundle(signedBundle(manifestStatement(value, signedAt), key))

test('signedPart() leaves out what the server writes, and the order of fields does not count', () => {
  const stored = {
    status: { replicas: 1 },
    spec: { replicas: 1 },
    metadata: { uid: 'u', generation: 2, annotations: { [signatureAnnotation]: 'x' }, namespace: 'shop', name: 'web', managedFields: [] },
    kind: 'Deployment',
    apiVersion: 'apps/v1',
  }
  assert.deepEqual(signedPart(stored), object)
  assert.equal(manifestDigest(signedPart(stored)), manifestDigest(object))
  assert.equal(manifestName(object), 'Deployment.apps/shop/web')
  assert.equal(manifestName({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } }), 'Node/n')
  assert.notEqual(
    manifestDigest(signedPart({ ...object, metadata: { ...object.metadata, annotations: { a: 'b' } } })),
    manifestDigest(object),
  )
})

test('readSignedManifest() reads what was signed', () => {
  const read = readSignedManifest({ [signatureAnnotation]: sign(object), [attestationsAnnotation]: `${sign(object)} ${sign(object)}` })
  assert.deepEqual(read?.object, object)
  assert.deepEqual(
    read?.claims.map(({ statement }) => statement.kind),
    ['signature', 'attestation', 'attestation'],
  )
  assert.equal(readSignedManifest({}), undefined)
})

test('readSignedManifest() refuses what is no signature, and what is too large', () => {
  const key = newKey()
  const statement = manifestStatement(object, now)
  const bundle = (change: object) => packBundle(signedBundle({ ...statement, ...change }, key))
  const rows: readonly (readonly [string, string, RegExp])[] = [
    ['no base64', '{}', /must be base64/],
    ['too long', 'A'.repeat(maxAnnotationLength + 1), /must be base64 of at most 245760 characters/],
    ['no gzip', 'AAAA', /cannot be unpacked/],
    ['a bomb', gzipSync(Buffer.alloc(maxBundleBytes + 1)).toString('base64'), /cannot be unpacked/],
    ['no bundle', packBundle('{}'), /it is no sigstore bundle/],
    ['another statement', bundle({ predicateType: 'x' }), /is no signature of a manifest/],
    ['no object', bundle({ predicate: {} }), /is no signature of a manifest/],
    ['about another object', bundle({ subject: [{ name: 'a', digest: { sha256: '0'.repeat(64) } }] }), /is about another object/],
  ]
  for (const [name, text, message] of rows) assert.throws(() => readSignedManifest({ [signatureAnnotation]: text }), refusal(message), name)
  const many = Array.from({ length: maxAttestations + 1 }, () => sign(object)).join(' ')
  assert.throws(
    () => readSignedManifest({ [signatureAnnotation]: sign(object), [attestationsAnnotation]: many }),
    refusal(/at most 10 attestations/),
  )
  assert.throws(
    () => requireSignable({ kind: 'Pod', apiVersion: 'v1', metadata: { generateName: 'a' } }, 'it'),
    refusal(/no metadata\.name/),
  )
  assert.throws(() => requireSignable({ metadata: {} }, 'it'), refusal(/no apiVersion and kind/))
})

const sent: readonly [name: string, ...parts: Parameters<typeof sentDifference>, expected: string | undefined][] = [
  ['equal values', { a: 1 }, { a: 1 }, { a: 1 }, undefined, '', undefined],
  ['a default', { a: 1, b: 2 }, { a: 1, b: 2 }, { a: 1 }, undefined, '', undefined],
  ['a changed value', { a: 2 }, { a: 1 }, { a: 1 }, undefined, '', 'a is 2, and 1 is signed'],
  ['a further field', { a: { b: 1, c: true } }, { a: { b: 1 } }, {}, undefined, '', 'a.c is true, and is not signed'],
  ['a missing field', {}, { a: 1 }, { a: 1 }, undefined, '', 'a is not there, and 1 is signed'],
  ['a further item', { a: [1, 2] }, { a: [1] }, { a: [1] }, undefined, '', 'a has 2 items, and 1 are signed'],
  ['a changed item', { a: [{ b: 2 }] }, { a: [{ b: 1 }] }, { a: [{ b: 1 }] }, undefined, '', 'a[0].b is 2, and 1 is signed'],
  ['what the cluster gave before', { a: 1, ip: 'x' }, { a: 1 }, { a: 1 }, { object: { a: 1, ip: 'x' }, signed: { a: 1 } }, '', undefined],
  [
    'what was signed before',
    { a: 1, b: 2 },
    { a: 1 },
    { a: 1 },
    { object: { a: 1, b: 2 }, signed: { a: 1, b: 2 } },
    '',
    'b is 2, and is not signed',
  ],
  ['a pinned image of before', { i: 'x@1' }, { i: 'x' }, { i: 'x' }, { object: { i: 'x@1' }, signed: { i: 'x' } }, '', undefined],
  [
    'a pinned image of another',
    { i: 'x@1' },
    { i: 'y' },
    { i: 'y' },
    { object: { i: 'x@1' }, signed: { i: 'x' } },
    '',
    'i is "x@1", and "y" is signed',
  ],
  ['a prototype', JSON.parse('{"__proto__":1}'), {}, {}, undefined, '', '__proto__ is 1, and is not signed'],
]
for (const [name, value, complete, signed, before, path, expected] of sent)
  test(`sentDifference() of ${name}`, () => {
    const found = sentDifference(value, complete, signed, before, path)
    assert.equal(found && `${found.path} ${found.what}`, expected)
  })

const pin = `web:1@sha256:${'a'.repeat(64)}`
const admitted: readonly [name: string, admitted: unknown, signed: unknown, expected: string | undefined][] = [
  ['further fields and items', { a: 1, b: 2, l: [1, 2] }, { a: 1, l: [1] }, undefined],
  ['a changed value', { a: 2 }, { a: 1 }, 'a is 2, and 1 is signed'],
  ['an injected container', { c: [{ name: 'proxy' }, { name: 'web', i: 1 }] }, { c: [{ name: 'web', i: 1 }] }, undefined],
  ['a removed container', { c: [{ name: 'proxy' }] }, { c: [{ name: 'web' }] }, 'c[0] is not there, and {"name":"web"} is signed'],
  ['a pinned image', { i: pin }, { i: 'web:1' }, undefined],
  ['another image', { i: 'evil:1' }, { i: 'web:1' }, 'i is "evil:1", and "web:1" is signed'],
  ['an empty value', {}, { a: '', b: null, c: [], d: {} }, undefined],
]
for (const [name, value, signed, expected] of admitted)
  test(`admittedDifference() of ${name}`, () => {
    const found = admittedDifference(value, signed, signed)
    assert.equal(found && `${found.path} ${found.what}`, expected)
  })

const verify = { anyOf: [{ key: { trustRoot: 'team', name: 'release' } }] }

test('parseManifestPolicy() names the field that is wrong, and coversObject() knows what a policy is for', () => {
  const rows: readonly (readonly [object, RegExp])[] = [
    [{ verify }, /spec\.resources must name/],
    [{ resources: ['Deployment'], verify }, /spec\.resources\[0\] must be such as/],
    [{ resources: ['*'] }, /spec\.verify must name at least one signer/],
    [{ resources: ['*'], verify, namespaces: ['a'] }, /unknown field "namespaces"/],
    [{ resources: Array.from({ length: 101 }, () => '*'), verify }, /at most 100 entries/],
  ]
  for (const [spec, message] of rows) assert.throws(() => parseManifestPolicy('p', 'shop', spec), refusal(message))
  const own = parseManifestPolicy('p', 'shop', { resources: ['deployments.apps', 'configmaps', '*.example.com'], verify })
  assert.ok(
    coversObject(own, 'apps', 'deployments', 'shop') &&
      coversObject(own, '', 'configmaps', 'shop') &&
      coversObject(own, 'example.com', 'x', 'shop'),
  )
  assert.ok(
    !coversObject(own, 'apps', 'deployments', 'other') &&
      !coversObject(own, '', 'secrets', 'shop') &&
      !coversObject(own, 'apps', 'x', 'shop'),
  )
  const all = parseManifestPolicy('p', undefined, { resources: ['*'], verify })
  assert.ok(coversObject(all, '', 'secrets', 'a') && coversObject(all, '', 'nodes', '') && !coversObject(all, '', 'secrets', 'kube-system'))
  const some = parseManifestPolicy('p', undefined, { resources: ['*'], verify, namespaces: ['kube-system'] })
  assert.ok(coversObject(some, '', 'secrets', 'kube-system') && !coversObject(some, '', 'secrets', 'a'))
})

test('unmetManifestPolicy() requires one or all of the signers', () => {
  const [key, other] = [newKey(), newKey()]
  const root = parseTrustRoot('team', {
    keys: [
      { name: 'release', publicKey: key.publicKey },
      { name: 'review', publicKey: other.publicKey },
    ],
  })
  const signed = readSignedManifest({ [signatureAnnotation]: sign(object, key) })
  assert.ok(signed)
  const both = [{ key: { trustRoot: 'team', name: 'release' } }, { key: { trustRoot: 'team', name: 'review' } }]
  const unmet = (spec: object) =>
    unmetManifestPolicy(parseManifestPolicy('p', 'shop', { resources: ['*'], verify: spec }), signed, new Map([['team', root]]), now)
  assert.equal(unmet({ anyOf: both }), undefined)
  assert.match(
    unmet({ allOf: both }) ?? '',
    /no signature by key "review" of trust root "team" .*would pass: bulkhead sign with key "review"/,
  )
  assert.match(unmet({ anyOf: [{ key: { trustRoot: 'none', name: 'a' } }] }) ?? '', /there is no trust root "none"/)
})

test('manifestRollback() refuses what was signed before what is stored, and takes what was signed again', () => {
  assert.equal(manifestRollback({ signedAt: now }, undefined), undefined)
  assert.equal(manifestRollback({ signedAt: now }, { signedAt: now }), undefined)
  assert.equal(manifestRollback({ signedAt: now }, {}), undefined)
  assert.match(manifestRollback({ signedAt: now - 1 }, { signedAt: now }) ?? '', /it is older; would pass: the same manifest, signed again/)
  assert.match(manifestRollback({}, { signedAt: now }) ?? '', /signed at an unknown time/)
})

test('unmetManifestPolicy() refuses signatures from before spec.signedAfter, and from the future', () => {
  const key = newKey()
  const roots = new Map([['team', parseTrustRoot('team', { keys: [{ name: 'release', publicKey: key.publicKey }] })]])
  const at = (signedAt: number, signedAfter?: string) => {
    const policy = parseManifestPolicy('p', 'shop', { resources: ['*'], verify, ...(signedAfter === undefined ? {} : { signedAfter }) })
    const signed = readSignedManifest({ [signatureAnnotation]: sign(object, key, signedAt) }) ?? assert.fail()
    return unmetManifestPolicy(policy, signed, roots, now)
  }
  assert.equal(at(now), undefined)
  assert.equal(at(now, '2026-06-01T00:00:00Z'), undefined)
  assert.match(at(now - 1, '2026-06-01T00:00:00Z') ?? '', /must have been after 2026-06-01/)
  assert.equal(at(now + maxClockSkewMs), undefined)
  assert.match(at(now + maxClockSkewMs + 1) ?? '', /in the future/)
})
