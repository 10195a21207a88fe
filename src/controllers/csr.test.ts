import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CertificateSigningRequest } from '../api/types/certificates-v1.ts'
import { loadX509 } from '../base/x509.ts'
import { certificateSigningRequests, secrets } from '../client/resources.ts'
import { type RequestedIdentity, readRequest } from './certificate-request.ts'
import { checkForSigner, clientSigner, isStale, kubeletClientSigner, planApproval } from './certificate-rules.ts'
import { csrApproving } from './csr-approving.ts'
import { csrSigning } from './csr-signing.ts'
import { startScenario } from './scenario.ts'

const usages = ['digital signature', 'client auth']
const identity: RequestedIdentity = {
  csr: Buffer.alloc(0),
  commonName: 'system:node:n1',
  organizations: ['system:nodes'],
  dnsNames: [],
  ipAddresses: [],
  otherNames: [],
}

const refused: [string, string, Partial<RequestedIdentity>, string[]][] = [
  ['another organization', kubeletClientSigner, { organizations: ['system:nodes', 'system:masters'] }, usages],
  ['no node name', kubeletClientSigner, { commonName: 'system:node:' }, usages],
  ['a DNS name', kubeletClientSigner, { dnsNames: ['a'] }, usages],
  ['server usage', kubeletClientSigner, {}, [...usages, 'server auth']],
  ['masters', clientSigner, { organizations: ['system:masters'] }, ['client auth']],
  ['an unknown signer', 'example.com/x', {}, usages],
]
for (const [name, signer, change, wanted] of refused) {
  test(`checkForSigner() refuses ${name}`, () => assert.equal(checkForSigner(signer, { ...identity, ...change }, wanted).allowed, false))
}

const request = (username: string, groups: string[]): CertificateSigningRequest => ({
  metadata: { name: 'csr' },
  spec: { request: '', signerName: kubeletClientSigner, usages, username, groups },
})
const approvals: [string, CertificateSigningRequest, string][] = [
  ['a node for itself', request('system:node:n1', ['system:nodes']), 'self'],
  ['a node for another', request('system:node:n2', ['system:nodes']), 'none'],
  ['a ticket', request('system:bootstrap:abc', ['system:bootstrappers']), 'ticket'],
  ['a ticket without its group', request('system:bootstrap:abc', ['system:authenticated']), 'none'],
  ['anybody else', request('bulkhead-admin', ['system:masters']), 'none'],
]
for (const [name, of, want] of approvals) test(`planApproval(): ${name}`, () => assert.equal(planApproval(of, identity).approval, want))

test('isStale() keeps what may still be used', () => {
  const created = { ...request('', []), metadata: { creationTimestamp: '2026-01-01T00:00:00Z' } }
  const at = (hours: number) => Date.UTC(2026, 0, 1) + hours * 3_600_000
  const approved = { ...created, status: { conditions: [{ type: 'Approved', status: 'True' as const }], certificate: 'x' } }
  assert.deepEqual(
    [isStale(created, at(2)), isStale(created, at(25)), isStale(approved, at(0.5)), isStale(approved, at(2))],
    [false, true, false, true],
  )
})

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

test('readRequest() reads the subject and refuses a request with a false signature', async () => {
  const text = await makeRequest('system:node:n1')
  const read = await readRequest(text)
  assert.deepEqual([read.commonName, read.organizations], ['system:node:n1', ['system:nodes']])
  const der = Buffer.from(read.csr)
  der.writeUInt8(der.readUInt8(der.length - 1) ^ 1, der.length - 1)
  const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`
  await assert.rejects(readRequest(Buffer.from(pem).toString('base64')))
})

test('a join ticket gets its node one certificate, and no other node any', async () => {
  const [own, other] = await Promise.all([makeRequest('system:node:n1'), makeRequest('system:node:n2')])
  await using scenario = startScenario({ controllers: [csrApproving, csrSigning] })
  const { api } = scenario
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  api.seed(secrets, {
    metadata: { name: 'bulkhead-join-abc', namespace: 'kube-system' },
    type: 'bulkhead.dev/join-ticket',
    data: { hash: base64('00'), node: base64('n1'), expires: base64('2100-01-01T00:00:00Z') },
  })
  const seed = (name: string, text: string) => {
    const made = request('system:bootstrap:abc', ['system:bootstrappers'])
    api.seed(certificateSigningRequests, { metadata: { name }, spec: { ...made.spec, request: text } })
  }
  api.refuse = ({ path, body }) => {
    if (path.endsWith('/approval')) approve(path, body)
  }
  // The fake has no approval subresource of its own: it keeps the conditions as the server does.
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
