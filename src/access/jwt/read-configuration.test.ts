import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserError } from '../../base/user-error.ts'
import { testAuthority } from '../pki/certificate.fixture.ts'
import { readAuthenticationConfiguration } from './read-configuration.ts'

const scope = { disallowedIssuers: ['https://kubernetes.default.svc.cluster.local'], anonymousPaths: ['/livez', '/readyz', '/healthz'] }
const head = { apiVersion: 'apiserver.config.k8s.io/v1beta1', kind: 'AuthenticationConfiguration' }
const issuer = { url: 'https://issuer.example', audiences: ['kubernetes'] }
const claimMappings = { username: { claim: 'sub', prefix: '' } }
const good = { issuer, claimMappings }

const read = (file: unknown) => readAuthenticationConfiguration(typeof file === 'string' ? file : JSON.stringify(file), 'auth.yaml', scope)
const readJwt = (...jwt: object[]) => read({ ...head, jwt })

/** Everything that is wrong, as one text. */
function faultOf(file: unknown): string {
  try {
    read(file)
  } catch (err) {
    assert.ok(err instanceof UserError)
    const begin = 'Cannot use the authentication configuration "auth.yaml": '
    assert.ok(err.message.startsWith(begin))
    return err.message.slice(begin.length)
  }
  return assert.fail('nothing is wrong')
}

test('readAuthenticationConfiguration() reads both versions and sets defaults', () => {
  for (const version of ['v1beta1', 'v1alpha1']) {
    const text = `
apiVersion: apiserver.config.k8s.io/${version}
kind: AuthenticationConfiguration
jwt:
- issuer:
    url: https://issuer.example
    audiences: [kubernetes]
  claimMappings:
    username: {claim: sub, prefix: ""}
anonymous:
  enabled: true
  conditions:
  - path: /livez
`
    assert.deepEqual(read(text), {
      jwt: [
        {
          issuer: { ...issuer, discoveryURL: '', certificateAuthority: '', audienceMatchPolicy: '' },
          claimMappings: {
            username: { claim: 'sub', prefix: '', expression: '' },
            groups: { claim: '', expression: '' },
            uid: { claim: '', expression: '' },
            extra: [],
          },
          claimValidationRules: [],
          userValidationRules: [],
        },
      ],
      anonymous: { enabled: true, paths: ['/livez'] },
    })
  }
})

test('readAuthenticationConfiguration() takes everything that upstream has', () => {
  readJwt({
    issuer: {
      ...issuer,
      discoveryURL: 'https://inner.example/discovery',
      certificateAuthority: testAuthority().pem,
      audiences: ['a', 'b'],
      audienceMatchPolicy: 'MatchAny',
    },
    claimValidationRules: [
      { claim: 'hd', requiredValue: 'example.com' },
      { expression: 'claims.exp - claims.nbf <= 86400', message: 'too long' },
    ],
    claimMappings: {
      username: { expression: "claims.email_verified ? 'ext:' + claims.email : claims.sub" },
      groups: { expression: "claims.roles.split(',')" },
      uid: { claim: 'sub' },
      extra: [{ key: 'example.org/tenant', valueExpression: 'claims.tenant' }],
    },
    userValidationRules: [{ expression: "!user.username.startsWith('system:') && user.groups.all(g, g != '')", message: 'reserved' }],
  })
  assert.deepEqual(read({ ...head }), { jwt: [] })
  assert.deepEqual(read({ ...head, jwt: null, anonymous: { enabled: false } }), { jwt: [], anonymous: { enabled: false, paths: [] } })
})

