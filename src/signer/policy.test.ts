import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkCertificate, checkClaims, checkMethod, PolicyViolation, type SignerRole } from './policy.ts'
import type { CertificateRequest } from './signer.ts'

const serving = { dnsNames: ['kubernetes.default.svc', 'localhost'], ipAddresses: ['10.96.0.1', '127.0.0.1'] }
const day = 86_400
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
const apiServer = (rest: Partial<CertificateRequest>) =>
  client('kube-apiserver', [], { authority: 'serving', dnsNames: ['localhost'], ...rest })

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
  { name: 'an account that would be two', role: 'controllers', request: client(`${deployer}:x`, accountGroups), rule: 'subject' },
  { name: 'masters from controllers', role: 'controllers', request: client('ann', ['system:masters']), rule: 'masters' },
  { name: 'masters as an account', role: 'controllers', request: client(deployer, [...accountGroups, 'system:masters']), rule: 'masters' },
  { name: 'a kubelet client', role: 'controllers', request: client('system:node:n1', ['system:nodes']) },
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
    request: client('system:node:n1', ['system:nodes'], { authority: 'serving', dnsNames: ['n1'] }),
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
  { name: 'the administrator', role: 'admin', request: client('bulkhead-admin', ['system:masters']) },
  { name: 'another administrator', role: 'admin', request: client('ann', ['system:masters']), rule: 'subject' },
]

for (const { name, role, request, rule } of cases) {
  test(`checkCertificate() ${rule === undefined ? 'allows' : `refuses (${rule})`}: ${role}, ${name}`, () => {
    const check = () => checkCertificate(role, request, serving)
    if (rule === undefined) check()
    else assert.throws(check, (err: unknown) => err instanceof PolicyViolation && err.rule === rule)
  })
}

test('checkMethod() keeps tokens and encryption keys for the server', () => {
  checkMethod('server', 'signTokens')
  for (const role of ['controllers', 'admin'] as const) {
    for (const method of ['signTokens', 'wrapKey', 'unwrapKey', 'signAuditHead'] as const) {
      assert.throws(() => checkMethod(role, method), PolicyViolation)
    }
  }
})

const good = { iss: 'https://i', sub: 'system:serviceaccount:default:web', aud: ['a'], iat: 1000, exp: 4600 }
const claims: { name: string; claims: Record<string, unknown>; rule: string }[] = [
  { name: 'a user', claims: { ...good, sub: 'ann' }, rule: 'token-subject' },
  { name: 'a name with too many parts', claims: { ...good, sub: 'system:serviceaccount:a:b:c' }, rule: 'token-subject' },
  { name: 'no end', claims: { ...good, exp: undefined }, rule: 'token-lifetime' },
  { name: 'a far end', claims: { ...good, exp: 1000 + 367 * day }, rule: 'token-lifetime' },
  { name: 'no audience', claims: { ...good, aud: [] }, rule: 'token-audience' },
  { name: 'too much', claims: { ...good, x: 'y'.repeat(9000) }, rule: 'token-size' },
  { name: 'too many bytes in fewer characters', claims: { ...good, aud: ['\u4e2d'.repeat(4000)] }, rule: 'token-size' },
]
for (const { name, claims: bad, rule } of claims) {
  test(`checkClaims() refuses ${name}`, () => {
    checkClaims(good)
    assert.throws(
      () => checkClaims(bad),
      (err: unknown) => err instanceof PolicyViolation && err.rule === rule,
    )
  })
}
