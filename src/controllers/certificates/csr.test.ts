import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CertificateSigningRequest } from '../../api/types/certificates-v1.ts'
import { loadX509 } from '../../base/net/x509.ts'
import { certificateSigningRequests, nodes, secrets } from '../../client/resources.ts'
import { startScenario } from '../scenario.testing.ts'
import { type RequestedIdentity, readRequest } from './certificate-request.ts'
import { checkForSigner, clientSigner, isStale, kubeletClientSigner, kubeletServingSigner, planApproval } from './certificate-rules.ts'
import { csrApproving } from './csr-approving.ts'
import { csrSigning } from './csr-signing.ts'

const usages = ['digital signature', 'client auth']
const identity: RequestedIdentity = {
  csr: Buffer.alloc(0),
  commonName: 'system:node:n1',
  organizations: ['system:nodes'],
  dnsNames: [],
  ipAddresses: [],
  emailAddresses: [],
  uris: [],
  otherNames: [],
}

const serving = ['digital signature', 'key encipherment', 'server auth']
const named = { dnsNames: ['n1'] }
const client = { commonName: 'ann', organizations: ['dev'] }
const refused: [string, string, Partial<RequestedIdentity>, string[], string][] = [
  [
    'another organization',
    kubeletClientSigner,
    { organizations: ['system:nodes', 'system:masters'] },
    usages,
    'subject organization is not system:nodes',
  ],
  ['no node name', kubeletClientSigner, { commonName: 'system:node:' }, usages, 'subject common name does not begin with system:node:'],
  ['a DNS name', kubeletClientSigner, { dnsNames: ['a'] }, usages, 'DNS subjectAltNames are not allowed'],
  ['an address', kubeletClientSigner, { ipAddresses: ['10.0.0.1'] }, usages, 'IP subjectAltNames are not allowed'],
  ['an e-mail address', kubeletClientSigner, { emailAddresses: ['a@b'] }, usages, 'Email subjectAltNames are not allowed'],
  ['a URI', kubeletClientSigner, { uris: ['spiffe://a'] }, usages, 'URI subjectAltNames are not allowed'],
  ['a name of another form', kubeletClientSigner, { otherNames: ['x'] }, usages, 'other subjectAltNames are not allowed'],
  ['a serving certificate without a name', kubeletServingSigner, {}, serving, 'DNS or IP subjectAltName is required'],
  ['a serving certificate with a URI', kubeletServingSigner, { ...named, uris: ['a'] }, serving, 'URI subjectAltNames are not allowed'],
  [
    'a serving certificate for clients',
    kubeletServingSigner,
    named,
    usages,
    'usages did not match [digital signature key encipherment server auth]',
  ],
  [
    'a serving certificate of a person',
    kubeletServingSigner,
    { ...named, commonName: 'ann' },
    serving,
    'subject common name does not begin with system:node:',
  ],
  ['a client that serves', clientSigner, client, ['server auth'], 'invalid usage for client certificate: server auth'],
  [
    'a client certificate without the usage client auth',
    clientSigner,
    client,
    ['digital signature'],
    'missing required usage for client certificate: client auth',
  ],
  [
    'server usage',
    kubeletClientSigner,
    {},
    [...usages, 'server auth'],
    'usages did not match [client auth digital signature key encipherment]',
  ],
  ['masters', clientSigner, { organizations: ['system:masters'] }, ['client auth'], 'organization system:masters is not allowed'],
  ['an unknown signer', 'example.com/x', {}, usages, 'signer example.com/x is not served'],
]
for (const [name, signer, change, wanted, reason] of refused) {
  test(`checkForSigner() rejects ${name}`, () =>
    assert.deepEqual(checkForSigner(signer, { ...identity, ...change }, wanted), { allowed: false, reason }))
}

