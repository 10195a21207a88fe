// Debian's docker-registry on loopback over TLS, with an image, and Debian's cosign with its keys.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createKeyAndCsr } from '../../src/access/pki/key-and-csr.ts'
import { systemClock } from '../../src/base/clock.ts'
import { buildImage } from '../../src/node/images/oci-image.ts'
import { createMemorySigner } from '../../src/signer/memory-signer.ts'
import type { Digest } from '../../src/supply-chain/oci/digest.ts'
import { RegistryClient } from '../../src/supply-chain/oci/registry/registry-client.ts'
import { freePort, type Outcome, run, temporaryFolder, until } from '../cluster.ts'

const tools = ['/usr/bin/docker-registry', '/usr/bin/skopeo', '/usr/bin/cosign']

/** Why the tests cannot run here; false if they can. Debian's packages docker-registry, skopeo and cosign have the tools. */
export function noCosign(): string | false {
  const missing = tools.filter(path => !existsSync(path))
  return missing.length === 0 ? false : `not installed: ${missing.join(', ')}`
}

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

  static async start(): Promise<RealRegistry> {
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
    const config = { version: 0.1, log: { level: 'error' }, storage, http: { addr: host, tls: { certificate, key } } }
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
      async () => (await run('skopeo', ['copy', '--quiet', `oci-archive:${file}`, to], { environment })).code === 0,
    )
    using client = this.client()
    const found = await client.manifest(tag, new AbortController().signal)
    if (found === undefined) throw new Error(`The registry does not have ${tag}`)
    return found.descriptor.digest
  }

  client(): RegistryClient {
    return new RegistryClient({ host: this.host, repository, authorities: this.authorities, clock: systemClock })
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
