// Debian's docker-registry on loopback over TLS, with an image, and Debian's cosign with its keys.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createKeyAndCsr } from '../../src/access/pki/key-and-csr.ts'
import { systemClock } from '../../src/base/clock.ts'
import { buildImage } from '../../src/node/images/oci-image.ts'
import { createMemorySigner } from '../../src/signer/memory-signer.ts'
import type { Digest } from '../../src/supply-chain/oci/digest.ts'
import type { RegistryCredentials } from '../../src/supply-chain/oci/registry/authorization.ts'
import { RegistryClient } from '../../src/supply-chain/oci/registry/registry-client.ts'
import { freePort, type Outcome, run, temporaryFolder, until } from '../cluster.ts'

const registryTools = ['/usr/bin/docker-registry', '/usr/bin/skopeo']

function lacking(tools: readonly string[]): string | false {
  const missing = tools.filter(path => !existsSync(path))
  return missing.length === 0 ? false : `not installed: ${missing.join(', ')}`
}

/** Why the tests cannot run here; false if they can. Debian's packages docker-registry and skopeo have the tools. */
export const noRegistry = (): string | false => lacking(registryTools)
/** The same with Debian's package cosign. */
export const noCosign = (): string | false => lacking([...registryTools, '/usr/bin/cosign'])

export const login = { username: 'bob', password: 'of-the-test' }
/** The password above, as docker-registry wants it. */
const htpasswd = 'bob:$2y$05$v5MnzdqoRagN2YKOaTg0Rer1MmhfchHOf4HjMLK7YsoIBxTCLS1E6'

export const repository = 'shop/web'

export class RealRegistry implements AsyncDisposable {
  readonly folder: string
  readonly host: string
  /** PEM file of its authority. */
  readonly ca: string
  /** PEM, its text. */
  readonly authorities: string
  readonly #registry: ChildProcess

  private constructor(folder: string, host: string, ca: string, authorities: string, registry: ChildProcess) {
    this.folder = folder
    this.host = host
    this.ca = ca
    this.authorities = authorities
    this.#registry = registry
  }

  /** `password`: only who logs in may read. */
  static async start({ password = false } = {}): Promise<RealRegistry> {
    const folder = temporaryFolder()
    const host = `127.0.0.1:${await freePort()}`
    await using signer = createMemorySigner()
    const { signal } = new AbortController()
    const { keyPem, csr } = await createKeyAndCsr({ commonName: 'registry' })
    const names = { commonName: 'registry', organizations: [], dnsNames: [], ipAddresses: ['127.0.0.1'] }
    const [certificate, key, ca] = ['tls.crt', 'tls.key', 'ca.crt'].map(name => join(folder, name)) as [string, string, string]
    writeFileSync(certificate, await signer.issueCertificate({ authority: 'serving', csr, ...names, lifetimeSeconds: 3600 }, signal))
    writeFileSync(key, keyPem, { mode: 0o600 })
    const authorities = await signer.authority('serving', signal)
    writeFileSync(ca, authorities)
    const storage = { filesystem: { rootdirectory: join(folder, 'data') } }
    writeFileSync(join(folder, 'htpasswd'), `${htpasswd}\n`)
    const auth = password ? { auth: { htpasswd: { realm: 'test', path: join(folder, 'htpasswd') } } } : {}
    const config = { version: 0.1, log: { level: 'error' }, storage, http: { addr: host, tls: { certificate, key } }, ...auth }
    writeFileSync(join(folder, 'config.yml'), JSON.stringify(config))
    const registry = spawn('docker-registry', ['serve', join(folder, 'config.yml')], { stdio: 'ignore' })
    return new RealRegistry(folder, host, ca, authorities, registry)
  }

  /** Pushes an image with that text in a file, and returns its digest. */
  async push(tag: string, text = tag): Promise<Digest> {
    const image = buildImage({
      name: `${repository}:${tag}`,
      architecture: 'amd64',
      user: '65532:65532',
      files: [{ path: 'hello', mode: 0o644, content: Buffer.from(text) }],
    })
    const file = join(this.folder, `${tag}.tar`)
    writeFileSync(file, image.archive)
    const to = `docker://${this.host}/${repository}:${tag}`
    const environment = { SSL_CERT_FILE: this.ca }
    await until(
      'the image is in the registry',
      async () =>
        (
          await run('skopeo', ['copy', '--quiet', `--dest-creds=${login.username}:${login.password}`, `oci-archive:${file}`, to], {
            environment,
          })
        ).code === 0,
    )
    using client = this.client(login)
    const found = await client.manifest(tag, new AbortController().signal)
    if (found === undefined) throw new Error(`The registry does not have ${tag}`)
    return found.descriptor.digest
  }

  client(credentials?: RegistryCredentials): RegistryClient {
    const known = credentials === undefined ? {} : { credentials }
    return new RegistryClient({ host: this.host, repository, authorities: this.authorities, clock: systemClock, ...known })
  }

  reference(digest: string): string {
    return `${this.host}/${repository}@${digest}`
  }

  /** With an empty password and without the network. */
  async cosign(...args: readonly string[]): Promise<Outcome> {
    const environment = { COSIGN_PASSWORD: '', HOME: this.folder, SSL_CERT_FILE: this.ca }
    const outcome = await run('cosign', args, { environment })
    if (outcome.code !== 0) throw new Error(`cosign ${args.join(' ')} failed: ${outcome.stderr}`)
    return outcome
  }

  /** Makes `NAME.key` and `NAME.pub` in the folder. */
  async makeKey(name: string): Promise<string> {
    await this.cosign('generate-key-pair', `--output-key-prefix=${join(this.folder, name)}`)
    return join(this.folder, name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#registry.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
