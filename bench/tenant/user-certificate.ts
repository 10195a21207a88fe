// A client certificate for a user: a CertificateSigningRequest that the administrator approves.
import { setTimeout as delay } from 'node:timers/promises'
import { loadX509 } from '../../src/base/net/x509.ts'
import type { Connections, Credentials } from '../load/connections.ts'

const requests = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const pollMs = 50

interface SigningRequest {
  readonly status?: { readonly certificate?: string; readonly conditions?: readonly object[] }
}

export async function userCertificate(admin: Connections, { server, ca }: Credentials, user: string): Promise<Credentials> {
  const { Pkcs10CertificateRequestGenerator } = await loadX509()
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const csr = await Pkcs10CertificateRequestGenerator.create({ name: [{ CN: [user] }], keys, signingAlgorithm: algorithm })
  const spec = {
    request: Buffer.from(csr.toString('pem')).toString('base64'),
    signerName: 'kubernetes.io/kube-apiserver-client',
    usages: ['client auth'],
  }
  const created = await admin.request('POST', requests, JSON.stringify({ metadata: { name: user }, spec }))
  if (created.status !== 201) throw new Error(`no request for a certificate: ${created.body}`)
  const read = async () => JSON.parse((await admin.request('GET', `${requests}/${user}`)).body.toString()) as SigningRequest
  const condition = { type: 'Approved', status: 'True', reason: 'Bench', message: 'for a benchmark' }
  const approved = { ...(await read()), status: { conditions: [condition] } }
  const answer = await admin.request('PUT', `${requests}/${user}/approval`, JSON.stringify(approved))
  if (answer.status !== 200) throw new Error(`no approval: ${answer.body}`)
  const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  for (;;) {
    const { status } = await read()
    if (status?.certificate !== undefined) {
      const pem = `-----BEGIN PRIVATE KEY-----\n${key.match(/.{1,64}/g)?.join('\n')}\n-----END PRIVATE KEY-----\n`
      return { server, ca, cert: Buffer.from(status.certificate, 'base64').toString(), key: pem }
    }
    await delay(pollMs)
  }
}
