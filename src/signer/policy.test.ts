import assert from 'node:assert/strict'
import { test } from 'node:test'
import { issuer, tokenClaims } from './claims.fixture.ts'
import { checkCertificate, checkClaims, checkMethod, PolicyViolation, type SignerRole } from './policy.ts'
import type { CertificateRequest } from './signer.ts'

const serving = { dnsNames: ['kubernetes.default.svc', 'localhost'], ipAddresses: ['10.96.0.1', '127.0.0.1'] }
const scope = { servingNames: serving, issuer, controllerAccounts: new Set(['deployment-controller']) }
const day = 86_400
const administrators = 'system:bulkhead:administrators'
const client = (commonName: string, organizations: string[] = [], rest: Partial<CertificateRequest> = {}): CertificateRequest => ({
  authority: 'client',
  csr: Buffer.alloc(0),
  commonName,
  organizations,
  dnsNames: [],
  ipAddresses: [],
  lifetimeSeconds: 3600,
  ...rest,
})
const accountGroups = ['system:serviceaccounts', 'system:serviceaccounts:kube-system']
const deployer = 'system:serviceaccount:kube-system:deployment-controller'
const kubelet = (rest: Partial<CertificateRequest>) => client('system:node:n1', ['system:nodes'], { authority: 'kubelet-serving', ...rest })
const apiServer = (rest: Partial<CertificateRequest>) =>
  client('kube-apiserver', [], { authority: 'serving', dnsNames: ['localhost'], ...rest })

const registry = (rest: Partial<CertificateRequest> = {}) =>
  client('bulkhead-registry', [], { authority: 'registry', dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], ...rest })

