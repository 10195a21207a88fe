// Real etcd members for tests, over mutual TLS, each with a folder of its own that is removed at the end.
import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadX509 } from '../../base/net/x509.ts'
import { EtcdClient, type EtcdTls } from './etcd-client.ts'

/** Why no etcd can be started here, or false. */
export const noEtcd = existsSync('/usr/bin/etcd') ? false : 'not installed: /usr/bin/etcd (Debian package etcd-server)'

export interface TestEtcd extends AsyncDisposable {
  readonly endpoints: readonly string[]
  /** Of a client. */
  readonly tls: EtcdTls
  /** The files of `tls`. */
  readonly files: { readonly ca: string; readonly cert: string; readonly key: string }
  readonly folder: string
  readonly members: readonly TestMember[]
  /** Environment for etcdctl. */
  readonly environment: Readonly<Record<string, string>>
}

export interface TestMember {
  readonly endpoint: string
  /** Sends a signal: SIGKILL, SIGSTOP, SIGCONT. */
  kill(signal: NodeJS.Signals): void
  /** Starts the process again, with its data. */
  restart(): void
}

export interface TestEtcdOptions {
  readonly members?: number
  /** Where the other members reach this peer port. Default: at the port itself. */
  peerPort?(port: number): Promise<number>
  readonly arguments?: readonly string[]
}

export async function startEtcd({
  members = 1,
  arguments: more = [],
  peerPort = async port => port,
}: TestEtcdOptions = {}): Promise<TestEtcd> {
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-etcd-'))
  const { ca, leaf } = await testAuthority()
  const [server, client] = [await leaf('etcd'), await leaf('bulkhead')]
  const file = (name: string, text: string) => {
    const path = join(folder, name)
    writeFileSync(path, text, { mode: 0o600 })
    return path
  }
  const caFile = file('ca.crt', ca)
  const [cert, key] = [file('server.crt', server.cert), file('server.key', server.key)]
  const files = { ca: caFile, cert: file('client.crt', client.cert), key: file('client.key', client.key) }
  const ports = await freePorts(members * 2)
  const addresses = await Promise.all(
    Array.from({ length: members }, async (_, index) => {
      const port = ports[index * 2 + 1] ?? 0
      return {
        ...{ name: `m${index}`, endpoint: `https://127.0.0.1:${ports[index * 2]}` },
        ...{ listening: `https://127.0.0.1:${port}`, peer: `https://127.0.0.1:${await peerPort(port)}` },
      }
    }),
  )
  const started = addresses.map(({ name, endpoint, listening, peer }) => {
    const args = [
      ...['--name', name, '--data-dir', join(folder, name), '--log-level', 'error'],
      ...['--listen-client-urls', endpoint, '--advertise-client-urls', endpoint],
      ...['--listen-peer-urls', listening, '--initial-advertise-peer-urls', peer],
      ...['--initial-cluster', addresses.map(other => `${other.name}=${other.peer}`).join()],
      ...['--client-cert-auth', '--trusted-ca-file', caFile, '--cert-file', cert, '--key-file', key],
      ...['--peer-client-cert-auth', '--peer-trusted-ca-file', caFile, '--peer-cert-file', cert, '--peer-key-file', key],
      ...more,
    ]
    const run = () => spawn('etcd', args, { stdio: ['ignore', 'ignore', 'inherit'] })
    let child: ChildProcess = run()
    return {
      endpoint,
      kill: (signal: NodeJS.Signals) => void child.kill(signal),
      restart: () => {
        child = run()
      },
      ended: () =>
        child.exitCode !== null || child.signalCode !== null
          ? Promise.resolve()
          : new Promise<void>(resolve => child.once('exit', () => resolve())),
    }
  })
  const endpoints = addresses.map(({ endpoint }) => endpoint)
  {
    using asking = new EtcdClient({ endpoints, tls: { ca, ...client } })
    // Linearizable: it is answered when there is a leader.
    await asking.persist('Range', { key: Buffer.from('x') }, { timeoutMs: 60_000 })
  }
  return {
    endpoints,
    tls: { ca, ...client },
    files,
    folder,
    members: started,
    environment: {
      ETCDCTL_API: '3',
      ...{ ETCDCTL_ENDPOINTS: endpoints.join(), ETCDCTL_CACERT: files.ca, ETCDCTL_CERT: files.cert, ETCDCTL_KEY: files.key },
    },
    async [Symbol.asyncDispose]() {
      for (const member of started) member.kill('SIGKILL')
      await Promise.all(started.map(member => member.ended()))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** An authority, and leaves of it for 127.0.0.1 that both ends of a connection may use. */
export async function testAuthority() {
  const x509 = await loadX509()
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' }
  const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 24 * 3_600_000) }
  const serialNumber = () => `4${randomBytes(8).toString('hex').slice(1)}`
  const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const subject = new x509.Name([{ CN: [{ utf8String: 'test-etcd-ca' }] }])
  const signingKey = authority.privateKey.toCryptoKey(algorithm, false, ['sign'])
  const root = await x509.X509CertificateGenerator.create({
    ...{ serialNumber: serialNumber(), subject, issuer: subject, ...validity, signingKey, signingAlgorithm },
    publicKey: authority.publicKey.toCryptoKey(algorithm, true, ['verify']),
    extensions: [new x509.BasicConstraintsExtension(true, 0, true), new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true)],
  })
  const leaf = async (name: string) => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const certificate = await x509.X509CertificateGenerator.create({
      ...{ serialNumber: serialNumber(), issuer: subject, ...validity, signingKey, signingAlgorithm },
      subject: new x509.Name([{ CN: [{ utf8String: name }] }]),
      publicKey: pair.publicKey.toCryptoKey(algorithm, true, ['verify']),
      extensions: [
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']),
        new x509.SubjectAlternativeNameExtension([
          { type: 'ip', value: '127.0.0.1' },
          { type: 'dns', value: 'localhost' },
        ]),
      ],
    })
    return { cert: certificate.toString('pem'), key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
  }
  return { ca: root.toString('pem'), leaf }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map(server => new Promise(resolve => server.once('listening', resolve))))
  const ports = servers.map(server => {
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  })
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
  return ports
}
