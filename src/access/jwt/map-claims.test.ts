import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileConfiguration } from './compile-configuration.ts'
import type { JwtConfiguration } from './configuration.ts'
import { type MappedUser, mapClaims } from './map-claims.ts'

type Mappings = Partial<JwtConfiguration['claimMappings']>
type Rules = Partial<Pick<JwtConfiguration, 'claimValidationRules' | 'userValidationRules'>>

const claim = (name: string, prefix = '') => ({ claim: name, prefix, expression: '' })
const expression = (text: string) => ({ claim: '', expression: text })
const anyMember = { requiredValue: '', message: '' }

/** From claims as in a token. */
function mapped(claims: string | object, mappings: Mappings = {}, rules: Rules = {}): MappedUser {
  const configuration: JwtConfiguration = {
    issuer: {
      url: 'https://issuer.example',
      discoveryURL: '',
      certificateAuthority: '',
      audiences: ['kubernetes'],
      audienceMatchPolicy: '',
    },
    claimMappings: { username: claim('sub'), groups: claim(''), uid: { claim: '', expression: '' }, extra: [], ...mappings },
    claimValidationRules: [],
    userValidationRules: [],
    ...rules,
  }
  const { errors, jwt } = compileConfiguration({ jwt: [configuration] }, { disallowedIssuers: [], anonymousPaths: [] })
  assert.deepEqual(errors, [])
  const [compiled = assert.fail('nothing is compiled')] = jwt
  return mapClaims(typeof claims === 'string' ? JSON.parse(claims) : claims, compiled, { allowsReserved: false })
}

const allUsers = 'system:authenticated'
const users: readonly (readonly [what: string, claims: string | object, mappings: Mappings, user: object])[] = [
  [
    'a prefix before user and groups',
    { sub: 'ann', g: ['a', 'b'] },
    { username: claim('sub', 'u:'), groups: claim('g', 'g:') },
    { name: 'u:ann', groups: ['g:a', 'g:b'] },
  ],
  ['a group that is a text', { sub: 'ann', role: 'dev' }, { groups: claim('role') }, { name: 'ann', groups: ['dev'] }],
  ['missing groups', { sub: 'ann' }, { groups: claim('groups') }, { name: 'ann', groups: [] }],
  ['groups that are null', { sub: 'ann', groups: null }, { groups: claim('groups') }, { name: 'ann', groups: [] }],
  ['an address that is verified', { email: 'a@b.c', email_verified: true }, { username: claim('email') }, { name: 'a@b.c', groups: [] }],
  ['an address of which nothing is said', { email: 'a@b.c' }, { username: claim('email') }, { name: 'a@b.c', groups: [] }],
  ['a uid', { sub: 'ann', id: '7' }, { uid: { claim: 'id', expression: '' } }, { name: 'ann', uid: '7', groups: [] }],
  [
    'an id of the token',
    { sub: 'ann', jti: 'x' },
    {},
    { name: 'ann', groups: [], extra: { 'authentication.kubernetes.io/credential-id': ['JTI=x'] } },
  ],
  ['an id that is not a string', { sub: 'ann', jti: 7 }, {}, { name: 'ann', groups: [] }],
  [
    'expressions',
    { sub: 'ann', org: 'x', roles: 'a,,b', id: 7, tenant: ['t', ''], none: '' },
    {
      username: expression("claims.org + ':' + claims.sub"),
      groups: expression("claims.roles.split(',')"),
      uid: expression('string(claims.id)'),
      extra: [
        { key: 'example.org/tenant', valueExpression: 'claims.tenant' },
        { key: 'example.org/none', valueExpression: 'claims.none' },
        { key: 'example.org/null', valueExpression: 'null' },
        { key: 'example.org/text', valueExpression: "has(claims.x) ? claims.x : 'y'" },
      ],
    },
    { name: 'x:ann', uid: '7', groups: ['a', 'b'], extra: { 'example.org/tenant': ['t'], 'example.org/text': ['y'] } },
  ],
  ['a claim of a name that objects have', { constructor: 'ann' }, { username: claim('constructor') }, { name: 'ann', groups: [] }],
  ['a claim named __proto__', '{"__proto__":"ann"}', { username: claim('__proto__') }, { name: 'ann', groups: [] }],
  ['an empty group', { sub: 'ann', g: ['a'] }, { groups: expression("claims.g + ['']") }, { name: 'ann', groups: ['a'] }],
]
for (const [what, claims, mappings, user] of users) {
  test(`mapClaims() returns a user with ${what}`, () => {
    const { groups, ...rest } = user as { groups: string[] }
    assert.deepEqual(mapped(claims, mappings), { user: { ...rest, groups: [...groups, allUsers] } })
  })
}

