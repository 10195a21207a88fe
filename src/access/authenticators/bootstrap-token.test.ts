import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import type { Secret } from '../../api/types/core-v1.ts'
import { createBootstrapTokens } from '../credentials/bootstrap-tokens.ts'
import { createDenyList } from '../revocation.ts'
import { createBootstrapTokenAuthenticator } from './bootstrap-token.ts'

const start = Date.UTC(2026, 0, 1)
const token = 'abcdef.0123456789abcdef'

function tokenSecret(id: string, secret: string, more: Record<string, string> = {}): Secret {
  const texts = { 'token-id': id, 'token-secret': secret, 'usage-bootstrap-authentication': 'true', ...more }
  const data = Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]))
  return { metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' }, type: 'bootstrap.kubernetes.io/token', data }
}

/** With the Secret of `token` from the first. */
function opened(more: Record<string, string> = {}) {
  const secret = tokenSecret('abcdef', '0123456789abcdef', more)
  let change: (object: Secret, deleted: boolean) => void = () => undefined
  const denyList = createDenyList()
  const source = {
    each: () => [secret],
    onChange(listener: typeof change) {
      change = listener
    },
  }
  const tokens = createBootstrapTokens(source, denyList)
  const clock = { time: start, now: () => clock.time, monotonic: () => clock.time, sleep: () => Promise.resolve() }
  const authenticator = createBootstrapTokenAuthenticator(tokens, clock)
  const show = (text: string) => authenticator.authenticate({ authorization: `Bearer ${text}`, remoteAddress: '192.0.2.1' })
  return { secret, clock, show, denyList, change: (object: Secret, deleted = false) => change(object, deleted) }
}

test('a bootstrap token authenticates its user with its groups', async () => {
  const { show } = opened({ 'auth-extra-groups': 'system:bootstrappers:x', expiration: '2026-01-01T01:00:00Z' })
  const { source, ...shown } = { source: undefined, ...(await show(token)) }
  assert.deepEqual(shown, {
    outcome: 'authenticated',
    user: { name: 'system:bootstrap:abcdef', groups: ['system:bootstrappers', 'system:bootstrappers:x', 'system:authenticated'] },
    credentialId: 'bootstrap-token:abcdef',
    authenticator: 'bootstrap-token',
    expires: start + 3_600_000,
  })
  assert.doesNotMatch(inspect({ shown, source }, { depth: 8 }), /0123456789abcdef/)
})

const refused: readonly [string, string, Record<string, string>, string][] = [
  ['a wrong secret', 'abcdef.0123456789abcdeg', {}, 'the bootstrap token is unknown or wrong'],
  ['an unknown id', 'abcdeg.0123456789abcdef', {}, 'the bootstrap token is unknown or wrong'],
  ['its time is over', token, { expiration: '2026-01-01T00:00:00Z' }, 'the bootstrap token has expired'],
  ['a time that nobody can read', token, { expiration: 'soon' }, 'the bootstrap token has expired'],
  ['another use', token, { 'usage-bootstrap-authentication': 'false' }, 'the bootstrap token is not for authentication'],
  ['a group of others', token, { 'auth-extra-groups': 'system:masters' }, 'the bootstrap token names a group that is not allowed'],
  ['a wrong secret whatever else is wrong', 'abcdef.0123456789abcdeg', { expiration: 'soon' }, 'the bootstrap token is unknown or wrong'],
]
for (const [what, shown, more, reason] of refused)
  test(`a bootstrap token is refused for ${what}`, async () =>
    assert.deepEqual(await opened(more).show(shown), { outcome: 'rejected', reason }))

test('tokens of another form are left to other authenticators', async () => {
  const { show } = opened()
  for (const text of ['bulkhead-join.abcdef.x', 'a.b.c', 'abcdef.0123456789abcdef0', 'ABCDEF.0123456789abcdef'])
    assert.equal((await show(text)).outcome, 'no-opinion', text)
})

test('a bootstrap token follows its Secret', async () => {
  const { show, change, secret, clock, denyList } = opened({ expiration: '2026-01-01T01:00:00Z' })
  const openStream = async () => {
    const shown = await show(token)
    assert.ok(shown.outcome === 'authenticated')
    const stream: { ended?: string } = {}
    denyList.whenDenied(shown, reason => {
      stream.ended = reason
    })
    return stream
  }
  const ended = 'the bootstrap token was changed or deleted'
  const first = await openStream()
  change(tokenSecret('bbbbbb', 'bbbbbbbbbbbbbbbb'))
  assert.deepEqual([first.ended, (await show('bbbbbb.bbbbbbbbbbbbbbbb')).outcome], [undefined, 'authenticated'])
  clock.time += 3_600_000
  assert.equal((await show(token)).outcome, 'rejected')
  change(tokenSecret('abcdef', '0123456789abcdef', { expiration: '2026-01-01T02:00:00Z' }))
  assert.equal(first.ended, ended)
  const second = await openStream()
  change({ ...secret, metadata: { ...secret.metadata, deletionTimestamp: '2026-01-01T01:00:00Z' } })
  assert.deepEqual([second.ended, (await show(token)).outcome], [ended, 'rejected'])
  change(tokenSecret('abcdef', '0123456789abcdef'))
  const third = await openStream()
  change(tokenSecret('abcdef', '0123456789abcdef'), true)
  assert.deepEqual([third.ended, (await show(token)).outcome], [ended, 'rejected'])
})
