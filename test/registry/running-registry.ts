// The cluster's registry in this process: its front, with Debian's docker-registry behind it.
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createKeyAndCsr } from '../../src/access/pki/key-and-csr.ts'
import { systemClock } from '../../src/base/clock.ts'
import { createLogger } from '../../src/base/log.ts'
import type { Client } from '../../src/client/client.ts'
import { buildImage } from '../../src/node/images/oci-image.ts'
import { dockerRegistryPaths, registryFiles } from '../../src/registry/docker-registry.ts'
import { type Front, openFront } from '../../src/registry/front.ts'
import type { PullThrough } from '../../src/registry/pull-through/pull-through.ts'
import { apiRepositoryAccess } from '../../src/registry/repository-access.ts'
import { RequestRates } from '../../src/registry/request-rates.ts'
import { runDockerRegistry } from '../../src/registry/run-docker-registry.ts'
import { StoredContent } from '../../src/registry/stored-content.ts'
import { Upstream } from '../../src/registry/upstream.ts'
import { upstreamTokens } from '../../src/registry/upstream-token.ts'
import { createMemorySigner } from '../../src/signer/memory-signer.ts'
import { type Outcome, run, temporaryFolder } from '../cluster.ts'

/** Why the tests cannot run here; false if they can. Debian's packages docker-registry and skopeo have the tools. */
export function noRegistry(): string | false {
  const missing = [dockerRegistryPaths[0], '/usr/bin/skopeo'].filter(path => !existsSync(path))
  return missing.length === 0 ? false : `not installed: ${missing.join(', ')}`
}

export class RunningRegistry implements AsyncDisposable {
  readonly folder: string
  readonly host: string
  /** PEM file of its authority, and its text. */
  readonly ca: string
  readonly authority: string
  readonly socket: string
  readonly stored: StoredContent
  readonly #stack: AsyncDisposableStack

  private constructor(
    parts: Pick<RunningRegistry, 'folder' | 'host' | 'ca' | 'authority' | 'socket' | 'stored'>,
    stack: AsyncDisposableStack,
  ) {
    this.folder = parts.folder
    this.host = parts.host
    this.ca = parts.ca
    this.authority = parts.authority
    this.socket = parts.socket
    this.stored = parts.stored
    this.#stack = stack
  }

  /** `client` is that of the account kube-system/registry. `throughOf` makes what it keeps of other registries, in this folder. */
  static async start(client: Client, throughOf?: (folder: string) => Promise<PullThrough>): Promise<RunningRegistry> {
    await using stack = new AsyncDisposableStack()
    const folder = temporaryFolder()
    const log = createLogger({ part: 'registry', level: 'error' })
    const socket = join(folder, 'store.sock')
    const signer = stack.use(createMemorySigner())
    const stop = new AbortController()
    const commonName = 'bulkhead-registry'
    const { keyPem, csr } = await createKeyAndCsr({ commonName })
    const names = { organizations: [], dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] }
    const certificate = await signer.issueCertificate(
      { authority: 'registry', csr, commonName, ...names, lifetimeSeconds: 3600 },
      stop.signal,
    )
    const authority = await signer.authority('registry', stop.signal)
    const ca = join(folder, 'ca.crt')
    writeFileSync(ca, authority)
    const ready = Promise.withResolvers<void>()
    const running = runDockerRegistry(
      {
        ...{ program: dockerRegistryPaths[0], directory: folder, socket, secret: 'of-the-test', front: certificate },
        ...{ clock: systemClock, log, onReady: () => ready.resolve() },
      },
      stop.signal,
    )
    stack.defer(async () => {
      stop.abort(new Error('the test has ended'))
      await running
    })
    await Promise.race([ready.promise, running])
    const sign = upstreamTokens(keyPem)
    const upstream = stack.use(new Upstream({ socket, token: access => sign(access, Date.now()) }))
    const stored = await StoredContent.open(join(folder, 'stored.jsonl'))
    const through = await throughOf?.(folder)
    const front: Front = stack.use(
      await openFront({
        ...(through === undefined ? {} : { through }),
        access: apiRepositoryAccess(client),
        rates: new RequestRates(),
        ...{ upstream, stored, clock: systemClock, log, hosts: ['127.0.0.1'], port: 0, certificate, key: keyPem },
      }),
    )
    const host = `127.0.0.1:${front.port}`
    return new RunningRegistry({ folder, host, ca, authority, socket, stored }, stack.move())
  }

  /** The folder with the blobs. */
  get data(): string {
    return registryFiles(this.folder).data
  }

  /** Copies with that token as the password. */
  async push(repository: string, token: string, text = repository): Promise<Outcome> {
    const image = buildImage({
      name: `${repository}:1`,
      architecture: 'amd64',
      user: '65532:65532',
      files: [{ path: 'hello', mode: 0o644, content: Buffer.from(text) }],
    })
    const file = join(this.folder, `${repository.replaceAll('/', '-')}.tar`)
    writeFileSync(file, image.archive)
    const to = `docker://${this.host}/${repository}:1`
    return await this.skopeo('copy', '--quiet', `--dest-creds=any:${token}`, `oci-archive:${file}`, to)
  }

  async inspect(repository: string, token: string): Promise<Outcome> {
    return await this.skopeo('inspect', '--raw', `--creds=any:${token}`, `docker://${this.host}/${repository}:1`)
  }

  async skopeo(...args: readonly string[]): Promise<Outcome> {
    return await run('skopeo', args, { environment: { SSL_CERT_FILE: this.ca, HOME: this.folder } })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }
}