const noText = 'it is not a string'
const list = 'expression must return a string or a list of strings'
const reserved = 'users and groups whose names begin with "system:" are the cluster\'s own'
const refusals: readonly (readonly [what: string, claims: string | object, mappings: Mappings, reason: string])[] = [
  ['no user', {}, {}, 'parse username claims "sub": claim not present'],
  ['a user that is not a string', { sub: 7 }, {}, `parse username claims "sub": ${noText}`],
  ['a user that is null', { sub: null }, {}, `parse username claims "sub": ${noText}`],
  ['a user that is empty', { sub: '' }, {}, 'empty username is not allowed'],
  [
    'a claim that only the prototype has',
    { sub: 'ann' },
    { username: claim('constructor') },
    'parse username claims "constructor": claim not present',
  ],
  ['a user in the prototype', '{"__proto__":{"sub":"ann"}}', {}, 'parse username claims "sub": claim not present'],
  ['an address that is not verified', { email: 'a@b.c', email_verified: false }, { username: claim('email') }, 'email not verified'],
  ['an address that is verified in words', { email: 'a@b.c', email_verified: 'true' }, { username: claim('email') }, 'email not verified'],
  [
    'groups that are no texts',
    { sub: 'ann', g: ['a', 7] },
    { groups: claim('g') },
    'parse groups claim "g": it is neither a text nor a list of strings',
  ],
  [
    'groups that are an object',
    { sub: 'ann', g: { length: 1, 0: 'a' } },
    { groups: claim('g') },
    'parse groups claim "g": it is neither a text nor a list of strings',
  ],
  [
    'groups that are elsewhere',
    { sub: 'ann', _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: 'https://issuer.example/groups' } } },
    { groups: claim('groups') },
    'could not expand distributed claims: they are not supported',
  ],
  ['no uid', { sub: 'ann' }, { uid: { claim: 'id', expression: '' } }, 'parse uid claim "id": claim not present'],
  [
    'an expression for the user that is empty',
    { sub: '' },
    { username: expression('claims.sub') },
    'empty username via CEL expression is not allowed',
  ],
  [
    'an expression for the user that gives a number',
    { sub: 7 },
    { username: expression('claims.sub') },
    'error evaluating username claim expression: username claim expression must return a string',
  ],
  [
    'an expression that fails',
    { sub: 'ann' },
    { username: expression('claims.secret') },
    "error evaluating username claim expression: expression 'claims.secret' resulted in error",
  ],
  [
    'an expression for groups that gives numbers',
    { sub: 'ann' },
    { groups: expression('[1]') },
    `error evaluating group claim expression: [1]: ${list}`,
  ],
  [
    'an expression for groups that gives a map',
    { sub: 'ann' },
    { groups: expression("{'a': 'b'}") },
    `error evaluating group claim expression: {'a': 'b'}: ${list}`,
  ],
  [
    'an expression for the uid that fails',
    { sub: 'ann' },
    { uid: expression('claims.x') },
    "error evaluating uid claim expression: expression 'claims.x' resulted in error",
  ],
  [
    'an expression for extra that fails',
    { sub: 'ann' },
    { extra: [{ key: 'example.org/x', valueExpression: 'claims.x' }] },
    "error evaluating extra claim expression: expression 'claims.x' resulted in error",
  ],
  [
    'an expression that costs too much',
    { sub: 'ann', l: Array.from({ length: 200 }, (_, index) => index) },
    { username: expression("claims.l.all(a, claims.l.all(b, claims.l.all(c, a + b + c >= 0))) ? 'a' : 'b'") },
    "error evaluating username claim expression: expression 'claims.l.all(a, claims.l.all(b, claims.l.all(c, a + b + c >= 0))) ? 'a' : 'b'' resulted in error: actual cost limit exceeded",
  ],
  ['a user of the cluster', { sub: 'system:admin' }, {}, reserved],
  ['a group of the cluster, by an expression', { sub: 'ann' }, { groups: expression("'system:masters'") }, reserved],
]
for (const [what, claims, mappings, reason] of refusals) {
  test(`mapClaims() rejects ${what}`, () => assert.deepEqual(mapped(claims, mappings), { refused: `oidc: ${reason}` }))
}

const hosted = { ...anyMember, claim: 'hd', requiredValue: 'example.com', expression: '' }
const short = { ...anyMember, claim: '', expression: 'claims.exp - claims.iat <= 100', message: 'lives too long' }
const named = {
  expression: "user.username.startsWith('a') && !('banned' in user.groups) && user.uid == '' && size(user.extra) == 0",
  message: 'not wanted',
}
const good = { sub: 'ann', hd: 'example.com', exp: 200, iat: 100, groups: ['dev'] }
const rules: Rules = { claimValidationRules: [hosted, short], userValidationRules: [named] }
test('mapClaims() takes claims and users for which every rule holds', () => {
  assert.ok('user' in mapped(good, { groups: claim('groups') }, rules))
})
const broken: readonly (readonly [what: string, claims: object, reason: string])[] = [
  ['is missing', { hd: undefined }, 'required claim hd not present in ID token'],
  ['has another value', { hd: 'secret.example' }, 'required claim hd value does not match'],
  ['has a value that is not a string', { hd: ['example.com'] }, 'required claim hd value does not match'],
  [
    'breaks a rule',
    { exp: 201 },
    `error evaluating claim validation expression: validation expression '${short.expression}' failed: lives too long`,
  ],
  [
    'has no value for a rule',
    { iat: undefined },
    `error evaluating claim validation expression: expression '${short.expression}' resulted in error`,
  ],
  [
    'makes a user who breaks a rule',
    { groups: ['banned'] },
    `error evaluating user info validation rule: validation expression '${named.expression}' failed: not wanted`,
  ],
]
for (const [what, changed, reason] of broken) {
  test(`mapClaims() rejects a claim that ${what}`, () => {
    const claims = JSON.stringify({ ...good, ...changed })
    assert.deepEqual(mapped(claims, { groups: claim('groups') }, rules), { refused: `oidc: ${reason}` })
  })
}