const files: readonly (readonly [what: string, file: unknown, fault: RegExp])[] = [
  ['no YAML', 'a: [', /yaml: /],
  ['no object', '[]', /^it must be an object$/],
  ['another kind', { ...head, kind: 'AuthorizationConfiguration' }, /^it must be an AuthenticationConfiguration of /],
  ['another version', { ...head, apiVersion: 'apiserver.config.k8s.io/v1' }, /^it must be an AuthenticationConfiguration of /],
  ['a duplicate key', 'kind: a\nkind: b\n', /key "kind" already set in map/],
  ['a field that is not known', { ...head, jwts: [] }, /^unknown field "jwts"$/],
  [
    'a field of the prototype',
    '{"apiVersion":"apiserver.config.k8s.io/v1beta1","kind":"AuthenticationConfiguration","__proto__":{"jwt":[]}}',
    /^unknown field "__proto__"$/,
  ],
  [
    'a field of the issuer that is not known',
    { ...head, jwt: [{ ...good, issuer: { ...issuer, egressSelectorType: 'cluster' } }] },
    /^jwt\[0\]\.issuer: unknown field "egressSelectorType"$/,
  ],
  [
    'a field of a rule that is not known',
    { ...head, jwt: [{ ...good, userValidationRules: [{ expresion: 'true' }] }] },
    /^jwt\[0\]\.userValidationRules\[0\]: unknown field "expresion"$/,
  ],
  ['an invalid list', { ...head, jwt: {} }, /^jwt must be a list$/],
  ['an item that is not an object', { ...head, jwt: ['x'] }, /^jwt\[0\] must be an object$/],
  ['an invalid string', { ...head, jwt: [{ ...good, issuer: { ...issuer, url: 1 } }] }, /^jwt\[0\]\.issuer\.url must be a string$/],
  [
    'an audience that is not a string',
    { ...head, jwt: [{ ...good, issuer: { ...issuer, audiences: [1] } }] },
    /^jwt\[0\]\.issuer\.audiences\[0\] must be a string$/,
  ],
  ['an invalid switch', { ...head, anonymous: { enabled: 'yes' } }, /^anonymous\.enabled is neither true nor false$/],
  ['more than is read', { ...head, jwt: Array.from({ length: 1001 }, () => good) }, /^jwt has 1001 items, at most 1000 are read$/],
  [
    'more authenticators than upstream has',
    { ...head, jwt: Array.from({ length: 65 }, () => good) },
    /^jwt: Too many: 65: must have at most 64 items$/,
  ],
  [
    'two authenticators of one issuer',
    { ...head, jwt: [good, good] },
    /^jwt\[1\]\.issuer\.url: Duplicate value: "https:\/\/issuer\.example"$/,
  ],
  [
    'anonymous requests to everything',
    { ...head, anonymous: { enabled: true } },
    /^anonymous\.enabled: Forbidden: conditions are needed: at most \/livez, \/readyz, \/healthz and what is below them/,
  ],
  [
    'anonymous requests to more than health',
    { ...head, anonymous: { enabled: true, conditions: [{ path: '/livez/ping' }, { path: '/version' }, { path: '/livezz' }] } },
    /^anonymous\.conditions\[1\]\.path: Forbidden: .*; anonymous\.conditions\[2\]\.path: Forbidden: [^;]*$/,
  ],
  [
    'conditions of what is off',
    { ...head, anonymous: { conditions: [{ path: '/livez' }] } },
    /^anonymous\.conditions: Invalid value: .*: enabled should be set to true when conditions are defined$/,
  ],
]
for (const [what, file, fault] of files) {
  test(`readAuthenticationConfiguration() rejects ${what}`, () => assert.match(faultOf(file), fault))
}