const request = (username: string, groups: string[], node?: string): CertificateSigningRequest => {
  const extra = node === undefined ? {} : { extra: { 'bulkhead.dev/node-name': [node] } }
  return { metadata: { name: 'csr' }, spec: { request: '', signerName: kubeletClientSigner, usages, username, groups, ...extra } }
}
const ticketUser = 'system:bootstrap:a1b2c3d4e5'
const bootstrappers = ['system:bootstrappers', 'system:authenticated']
const approvals: [string, CertificateSigningRequest, string][] = [
  ['a node for itself', request('system:node:n1', ['system:nodes']), 'self'],
  ['a node for another', request('system:node:n2', ['system:nodes']), 'none'],
  ['a ticket', request(ticketUser, bootstrappers, 'n1'), 'ticket'],
  ['a ticket of another node', request(ticketUser, bootstrappers, 'n2'), 'none'],
  ['a ticket without its group', request(ticketUser, ['system:authenticated'], 'n1'), 'none'],
  ['a bootstrap token', request('system:bootstrap:abcdef', bootstrappers), 'none'],
  ['a bootstrap token that names a node', request('system:bootstrap:abcdef', bootstrappers, 'n1'), 'none'],
  ['the name of a ticket without its node', request(ticketUser, bootstrappers), 'none'],
  ['any other user', request('bulkhead-admin', ['system:masters']), 'none'],
]
for (const [name, of, want] of approvals) test(`planApproval(): ${name}`, () => assert.equal(planApproval(of, identity).approval, want))

const start = Date.UTC(2026, 0, 1)
const at = (hours: number) => start + hours * 3_600_000
const timeAt = (hours: number) => new Date(at(hours)).toISOString()

async function certificateUntil(hours: number): Promise<string> {
  const x509 = await loadX509()
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const options = { name: 'CN=a', keys, signingAlgorithm: algorithm, notBefore: new Date(at(-100)), notAfter: new Date(at(hours)) }
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(options)
  return Buffer.from(certificate.toString('pem')).toString('base64')
}

const ages: readonly { name: string; type?: string; updated?: number; validUntil?: number; now: number; stale: boolean }[] = [
  { name: 'nobody decided for 23 hours', now: 23, stale: false },
  { name: 'nobody decided for 25 hours', now: 25, stale: true },
  { name: 'was approved half an hour ago', type: 'Approved', updated: 30, validUntil: 1000, now: 30.5, stale: false },
  { name: 'was approved two hours ago', type: 'Approved', updated: 30, validUntil: 1000, now: 32, stale: true },
  { name: 'was approved two days ago and waits for its signer', type: 'Approved', updated: 0, now: 48, stale: false },
  { name: 'was approved and whose certificate has expired', type: 'Approved', updated: 30, validUntil: 30.2, now: 30.5, stale: true },
  { name: 'was denied half an hour ago', type: 'Denied', updated: 30, now: 30.5, stale: false },
  { name: 'was denied two hours ago', type: 'Denied', updated: 30, now: 32, stale: true },
  { name: 'failed half an hour ago', type: 'Failed', updated: 30, now: 30.5, stale: false },
  { name: 'failed two hours ago', type: 'Failed', updated: 30, now: 32, stale: true },
  { name: 'was decided nobody knows when', type: 'Denied', now: 100, stale: false },
]
for (const { name, type, updated, validUntil, now, stale } of ages) {
  test(`isStale() of a request that ${name} is ${stale}`, async () => {
    const condition = { type: type ?? '', status: 'True', ...(updated === undefined ? {} : { lastUpdateTime: timeAt(updated) }) }
    const status = {
      ...(type === undefined ? {} : { conditions: [condition] }),
      ...(validUntil === undefined ? {} : { certificate: await certificateUntil(validUntil) }),
    }
    assert.equal(isStale({ ...request('', []), metadata: { creationTimestamp: timeAt(0) }, status }, at(now)), stale)
  })
}

async function makeRequest(commonName: string): Promise<string> {
  const x509 = await loadX509()
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({
    name: `CN=${commonName}, O=system:nodes`,
    keys,
    signingAlgorithm: algorithm,
  })
  return Buffer.from(csr.toString('pem')).toString('base64')
}

