import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Authentication, Authenticator } from '../access.ts'
import { createAuthentication } from '../authenticate.ts'
import { createDenyList } from '../revocation.ts'
import { createTokenReview } from './token-review.ts'

const user = { name: 'u', groups: [] }
const authenticated: Authentication = { outcome: 'authenticated', user, credentialId: 'x', authenticator: 'ticket' }
const rejected: Authentication = { outcome: 'rejected', reason: 'the ticket has been used' }
const rows: readonly (readonly [what: string, answer: Authentication, audiences: readonly string[], reviewed: object])[] = [
  ['a token that nobody knows', { outcome: 'no-opinion' }, [], { outcome: 'no-opinion' }],
  ['a token that its authenticator rejects', rejected, [], { ...rejected, asked: [{ authenticator: 'ticket', reason: rejected.reason }] }],
  ['a token of another kind', authenticated, [], { ...authenticated, audiences: ['own'] }],
  ['a token of another kind for other audiences', authenticated, ['vault'], { outcome: 'no-opinion' }],
]
for (const [what, answer, audiences, reviewed] of rows) {
  test(`createTokenReview() reviews ${what}`, async () => {
    const ticket: Authenticator = { name: 'ticket', authenticate: async () => answer }
    const review = createTokenReview({
      serviceAccountTokens: { verifyToken: () => ({ outcome: 'no-opinion' }) },
      authenticate: createAuthentication({ authenticators: [ticket] }),
      denyList: createDenyList(),
      audiences: ['own'],
    })
    assert.deepEqual(await review('t', audiences), reviewed)
  })
}