const cases: { name: string; role: SignerRole; request: CertificateRequest; rule?: string }[] = [
  { name: 'the API server gets its serving certificate', role: 'server', request: apiServer({ ipAddresses: ['10.96.0.1'] }) },
  {
    name: 'no serving certificate for a foreign name',
    role: 'server',
    request: apiServer({ dnsNames: ['evil.example'] }),
    rule: 'alternative-names',
  },
  {
    name: 'no serving certificate for a foreign address',
    role: 'server',
    request: apiServer({ ipAddresses: ['8.8.8.8'] }),
    rule: 'alternative-names',
  },
  { name: 'the registry gets its serving certificate', role: 'admin', request: registry() },
  { name: 'the registry gets none of the API server', role: 'admin', request: registry({ authority: 'serving' }), rule: 'subject' },
  {
    name: 'the registry gets none for a foreign name',
    role: 'admin',
    request: registry({ dnsNames: ['evil.example'] }),
    rule: 'alternative-names',
  },
  { name: 'the API server gets no certificate of the registry', role: 'server', request: registry(), rule: 'subject' },
  { name: 'the registry asks the API', role: 'admin', request: client('system:serviceaccount:kube-system:registry', accountGroups) },
  { name: 'no serving certificate without names', role: 'server', request: apiServer({ dnsNames: [] }), rule: 'alternative-names' },
  { name: 'no endless serving certificate', role: 'server', request: apiServer({ lifetimeSeconds: 91 * day }), rule: 'lifetime' },
  { name: 'the API server gets no client certificate', role: 'server', request: client(deployer, accountGroups), rule: 'subject' },
  { name: 'the API server is no administrator', role: 'server', request: client('bulkhead-admin', ['system:masters']), rule: 'masters' },
  {
    name: 'the API server gets its front proxy certificate',
    role: 'server',
    request: client('front-proxy-client', [], { authority: 'front-proxy' }),
  },
  { name: 'a front proxy of another name', role: 'server', request: client('root', [], { authority: 'front-proxy' }), rule: 'subject' },
  { name: 'the controller manager', role: 'controllers', request: client('system:kube-controller-manager') },
  {
    name: 'the controller manager with a group',
    role: 'controllers',
    request: client('system:kube-controller-manager', ['system:nodes']),
    rule: 'subject',
  },
  { name: 'the scheduler', role: 'controllers', request: client('system:kube-scheduler') },
  { name: 'a controller account', role: 'controllers', request: client(deployer, accountGroups) },
  {
    name: 'an account of another namespace',
    role: 'controllers',
    request: client('system:serviceaccount:default:x', accountGroups),
    rule: 'subject',
  },
  { name: 'an account name with two parts', role: 'controllers', request: client(`${deployer}:x`, accountGroups), rule: 'subject' },
  { name: 'masters from controllers', role: 'controllers', request: client('ann', ['system:masters']), rule: 'masters' },
  { name: 'masters as an account', role: 'controllers', request: client(deployer, [...accountGroups, 'system:masters']), rule: 'masters' },
  { name: 'a kubelet client', role: 'controllers', request: client('system:node:n1', ['system:nodes']) },
  {
    name: 'a kubelet client for more than a day',
    role: 'controllers',
    request: client('system:node:n1', ['system:nodes'], { lifetimeSeconds: 24 * 3600 + 1 }),
    rule: 'lifetime',
  },
  {
    name: 'a kubelet client with a name',
    role: 'controllers',
    request: client('system:node:n1', ['system:nodes'], { dnsNames: ['n1'] }),
    rule: 'alternative-names',
  },
  { name: 'a node without its group', role: 'controllers', request: client('system:node:n1'), rule: 'subject' },
  { name: 'a node with a bad name', role: 'controllers', request: client('system:node:', ['system:nodes']), rule: 'subject' },
  {
    name: 'a kubelet serving certificate',
    role: 'controllers',
    request: kubelet({ dnsNames: ['n1', 'n1.zone.example'], ipAddresses: ['10.0.0.7'] }),
  },
  {
    name: "a kubelet serving certificate of the API server's authority",
    role: 'controllers',
    request: kubelet({ authority: 'serving', dnsNames: ['n1'] }),
    rule: 'subject',
  },
  { name: 'a kubelet serving certificate from the server', role: 'server', request: kubelet({ dnsNames: ['n1'] }), rule: 'subject' },
  {
    name: 'a controller account that no controller has',
    role: 'controllers',
    request: client('system:serviceaccount:kube-system:operator', accountGroups),
    rule: 'subject',
  },
  ...[
    { dnsNames: ['kubernetes.default.svc'] },
    { dnsNames: ['n1', 'localhost'] },
    { dnsNames: ['*.n1'] },
    { dnsNames: ['*.com'] },
    { dnsNames: ['n2'] },
    { dnsNames: ['n1.default.svc'] },
    { dnsNames: ['n1.default.svc.cluster.local'] },
    { dnsNames: ['example.com'] },
    { ipAddresses: ['10.96.0.1'] },
    { ipAddresses: ['::ffff:10.96.0.1'] },
    { ipAddresses: ['::ffff:a60:1'] },
    { ipAddresses: ['127.0.0.9'] },
    { ipAddresses: ['0:0:0:0:0:0:0:1'] },
    { ipAddresses: ['::ffff:127.0.0.1'] },
    { ipAddresses: ['10.0.0.7', '0.0.0.0'] },
    {},
  ].map(names => ({
    name: `a kubelet serving certificate for ${JSON.stringify(names)}`,
    role: 'controllers' as const,
    request: kubelet(names),
    rule: 'alternative-names',
  })),
  {
    name: 'a kubelet serving certificate of a node that is named as the API server',
    role: 'controllers',
    request: client('system:node:kubernetes.default.svc', ['system:nodes'], {
      authority: 'kubelet-serving',
      dnsNames: ['kubernetes.default.svc'],
    }),
    rule: 'alternative-names',
  },
  { name: 'the API server name from controllers', role: 'controllers', request: apiServer({}), rule: 'subject' },
  { name: 'a person', role: 'controllers', request: client('ann', ['dev']) },
  { name: 'a person with a name of the system', role: 'controllers', request: client('system:admin'), rule: 'subject' },
  { name: 'a person with a group of the system', role: 'controllers', request: client('ann', ['system:nodes']), rule: 'subject' },
  { name: 'the administrator from controllers', role: 'controllers', request: client('bulkhead-admin'), rule: 'subject' },
  { name: 'an hour too long', role: 'controllers', request: client('ann', [], { lifetimeSeconds: 367 * day }), rule: 'lifetime' },
  { name: 'too short', role: 'controllers', request: client('ann', [], { lifetimeSeconds: 599 }), rule: 'lifetime' },
  { name: 'not a number', role: 'controllers', request: client('ann', [], { lifetimeSeconds: Number.NaN }), rule: 'lifetime' },
  { name: 'a line break in the name', role: 'controllers', request: client('ann\nO=system:masters'), rule: 'form' },
  { name: 'an empty group', role: 'controllers', request: client('ann', ['']), rule: 'form' },
  { name: 'a bad DNS name', role: 'server', request: apiServer({ dnsNames: ['a..b'] }), rule: 'form' },
  { name: 'more names than a certificate may have', role: 'controllers', request: client('ann', Array(101).fill('dev')), rule: 'form' },
  { name: 'a CSR that is too large', role: 'controllers', request: client('ann', [], { csr: Buffer.alloc(16_385) }), rule: 'csr-size' },
  { name: 'the administrator', role: 'admin', request: client('bulkhead-admin', [administrators], { lifetimeSeconds: day }) },
  {
    name: 'an administrator of more than a day',
    role: 'admin',
    request: client('bulkhead-admin', [administrators], { lifetimeSeconds: day + 1 }),
    rule: 'lifetime',
  },
  { name: 'the administrator in system:masters', role: 'admin', request: client('bulkhead-admin', ['system:masters']), rule: 'subject' },
  {
    name: 'the break-glass administrator',
    role: 'admin',
    request: client('bulkhead-break-glass', ['system:masters'], { lifetimeSeconds: 365 * day }),
  },
  { name: 'the supervisor', role: 'admin', request: client('bulkhead-up', ['system:masters']) },
  {
    name: 'a supervisor of more than an hour',
    role: 'admin',
    request: client('bulkhead-up', ['system:masters'], { lifetimeSeconds: 3601 }),
    rule: 'lifetime',
  },
  ...['cluster-dns', 'artifacts'].map(account => ({
    name: `a certificate of more than a week for ${account}`,
    role: 'admin' as const,
    request: client(`system:serviceaccount:kube-system:${account}`, [], { lifetimeSeconds: 7 * day + 1 }),
    rule: 'lifetime' as const,
  })),
  { name: 'administrators from controllers', role: 'controllers', request: client('ann', [administrators]), rule: 'subject' },
  { name: 'the name of the supervisor from controllers', role: 'controllers', request: client('bulkhead-up'), rule: 'subject' },
  { name: 'the break-glass name from controllers', role: 'controllers', request: client('bulkhead-break-glass'), rule: 'subject' },
  { name: 'another administrator', role: 'admin', request: client('ann', ['system:masters']), rule: 'subject' },
]

