import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { ticketSecretType } from '../../api/credentials/join-ticket-names.ts'
import type { Attributes, Credentials } from '../access.ts'
import { createAuthentication } from '../authenticate.ts'
import { createAuthorization } from '../authorize.ts'
import { createJoinTicketAuthorizer } from '../authorizers/join-ticket.ts'
import { createRbacAuthorizer } from '../authorizers/rbac.ts'
import { bootstrapPolicy } from '../bootstrap-policy/index.ts'
import { createTicket, type JoinTicket, parseTicket, ticketOfSecret, ticketSecretData } from '../credentials/join-ticket.ts'
import { createJoinTicketAuthenticator } from './join-ticket.ts'

const start = 1_700_000_000_000
const ofNode = { 'bulkhead.dev/node-name': ['n1'] }

function setUp() {
  const stored = new Map<string, JoinTicket>()
  const clock = { time: start, now: () => clock.time, monotonic: () => clock.time, sleep: () => Promise.resolve() }
  const authenticate = createAuthentication({ authenticators: [createJoinTicketAuthenticator({ find: id => stored.get(id) }, clock)] })
  const made = createTicket('n1', start)
  stored.set(made.ticket.id, made.ticket)
  const ask = async (token: string) => authenticate({ authorization: `Bearer ${token}`, remoteAddress: '192.0.2.1' } satisfies Credentials)
  return { stored, clock, ask, token: made.token, ticket: made.ticket }
}

test('a join ticket authenticates as its bootstrap user for one node', async () => {
  const { ask, token, ticket } = setUp()
  const decided = await ask(token.reveal())
  assert.ok(decided.outcome === 'authenticated')
  assert.equal(decided.user.name, `system:bootstrap:${ticket.id}`)
  assert.deepEqual(decided.user.groups, ['system:bootstrappers', 'system:authenticated'])
  assert.deepEqual(decided.user.extra?.['bulkhead.dev/node-name'], ['n1'])
  assert.equal(decided.expires, start + 3_600_000)
})

test('a join ticket is refused when it is wrong, expired or consumed, and no reason repeats it', async () => {
  const { ask, clock, stored, token, ticket } = setUp()
  const secret = token.reveal()
  const wrong = `${secret.slice(0, -1)}${secret.endsWith('A') ? 'B' : 'A'}`
  for (const bad of [wrong, 'bulkhead-join.x.y', `bulkhead-join.${'0'.repeat(10)}.${secret.split('.')[2]}`]) {
    const decided = await ask(bad)
    assert.ok(decided.outcome === 'rejected' && !decided.reason.includes(secret.split('.')[2] ?? ''), bad)
  }
  clock.time = ticket.expires
  assert.equal((await ask(secret)).outcome, 'rejected')
  clock.time = start
  assert.equal((await ask(secret)).outcome, 'authenticated')
  stored.delete(ticket.id)
  assert.equal((await ask(secret)).outcome, 'rejected')
})

test('a join ticket has 128 bits or more, and is stored as a hash only', () => {
  const { token, ticket } = setUp()
  const secret = token.reveal().split('.')[2] ?? ''
  assert.ok(Buffer.from(secret, 'base64url').length * 8 >= 128)
  const data = ticketSecretData(ticket)
  const whole =
    Object.values(data)
      .map(value => Buffer.from(value, 'base64').toString('utf8'))
      .join() + JSON.stringify(data)
  assert.ok(!whole.includes(secret))
  assert.deepEqual(ticketOfSecret({ type: ticketSecretType, metadata: { name: `bulkhead-join-${ticket.id}` }, data }), ticket)
  assert.equal(ticketOfSecret({ type: 'Opaque', metadata: { name: `bulkhead-join-${ticket.id}` }, data }), undefined)
  assert.equal(
    ticketOfSecret({ type: ticketSecretType, metadata: { name: `bulkhead-join-${ticket.id}` }, data: { ...data, hash: '' } }),
    undefined,
  )
  assert.ok(!inspect({ token, parsed: parseTicket(token.reveal()) }, { depth: 5 }).includes(secret))
  assert.throws(() => createTicket('n1', start, 3601), RangeError)
})

test('a join ticket may only ask for a certificate and read its own request', async () => {
  const authorization = createAuthorization([
    createJoinTicketAuthorizer({ requesterOf: name => ({ mine: 'system:bootstrap:t1', other: 'system:bootstrap:t2' })[name] }),
    createRbacAuthorizer({ list: () => bootstrapPolicy, onChange: () => undefined }),
  ])
  const may = async (verb: string, resource: string, name = '', rest: Partial<Attributes> = {}) =>
    (
      await authorization.authorize(
        {
          user: { name: 'system:bootstrap:t1', groups: ['system:bootstrappers', 'system:authenticated'], extra: ofNode },
          verb,
          isResource: true,
          group: 'certificates.k8s.io',
          version: 'v1',
          resource,
          subresource: '',
          namespace: '',
          name,
          path: '',
          ...rest,
        },
        {},
      )
    ).allowed
  const csr = 'certificatesigningrequests'
  assert.deepEqual(await Promise.all([may('create', csr), may('get', csr, 'mine'), may('watch', csr, 'mine')]), [true, true, true])
  assert.deepEqual(
    await Promise.all([may('get', csr, 'other'), may('get', csr, 'none'), may('list', csr), may('watch', csr), may('delete', csr, 'mine')]),
    Array(5).fill(false),
  )
  assert.equal(await may('update', csr, 'mine', { subresource: 'approval' }), false)
  const withoutTicket = { user: { name: 'system:bootstrap:t1', groups: ['system:bootstrappers', 'system:authenticated'] } }
  assert.deepEqual(await Promise.all([may('create', csr, '', withoutTicket), may('get', csr, 'mine', withoutTicket)]), [false, false])
  for (const resource of ['secrets', 'pods', 'nodes', 'configmaps'])
    assert.equal(await may('get', resource, 'x', { group: '', namespace: 'kube-system' }), false)
})

test('a used join ticket reads its one request and asks for no other', () => {
  const authorizer = createJoinTicketAuthorizer({ requesterOf: () => 'system:bootstrap:t1' })
  const ask = (verb: string, name: string) => {
    const extra = { ...ofNode, 'bulkhead.dev/used-for': ['mine'] }
    const user = { name: 'system:bootstrap:t1', groups: ['system:bootstrappers'], extra }
    const resource = { group: 'certificates.k8s.io', version: 'v1', resource: 'certificatesigningrequests', subresource: '' }
    return authorizer.authorize({ user, verb, isResource: true, ...resource, namespace: '', name, path: '' }).decision
  }
  assert.equal(ask('get', 'mine'), 'allow')
  assert.equal(ask('get', 'other'), 'no-opinion')
  assert.equal(ask('create', ''), 'no-opinion')
})