const at = 'jwt[0]'
const scheme = 'URL scheme must be https'
/** The problem of an issuer with these fields merged into a valid one. */
const issuers: readonly (readonly [fields: object, ...faults: string[]])[] = [
  [{ url: '' }, 'url: Required value'],
  [{ url: 'http://issuer.example' }, `url: Invalid value: "http://issuer.example": ${scheme}`],
  [{ url: 'https://a:b@issuer.example' }, 'url: Invalid value: "https://a:b@issuer.example": URL must not contain a username or password'],
  [{ url: 'https://issuer.example?a=b' }, 'url: Invalid value: "https://issuer.example?a=b": URL must not contain a query'],
  [{ url: 'https://issuer.example#a' }, 'url: Invalid value: "https://issuer.example#a": URL must not contain a fragment'],
  [{ url: 'https://%' }, 'url: Invalid value: "https://%": parse "https://%": invalid URL escape "%"'],
  [{ url: 'https:///issuer' }, 'url: Invalid value: "https:///issuer": URL must name a host'],
  [{ url: 'https://' }, 'url: Invalid value: "https://": URL must name a host'],
  [
    { url: 'https://kubernetes.default.svc.cluster.local' },
    'url: Invalid value: "https://kubernetes.default.svc.cluster.local": URL must not overlap with disallowed issuers: [https://kubernetes.default.svc.cluster.local]',
  ],
  [
    { discoveryURL: 'https://issuer.example/' },
    'discoveryURL: Invalid value: "https://issuer.example/": discoveryURL must be different from URL',
  ],
  [{ discoveryURL: 'http://inner.example' }, `discoveryURL: Invalid value: "http://inner.example": ${scheme}`],
  [{ audiences: [] }, 'audiences: Required value: at least one jwt[0].issuer.audiences is required'],
  [{ audiences: [''] }, 'audiences[0]: Required value'],
  [{ audiences: ['a', 'a'], audienceMatchPolicy: 'MatchAny' }, 'audiences[1]: Duplicate value: "a"'],
  [{ audiences: ['a', 'b'] }, 'audienceMatchPolicy: Invalid value: "": audienceMatchPolicy must be MatchAny for multiple audiences'],
  [
    { audienceMatchPolicy: 'MatchAll' },
    'audienceMatchPolicy: Invalid value: "MatchAll": audienceMatchPolicy must be empty or MatchAny for single audience',
  ],
  [
    { certificateAuthority: 'x' },
    'certificateAuthority: Invalid value: "<omitted>": data does not contain any valid RSA or ECDSA certificates',
  ],
  [
    { certificateAuthority: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' },
    'certificateAuthority: Invalid value: "<omitted>": data does not contain any valid RSA or ECDSA certificates',
  ],
]
for (const [fields, ...faults] of issuers) {
  test(`readAuthenticationConfiguration() validates an issuer with ${JSON.stringify(fields).slice(0, 80)}`, () => {
    const found = faultOf({ ...head, jwt: [{ ...good, issuer: { ...issuer, ...fields } }] })
    assert.equal(found, faults.map(fault => `${at}.issuer.${fault}`).join('; '))
  })
}

const both = "claim and expression can't both be set"
const verified =
  'claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression'
const undeclared = (name: string, text: string) =>
  `compilation failed: ERROR: <input>:1:1: undeclared reference to '${name}' (in container '')\n | ${text}\n | ^`
/** The problem of mappings and rules, merged into valid ones. */
const rules: readonly (readonly [what: string, fields: object, ...faults: string[]])[] = [
  ['no user', { claimMappings: {} }, 'claimMappings.username: Required value: claim or expression is required'],
  [
    'a claim without a prefix',
    { claimMappings: { username: { claim: 'sub' } } },
    'claimMappings.username.prefix: Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing',
  ],
  [
    'a claim and an expression',
    { claimMappings: { username: { claim: 'sub', expression: 'claims.sub' }, uid: { claim: 'sub', expression: 'claims.sub' } } },
    `claimMappings.username: Invalid value: "": ${both}`,
    `claimMappings.uid: Invalid value: "": ${both}`,
  ],
  [
    'an expression with a prefix',
    { claimMappings: { username: { expression: 'claims.sub', prefix: '' } } },
    'claimMappings.username.prefix: Invalid value: "": may not be specified when expression is set',
  ],
  [
    'groups without a prefix, which need not be',
    { claimMappings: { ...claimMappings, groups: { claim: 'groups' } } },
    'claimMappings.groups.prefix: Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing',
  ],
  [
    'expressions that do not compile',
    { claimMappings: { username: { expression: 'claim.sub' }, groups: { expression: 'user.groups' } } },
    `claimMappings.username.expression: Invalid value: "claim.sub": ${undeclared('claim', 'claim.sub')}`,
    `claimMappings.groups.expression: Invalid value: "user.groups": ${undeclared('user', 'user.groups')}`,
  ],
  [
    'an address that need not be verified',
    { claimMappings: { username: { expression: 'claims.email' } } },
    `claimMappings.username.expression: Invalid value: "claims.email": ${verified}`,
  ],
  [
    'an address that is only perhaps there',
    { claimMappings: { username: { expression: "claims.?email.orValue('x')" } } },
    `claimMappings.username.expression: Invalid value: "claims.?email.orValue('x')": ${verified}`,
  ],
  [
    'keys of extra',
    {
      claimMappings: {
        ...claimMappings,
        extra: [
          { key: '', valueExpression: 'claims.a' },
          { key: 'tenant', valueExpression: 'claims.a' },
          { key: 'example.org/Tenant', valueExpression: 'claims.a' },
          { key: 'authentication.kubernetes.io/credential-id', valueExpression: 'claims.a' },
          { key: 'k8s.io/a', valueExpression: '' },
          { key: 'k8s.io/a', valueExpression: 'claims.a' },
        ],
      },
    },
    'claimMappings.extra[0].key: Required value',
    'claimMappings.extra[1].key: Invalid value: "tenant": must be a domain-prefixed path (such as "acme.io/foo")',
    'claimMappings.extra[2].key: Invalid value: "example.org/Tenant": must be lowercase',
    'claimMappings.extra[3].key: Invalid value: "authentication.kubernetes.io/credential-id": k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use',
    'claimMappings.extra[4].key: Invalid value: "k8s.io/a": k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use',
    'claimMappings.extra[4].valueExpression: Required value',
    'claimMappings.extra[5].key: Invalid value: "k8s.io/a": k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use',
    'claimMappings.extra[5].key: Duplicate value: "k8s.io/a"',
  ],
  [
    'rules of claims',
    {
      claimValidationRules: [
        {},
        { claim: 'a', expression: 'true' },
        { claim: 'a', message: 'm' },
        { claim: 'a' },
        { expression: 'true', requiredValue: 'v' },
        { expression: 'true' },
        { expression: 'claims.a' },
        { expression: '1' },
      ],
    },
    'claimValidationRules[0]: Required value: claim or expression is required',
    `claimValidationRules[1]: Invalid value: "a": ${both}`,
    'claimValidationRules[2].message: Invalid value: "m": may not be specified when claim is set',
    'claimValidationRules[3].claim: Duplicate value: "a"',
    'claimValidationRules[4].requiredValue: Invalid value: "v": may not be specified when expression is set',
    'claimValidationRules[5].expression: Duplicate value: "true"',
    'claimValidationRules[6].expression: Invalid value: "claims.a": must evaluate to bool',
    'claimValidationRules[7].expression: Invalid value: "1": must evaluate to bool',
  ],
  [
    'rules of users',
    {
      userValidationRules: [
        {},
        { expression: 'true' },
        { expression: 'true' },
        { expression: 'claims.a' },
        { expression: 'user.username' },
      ],
    },
    'userValidationRules[0].expression: Required value',
    'userValidationRules[2].expression: Duplicate value: "true"',
    `userValidationRules[3].expression: Invalid value: "claims.a": ${undeclared('claims', 'claims.a')}`,
    'userValidationRules[4].expression: Invalid value: "user.username": must evaluate to bool',
  ],
  [
    'a field that users do not have',
    { userValidationRules: [{ expression: "user.name == ''" }] },
    `userValidationRules[0].expression: Invalid value: "user.name == ''": compilation failed: ERROR: <input>:1:5: undefined field 'name'\n | user.name == ''\n | ....^`,
  ],
]
for (const [what, fields, ...faults] of rules) {
  test(`readAuthenticationConfiguration() validates ${what}`, () => {
    assert.equal(faultOf({ ...head, jwt: [{ ...good, ...fields }] }), faults.map(fault => `${at}.${fault}`).join('; '))
  })
}

test('readAuthenticationConfiguration() wants an address to be verified anywhere', () => {
  const username = { expression: 'claims.email' }
  const seen = 'has(claims.email_verified) && claims.email_verified'
  readJwt({ ...good, claimMappings: { username }, claimValidationRules: [{ expression: seen }] })
  readJwt({ ...good, claimMappings: { username, extra: [{ key: 'example.org/v', valueExpression: `${seen} ? 'y' : 'n'` }] } })
  readJwt({ ...good, claimMappings: { username: { expression: `${seen} ? claims.email : claims.sub` } } })
})

test('readAuthenticationConfiguration() takes issuers apart by their discovery documents too', () => {
  const inner = (url: string) => ({ ...good, issuer: { ...issuer, url, discoveryURL: 'https://inner.example/d' } })
  assert.equal(
    faultOf({ ...head, jwt: [inner('https://a.example'), inner('https://b.example')] }),
    'jwt[1].issuer.discoveryURL: Duplicate value: "https://inner.example/d"',
  )
})
