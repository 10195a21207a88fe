// An API server on a real TLS port, for tests that bring their own client: certificates from a signer in memory, a kubeconfig in a private folder.
import { X509Certificate } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Authentication, Credentials } from '../../src/access/access.ts'
import { createKeyAndCsr, type KeyAndCsr } from '../../src/access/pki/key-and-csr.ts'
import { systemClock } from '../../src/base/clock.ts'
import { type Logger, silentLogger } from '../../src/base/log.ts'

import { bootstrapNamespaces, kubernetesEndpoints, kubernetesService } from '../../src/server/bootstrap.ts'
import { Listener } from '../../src/server/http/listener.ts'
import { TestServer, type TestServerOptions } from '../../src/server/testing.ts'
import { createMemorySigner } from '../../src/signer/memory-signer.ts'
import type { Signer } from '../../src/signer/signer.ts'

export interface ClientCertificate {
  readonly certificate: string
  readonly key: string
}

export class ListeningServer implements AsyncDisposable {
  readonly api: TestServer
  readonly listener: Listener
  readonly url: string
  readonly ca: string
  readonly folder: string
  /** Of a member of system:masters. */
  readonly kubeconfig: string
  readonly #signer: Signer

  private constructor(parts: {
    api: TestServer
    listener: Listener
    url: string
    ca: string
    folder: string
    kubeconfig: string
    signer: Signer
  }) {
    this.api = parts.api
    this.listener = parts.listener
    this.url = parts.url
    this.ca = parts.ca
    this.folder = parts.folder
    this.kubeconfig = parts.kubeconfig
    this.#signer = parts.signer
  }

  static async start(options: TestServerOptions = {}, log: Logger = silentLogger): Promise<ListeningServer> {
    const signal = AbortSignal.timeout(60_000)
    const signer = createMemorySigner()
    const clientAuthorities = await signer.authority('client', signal)
    const clientCa = new X509Certificate(clientAuthorities)
    const api = new TestServer({
      clock: systemClock,
      authenticate: async credentials => byCertificate(credentials, clientCa),
      log,
      ...options,
    })
    await api.server.ensureObjects(bootstrapNamespaces())
    const serving = await issue(signer, 'serving', 'kube-apiserver', [], signal)
    const listener = new Listener({ hosts: ['127.0.0.1'], port: 0, serving, clientAuthorities, handle: api.server.handle, log })
    const { port } = await listener.listen()
    await api.server.ensureObjects([kubernetesService('10.96.0.1', port), ...kubernetesEndpoints(['192.0.2.1'], port)])
    api.server.markReady()
    const folder = await mkdtemp(join(tmpdir(), 'bulkhead-test-'))
    const ca = await signer.authority('serving', signal)
    const url = `https://127.0.0.1:${port}`
    const kubeconfig = join(folder, 'kubeconfig')
    const admin = await issue(signer, 'client', 'bulkhead-admin', ['system:masters'], signal)
    await writeFile(kubeconfig, kubeconfigText(url, ca, admin), { mode: 0o600 })
    return new ListeningServer({ api, listener, url, ca, folder, kubeconfig, signer })
  }

  client(commonName: string, organizations: readonly string[]): Promise<ClientCertificate> {
    return issue(this.#signer, 'client', commonName, organizations, AbortSignal.timeout(60_000))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.api.server[Symbol.asyncDispose]()
    await this.listener[Symbol.asyncDispose]()
    await this.api[Symbol.asyncDispose]()
    await this.#signer[Symbol.asyncDispose]()
    await rm(this.folder, { recursive: true })
  }
}

async function issue(
  signer: Signer,
  authority: 'client' | 'serving',
  commonName: string,
  organizations: readonly string[],
  signal: AbortSignal,
): Promise<ClientCertificate> {
  const { csr, keyPem }: KeyAndCsr = await createKeyAndCsr({ commonName, organizations })
  const serving = authority === 'serving'
  const certificate = await signer.issueCertificate(
    {
      authority,
      csr,
      commonName,
      organizations,
      dnsNames: serving ? ['localhost'] : [],
      ipAddresses: serving ? ['127.0.0.1'] : [],
      lifetimeSeconds: 3600,
    },
    signal,
  )
  return { certificate, key: keyPem }
}

/** One buffer a connection. */
const known = new WeakMap<Buffer, Authentication>()

function byCertificate({ peerCertificate }: Credentials, authority: X509Certificate): Authentication {
  if (peerCertificate === undefined) return { outcome: 'no-opinion' }
  let authentication = known.get(peerCertificate)
  if (authentication === undefined) {
    authentication = validate(peerCertificate, authority)
    known.set(peerCertificate, authentication)
  }
  return authentication
}

function validate(peerCertificate: Buffer, authority: X509Certificate): Authentication {
  const certificate = new X509Certificate(peerCertificate)
  if (!certificate.verify(authority.publicKey)) return { outcome: 'rejected', reason: 'another authority signed the certificate' }
  const subject = certificate.subject.split('\n').map(line => line.split('=', 2))
  const values = (name: string) => subject.flatMap(([key, value]) => (key === name && value !== undefined ? [value] : []))
  return {
    outcome: 'authenticated',
    authenticator: 'x509',
    credentialId: `x509:${certificate.fingerprint256}`,
    user: { name: values('CN')[0] ?? '', groups: [...values('O'), 'system:authenticated'] },
  }
}

function kubeconfigText(server: string, ca: string, { certificate, key }: ClientCertificate): string {
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': base64(ca) } }],
    users: [{ name: 'admin', user: { 'client-certificate-data': base64(certificate), 'client-key-data': base64(key) } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  })
}