for (const { name, role, request, rule } of cases) {
  test(`checkCertificate() ${rule === undefined ? 'allows' : `refuses (${rule})`}: ${role}, ${name}`, () => {
    const check = () => checkCertificate(role, request, scope)
    if (rule === undefined) check()
    else assert.throws(check, (err: unknown) => err instanceof PolicyViolation && err.rule === rule)
  })
}

test('checkMethod() keeps tokens and encryption keys for the server', () => {
  checkMethod('server', 'signTokens')
  for (const role of ['controllers', 'admin'] as const) {
    for (const method of ['signTokens', 'wrapKey', 'unwrapKey', 'signAuditCheckpoint', 'keepStoreHead', 'storeHead'] as const) {
      assert.throws(() => checkMethod(role, method), PolicyViolation)
    }
  }
})

test('checkMethod() lets only the administrator sign evidence, and everyone read its key', () => {
  checkMethod('admin', 'signEvidence')
  for (const role of ['server', 'controllers'] as const) assert.throws(() => checkMethod(role, 'signEvidence'), PolicyViolation)
  for (const role of ['server', 'controllers', 'admin'] as const) checkMethod(role, 'evidenceKey')
})

const now = Date.UTC(2026, 0, 1)
const seconds = now / 1000
const good = tokenClaims('default', 'web', now, ['a'])
const account = good['kubernetes.io']
const claims: { name: string; claims: Record<string, unknown>; rule: string }[] = [
  { name: 'a user', claims: { ...good, sub: 'ann' }, rule: 'token-subject' },
  {
    name: 'another account than its claims name',
    claims: { ...good, sub: 'system:serviceaccount:kube-system:web' },
    rule: 'token-subject',
  },
  { name: 'no account', claims: { ...good, 'kubernetes.io': undefined }, rule: 'token-subject' },
  {
    name: 'a name with too many parts',
    claims: {
      ...good,
      sub: 'system:serviceaccount:a:b:c',
      'kubernetes.io': { ...account, namespace: 'a:b', serviceaccount: { name: 'c' } },
    },
    rule: 'token-subject',
  },
  { name: 'a claim that others read as a right', claims: { ...good, email: 'ann@example.com' }, rule: 'token-claims' },
  { name: 'another issuer', claims: { ...good, iss: 'https://accounts.example' }, rule: 'token-issuer' },
  { name: 'no expiry', claims: { ...good, exp: undefined }, rule: 'token-lifetime' },
  { name: 'a too late expiry', claims: { ...good, exp: seconds + 367 * day }, rule: 'token-lifetime' },
  {
    name: 'a time in the future',
    claims: { ...good, iat: seconds + 30 * 366 * day, exp: seconds + 30 * 366 * day + 60 },
    rule: 'token-time',
  },
  { name: 'a time just too far ahead', claims: { ...good, iat: seconds + 61 }, rule: 'token-time' },
  { name: 'a time in the past', claims: { ...good, iat: seconds - 301 }, rule: 'token-time' },
  { name: 'a start in the future', claims: { ...good, nbf: seconds + 61 }, rule: 'token-time' },
  { name: 'no start', claims: { ...good, nbf: undefined }, rule: 'token-time' },
  { name: 'a time that is not a number', claims: { ...good, iat: `${seconds}` }, rule: 'token-time' },
  { name: 'no audience', claims: { ...good, aud: [] }, rule: 'token-audience' },
  { name: 'an audience that is not a string', claims: { ...good, aud: [['a']] }, rule: 'token-audience' },
  { name: 'too many bytes', claims: { ...good, aud: ['y'.repeat(9000)] }, rule: 'token-size' },
  { name: 'too many bytes in fewer characters', claims: { ...good, aud: ['\u4e2d'.repeat(4000)] }, rule: 'token-size' },
]
const ofUser = (rest: object = {}) => {
  const { 'kubernetes.io': _, ...times } = tokenClaims('default', 'web', now)
  return {
    ...times,
    sub: 'ada',
    aud: ['registry.bulkhead.dev'],
    'bulkhead.dev': { groups: [] },
    exp: Math.floor(now / 1000) + 3600,
    ...rest,
  }
}
for (const [name, rest, rule] of [
  ['for another audience', { aud: [issuer] }, 'token-audience'],
  ['for a further audience', { aud: ['registry.bulkhead.dev', issuer] }, 'token-audience'],
  ['in the name of a ServiceAccount', { sub: 'system:serviceaccount:default:web' }, 'token-subject'],
  ['that is also of a ServiceAccount', { 'kubernetes.io': {} }, 'token-subject'],
  ['for more than an hour', { exp: Math.floor(now / 1000) + 3700 }, 'token-lifetime'],
] as const) {
  test(`checkClaims() refuses a user's token ${name}`, () => {
    checkClaims(ofUser(), { issuer }, now)
    assert.throws(
      () => checkClaims(ofUser(rest), { issuer }, now),
      (err: unknown) => err instanceof PolicyViolation && err.rule === rule,
    )
  })
}
test('checkClaims() allows a token that begins now, with a clock that is slightly fast or slow', () => {
  for (const offset of [-300_000, 0, 60_000]) checkClaims(tokenClaims('default', 'web', now + offset), { issuer }, now)
})
for (const { name, claims: bad, rule } of claims) {
  test(`checkClaims() refuses ${name}`, () => {
    checkClaims(good, { issuer }, now)
    assert.throws(
      () => checkClaims(bad, { issuer }, now),
      (err: unknown) => err instanceof PolicyViolation && err.rule === rule,
    )
  })
}
