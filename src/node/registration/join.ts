// A node's client certificate: requested with a join ticket the first time, then renewed with itself; stored in `node/pki`.
import { randomBytes, webcrypto } from 'node:crypto'
import type { CertificateSigningRequest } from '../../api/types/certificates-v1.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { loadX509 } from '../../base/net/x509.ts'
import type { Client } from '../../client/client.ts'
import { certificateSigningRequests } from '../../client/resources.ts'
import { ensureRoom, type NodeIdentity, nodeUser, writeIdentity } from './identity-file.ts'

const signerName = 'kubernetes.io/kube-apiserver-client-kubelet'
const pollMs = 100
const slowPollMs = 2_000
const issueMs = 120_000

/**
 * Creates a key and has it certified by a CertificateSigningRequest with this client, which is the ticket's or the node's own. Writes both
 * with mode 0600. Rejects if the request is denied or not signed within two minutes.
 */
export async function requestIdentity(
  { client, pki, nodeName, clock, log }: { client: Client; pki: string; nodeName: string; clock: Clock; log: Logger },
  signal: AbortSignal,
): Promise<NodeIdentity> {
  // A ticket works once: do not spend it on a certificate that cannot be stored.
  await ensureRoom(pki)
  const { csr, key } = await makeRequest(nodeName)
  const name = `node-csr-${nodeName.slice(0, 200)}-${randomBytes(5).toString('hex')}`
  const body: CertificateSigningRequest = {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name },
    spec: {
      signerName,
      request: Buffer.from(csr).toString('base64'),
      usages: ['digital signature', 'client auth'],
    },
  }
  await client.create(certificateSigningRequests, '', body, signal)
  log.info('certificate requested', { certificateSigningRequest: name })
  const certificate = await untilSigned(client, name, clock, signal)
  const identity = { certificate, key }
  await writeIdentity(pki, identity)
  return identity
}

async function untilSigned(client: Client, name: string, clock: Clock, signal: AbortSignal): Promise<string> {
  const began = clock.monotonic()
  for (;;) {
    const { status } = await client.get(certificateSigningRequests, '', name, signal)
    const refused = status?.conditions?.find(({ type }) => type === 'Denied' || type === 'Failed')
    if (refused)
      throw new Error(
        `Cannot join: the certificate request "${name}" was ${refused.type.toLowerCase()}: ${refused.message ?? refused.reason ?? 'no reason given'}`,
      )
    if (status?.certificate) return Buffer.from(status.certificate, 'base64').toString()
    const waited = clock.monotonic() - began
    if (waited > issueMs) throw new Error(`Cannot join: the certificate request "${name}" was not signed within ${issueMs / 1000} s`)
    await clock.sleep(waited < 10_000 ? pollMs : slowPollMs, signal)
  }
}

async function makeRequest(nodeName: string): Promise<{ csr: string; key: string }> {
  const { Pkcs10CertificateRequestGenerator } = await loadX509()
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: [{ O: ['system:nodes'] }, { CN: [nodeUser(nodeName)] }],
    keys,
    signingAlgorithm: algorithm,
  })
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  return {
    csr: request.toString('pem'),
    key: `-----BEGIN PRIVATE KEY-----\n${pkcs8.match(/.{1,64}/g)?.join('\n')}\n-----END PRIVATE KEY-----\n`,
  }
}
