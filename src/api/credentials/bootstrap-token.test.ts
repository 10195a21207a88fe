import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import type { Secret } from '../types/core-v1.ts'
import { bootstrapTokenOf, parseBootstrapToken, tokenExpiry } from './bootstrap-token.ts'

const good = { 'token-id': 'abcdef', 'token-secret': '0123456789abcdef' }

function tokenSecret(
  data: Record<string, string | undefined>,
  metadata: Secret['metadata'] = {},
  type = 'bootstrap.kubernetes.io/token',
): Secret {
  const encoded = Object.entries({ ...good, ...data }).flatMap(([key, text]) =>
    text === undefined ? [] : [[key, Buffer.from(text).toString('base64')]],
  )
  return { metadata: { name: 'bootstrap-token-abcdef', namespace: 'kube-system', ...metadata }, type, data: Object.fromEntries(encoded) }
}

const none: readonly [string, Secret][] = [
  ['another type', tokenSecret({}, {}, 'Opaque')],
  ['another namespace', tokenSecret({}, { namespace: 'default' })],
  ['another name', tokenSecret({}, { name: 'token-abcdef' })],
  ["another token's name", tokenSecret({}, { name: 'bootstrap-token-abcdeg' })],
  ['a name that goes on', tokenSecret({ 'token-id': 'abcdef.x' }, { name: 'bootstrap-token-abcdef.x' })],
  ['an end that has begun', tokenSecret({}, { deletionTimestamp: '2026-01-01T00:00:00Z' })],
  ['no id', tokenSecret({ 'token-id': undefined })],
  ['an id with more behind it', tokenSecret({ 'token-id': 'abcdef\n' })],
  ['no secret', tokenSecret({ 'token-secret': undefined })],
  ['a short secret', tokenSecret({ 'token-secret': 'a' })],
  ['a secret with more behind it', tokenSecret({ 'token-secret': '0123456789abcdef\n' })],
  ['no data', { metadata: { name: 'bootstrap-token-abcdef', namespace: 'kube-system' }, type: 'bootstrap.kubernetes.io/token' }],
]
for (const [what, object] of none)
  test(`bootstrapTokenOf() finds no token in a Secret with ${what}`, () => assert.equal(bootstrapTokenOf(object), undefined))

test('bootstrapTokenOf() accepts only "true" for a use of the token', () => {
  const token = bootstrapTokenOf(tokenSecret({}))
  assert.deepEqual([token?.authenticates, token?.signs, token?.expires, token?.groups], [false, false, undefined, []])
  const loose = bootstrapTokenOf(tokenSecret({ 'usage-bootstrap-authentication': 'True', 'usage-bootstrap-signing': '1' }))
  assert.deepEqual([loose?.authenticates, loose?.signs], [false, false])
  const used = bootstrapTokenOf(tokenSecret({ 'usage-bootstrap-authentication': 'true', 'usage-bootstrap-signing': 'true' }))
  assert.deepEqual([used?.authenticates, used?.signs, used?.secret.reveal()], [true, true, '0123456789abcdef'])
  assert.doesNotMatch(inspect(used, { depth: 5 }) + JSON.stringify(used), /0123456789abcdef/)
})

const prefix = 'system:bootstrappers:'
const groups: readonly [string, readonly string[] | undefined][] = [
  [`${prefix}b,${prefix}a,${prefix}b`, [`${prefix}a`, `${prefix}b`]],
  [`${prefix}kubeadm:default-node-token`, [`${prefix}kubeadm:default-node-token`]],
  [`${prefix}${'a'.repeat(256)}`, [`${prefix}${'a'.repeat(256)}`]],
  [`${prefix}${'a'.repeat(257)}`, undefined],
  ['system:masters', undefined],
  ['system:bootstrappers', undefined],
  [prefix, undefined],
  [`${prefix}a,system:masters`, undefined],
  [`${prefix}a, ${prefix}b`, undefined],
  [`${prefix}a,`, undefined],
  [`${prefix}a\n`, undefined],
  [`${prefix}A`, undefined],
  [`${prefix}a-`, undefined],
  [`x${prefix}a`, undefined],
]
for (const [text, wanted] of groups)
  test(`bootstrapTokenOf() reads the groups ${JSON.stringify(text.slice(0, 60))}`, () =>
    assert.deepEqual(bootstrapTokenOf(tokenSecret({ 'auth-extra-groups': text }))?.groups, wanted))

const never = Number.NEGATIVE_INFINITY
const ends: readonly [string, number | undefined][] = [
  ['', undefined],
  ['2026-01-02T03:04:05Z', Date.UTC(2026, 0, 2, 3, 4, 5)],
  ['2026-01-02T03:04:05+02:00', Date.UTC(2026, 0, 2, 1, 4, 5)],
  ['2026-01-02T03:04:05.9Z', Date.UTC(2026, 0, 2, 3, 4, 5)],
  ['0001-01-01T00:00:00Z', never],
  ['2026-01-02', never],
  ['tomorrow', never],
  ['1800000000', never],
  ['2026-02-30T00:00:00Z', never],
  [`2026-01-02T03:04:05.${'9'.repeat(100_000)}Z`, never],
]
for (const [text, wanted] of ends)
  test(`tokenExpiry() reads ${JSON.stringify(text.slice(0, 40))}`, () =>
    assert.equal(tokenExpiry(tokenSecret({ expiration: text, 'token-id': 'else' })), wanted))

test('parseBootstrapToken() accepts only one form', () => {
  const parsed = parseBootstrapToken('abcdef.0123456789abcdef')
  assert.deepEqual([parsed?.id, parsed?.secret.reveal()], ['abcdef', '0123456789abcdef'])
  for (const text of [
    '',
    'abcdef',
    'abcde.0123456789abcdef',
    'abcdef.0123456789abcdeF',
    'abcdef.0123456789abcdef\n',
    ' abcdef.0123456789abcdef',
  ])
    assert.equal(parseBootstrapToken(text), undefined, text)
})
