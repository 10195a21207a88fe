import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readTicketAnswer, type TicketAnswer } from './redeemable-ticket.ts'

const now = Date.UTC(2026, 0, 1)
const server = 'https://192.0.2.1:6443'
const answer = (extra: object, status = 201): TicketAnswer => ({
  ...{ status, date: now },
  body: JSON.stringify({ status: { userInfo: { username: 'system:bootstrap:a', extra } } }),
})
const node = { 'bulkhead.dev/node-name': ['worker-1'] }

test('readTicketAnswer() returns the node of a ticket that can be used', () => {
  assert.equal(readTicketAnswer(answer(node), server, now), 'worker-1')
  assert.equal(readTicketAnswer({ ...answer(node), date: now + 30_000 }, server, now), 'worker-1')
})

const refused: readonly [string, TicketAnswer, RegExp][] = [
  ['a clock that is late', { ...answer(node), date: now + 32_000 }, /clock of this machine differs by 32 s .* at most 30 s/],
  ['a clock that is early', { ...answer(node), date: now - 3_600_000 }, /differs by 3600 s/],
  ['an expired ticket', { ...answer({}, 401), body: '' }, /not accepted .* has expired or is of another cluster; create another one/],
  ['a second use', answer({ ...node, 'bulkhead.dev/used-for': ['csr-1'] }), /used already, for certificate request "csr-1"/],
  ['a user who is no ticket', answer({}), /does not answer as an API server to a join ticket \(status 201\)/],
  ['another server', { status: 404, date: now, body: '<html>' }, /status 404/],
]
for (const [name, given, message] of refused) {
  test(`readTicketAnswer() refuses ${name} in one sentence`, () => {
    assert.throws(() => readTicketAnswer(given, server, now), { name: 'UserError', message })
  })
}
