import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import type { ConfigMap, Secret } from '../../api/types/core-v1.ts'
import { configMaps, secrets } from '../../client/resources.ts'
import { startScenario } from '../scenario.testing.ts'
import { bootstrapSigner } from './bootstrap-signer.ts'
import { planSignatures } from './cluster-info-signatures.ts'
import { tokenCleaner } from './token-cleaner.ts'

const start = Date.UTC(2026, 0, 1)
const ended = '2025-12-31T23:59:59Z'
const later = '2026-01-01T01:00:00Z'

function tokenSecret(id: string, more: Record<string, string> = {}, metadata: Secret['metadata'] = {}): Secret {
  const texts = { 'token-id': id, 'token-secret': '0123456789abcdef', 'usage-bootstrap-signing': 'true', ...more }
  const data = Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]))
  const named = { name: `bootstrap-token-${id}`, namespace: 'kube-system', ...metadata }
  return { metadata: named, type: 'bootstrap.kubernetes.io/token', data }
}

const clusterInfo = (data?: Record<string, string>): ConfigMap => ({
  metadata: { name: 'cluster-info', namespace: 'kube-public' },
  ...(data === undefined ? {} : { data }),
})

test('planSignatures() creates valid detached HS256 signatures', () => {
  const { data } = planSignatures(clusterInfo({ kubeconfig: 'content\n', other: 'x' }), [tokenSecret('abcdef')], start)
  assert.deepEqual(Object.keys(data ?? {}), ['kubeconfig', 'other', 'jws-kubeconfig-abcdef'])
  const [header = '', payload, signature] = data?.['jws-kubeconfig-abcdef']?.split('.') ?? []
  assert.equal(Buffer.from(header, 'base64url').toString(), '{"alg":"HS256","kid":"abcdef"}')
  assert.equal(payload, '')
  const whole = `${header}.${Buffer.from('content\n').toString('base64url')}`
  assert.equal(signature, createHmac('sha256', '0123456789abcdef').update(whole).digest('base64url'))
})

const notSigning: readonly [string, Secret][] = [
  ['has ended', tokenSecret('abcdef', { expiration: ended })],
  ['has an end that nobody can read', tokenSecret('abcdef', { expiration: 'soon' })],
  ['may not sign', tokenSecret('abcdef', { 'usage-bootstrap-signing': 'false' })],
  ["has another token's name", tokenSecret('abcdef', {}, { name: 'bootstrap-token-abcdeg' })],
  ['has a short secret', tokenSecret('abcdef', { 'token-secret': 'a' })],
  ['is of another type', { ...tokenSecret('abcdef'), type: 'Opaque' }],
  ['is in another namespace', tokenSecret('abcdef', {}, { namespace: 'default' })],
  ['is about to go', tokenSecret('abcdef', {}, { deletionTimestamp: ended })],
]
for (const [what, secret] of notSigning)
  test(`planSignatures() removes the signature of a token that ${what}`, () => {
    const signed = clusterInfo({ kubeconfig: 'c', 'jws-kubeconfig-abcdef': 'signature' })
    assert.deepEqual(planSignatures(signed, [secret], start), { data: { kubeconfig: 'c' }, nextEnd: undefined })
  })

test('planSignatures() changes nothing if signatures are correct, or there is no content', () => {
  const tokens = [tokenSecret('abcdef', { expiration: later }), tokenSecret('bbbbbb')]
  const { data, nextEnd } = planSignatures(clusterInfo({ kubeconfig: 'c' }), tokens, start)
  assert.equal(nextEnd, start + 3_600_000)
  assert.deepEqual(planSignatures(clusterInfo({ ...data }), tokens, start), { data: undefined, nextEnd })
  assert.equal(planSignatures(clusterInfo({ ...data, 'jws-kubeconfig-abcdef': 'forged' }), tokens, start).data !== undefined, true)
  for (const empty of [clusterInfo(), clusterInfo({ 'jws-kubeconfig-abcdef': 'signature' })])
    assert.deepEqual(planSignatures(empty, tokens, start), { data: undefined, nextEnd: undefined })
})

test('the token cleaner deletes only expired tokens', async () => {
  let now = start
  await using scenario = startScenario({ controllers: [tokenCleaner], now: () => now })
  const { api } = scenario
  const names = () =>
    api
      .all(secrets)
      .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
      .sort()
  api.seed(secrets, tokenSecret('stays1'))
  api.seed(secrets, tokenSecret('stays2', { expiration: later }))
  api.seed(secrets, { ...tokenSecret('stays3', { expiration: ended }), type: 'Opaque' })
  api.seed(secrets, tokenSecret('stays4', { expiration: ended }, { namespace: 'default' }))
  api.seed(secrets, tokenSecret('goes01', { expiration: ended }))
  api.seed(secrets, tokenSecret('goes02', { expiration: 'soon', 'token-secret': 'a' }))
  const staying = ['default/bootstrap-token-stays4', ...[1, 2, 3].map(index => `kube-system/bootstrap-token-stays${index}`)]
  await scenario.until(() => names().length === staying.length, 'ended tokens gone')
  assert.deepEqual(names(), staying)
  now += 3_600_000
  api.change(secrets, 'kube-system', 'bootstrap-token-stays2', ({ metadata }) => Object.assign(metadata, { labels: { a: 'b' } }))
  await scenario.until(() => !names().includes('kube-system/bootstrap-token-stays2'), 'the token gone')
  assert.equal(names().length, staying.length - 1)
})

test('the bootstrap signer maintains a signature for each token', async () => {
  await using scenario = startScenario({ controllers: [bootstrapSigner], now: () => start })
  const { api } = scenario
  const signatures = () =>
    Object.keys(api.read(configMaps, 'kube-public', 'cluster-info')?.data ?? {})
      .filter(key => key.startsWith('jws-'))
      .sort()
  const has = (...ids: string[]) =>
    assert.deepEqual(
      signatures(),
      ids.map(id => `jws-kubeconfig-${id}`),
    )
  api.seed(secrets, tokenSecret('aaaaaa'))
  api.seed(configMaps, clusterInfo({ kubeconfig: 'c' }))
  await scenario.until(() => signatures().length === 1, 'a signature')
  has('aaaaaa')
  api.seed(secrets, tokenSecret('bbbbbb'))
  await scenario.until(() => signatures().length === 2, 'two signatures')
  has('aaaaaa', 'bbbbbb')
  api.remove(secrets, 'kube-system', 'bootstrap-token-aaaaaa')
  await scenario.until(() => signatures().length === 1, 'one signature less')
  has('bbbbbb')
})