test('readRequest() reads the subject and rejects a request with a false signature', async () => {
  const text = await makeRequest('system:node:n1')
  const read = await readRequest(text)
  assert.deepEqual([read.commonName, read.organizations], ['system:node:n1', ['system:nodes']])
  const der = Buffer.from(read.csr)
  der.writeUInt8(der.readUInt8(der.length - 1) ^ 1, der.length - 1)
  const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`
  await assert.rejects(readRequest(Buffer.from(pem).toString('base64')))
})

test('a join ticket gives its own node one certificate, and other nodes none', async () => {
  const [own, other] = await Promise.all([makeRequest('system:node:n1'), makeRequest('system:node:n2')])
  await using scenario = startScenario({ controllers: [csrApproving, csrSigning] })
  const { api } = scenario
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  api.seed(secrets, {
    metadata: { name: 'bulkhead-join-a1b2c3d4e5', namespace: 'kube-system' },
    type: 'bulkhead.dev/join-ticket',
    data: { hash: base64('00'), node: base64('n1'), expires: base64('2100-01-01T00:00:00Z') },
  })
  const seed = (name: string, text: string) => {
    const made = request(ticketUser, bootstrappers, 'n1')
    api.seed(certificateSigningRequests, { metadata: { name }, spec: { ...made.spec, request: text } })
  }
  api.refuse = ({ path, body }) => {
    if (path.endsWith('/approval')) approve(path, body)
  }
  // The fake API has no approval subresource: this stores conditions as the server does.
  const approve = (path: string, body: unknown) => {
    const name = path.split('/').at(-2) ?? ''
    queueMicrotask(() =>
      api.change(certificateSigningRequests, '', name, object =>
        Object.assign(object, { status: (body as CertificateSigningRequest).status }),
      ),
    )
  }
  seed('other', other)
  seed('own', own)
  await scenario.until(() => api.read(certificateSigningRequests, '', 'own')?.status?.certificate !== undefined, 'signed')
  assert.equal(Buffer.from(api.read(certificateSigningRequests, '', 'own')?.status?.certificate ?? '', 'base64').toString(), 'CERTIFICATE')
  const usedFor = () => Buffer.from(api.all(secrets)[0]?.data?.['request'] ?? '', 'base64').toString()
  await scenario.until(() => usedFor() === 'own', 'ticket marked as used')
  seed('again', own)
  const reads = () => api.requests.filter(({ path }) => path.endsWith('/certificatesigningrequests/again/approval')).length
  seed('marker', other)
  await new Promise(resolve => setImmediate(resolve))
  assert.equal(reads(), 0)
  assert.equal(api.read(certificateSigningRequests, '', 'other')?.status?.conditions, undefined)
})

test('a join ticket is refused when a machine has registered under its name since it was created', async () => {
  const own = await makeRequest('system:node:n1')
  await using scenario = startScenario({ controllers: [csrApproving, csrSigning] })
  const { api } = scenario
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  api.seed(nodes, { metadata: { name: 'n1', creationTimestamp: '2026-01-01T00:00:10Z' }, spec: {} })
  api.seed(secrets, {
    metadata: { name: 'bulkhead-join-a1b2c3d4e5', namespace: 'kube-system', creationTimestamp: '2026-01-01T00:00:00Z' },
    type: 'bulkhead.dev/join-ticket',
    data: { hash: base64('00'), node: base64('n1'), expires: base64('2100-01-01T00:00:00Z') },
  })
  const bodies: CertificateSigningRequest[] = []
  api.refuse = ({ path, body }) => {
    if (path.endsWith('/approval')) bodies.push(body as CertificateSigningRequest)
  }
  const made = request(ticketUser, bootstrappers, 'n1')
  api.seed(certificateSigningRequests, { metadata: { name: 'late' }, spec: { ...made.spec, request: own } })
  await scenario.until(() => bodies.length > 0, 'decided')
  const [condition] = bodies[0]?.status?.conditions ?? []
  assert.deepEqual([condition?.type, condition?.message], ['Denied', 'node "n1" has joined with another ticket meanwhile'])
})
