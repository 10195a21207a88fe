// Feeds of advisories about packages of npm that a proof publishes and signs, and images that have these packages.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { formatTime } from '../../../base/clock.ts'
import { writeJson } from '../../../base/write-json.ts'
import { advisorySources } from '../../../client/resources.ts'
import { writeTar } from '../../../supply-chain/oci/tar/write-tar.ts'
import type { ClusterObjects } from '../../cluster-objects.ts'
import type { LoopbackServer, ServedFile } from '../../loopback-server.ts'

export interface Feed {
  /** Of its one advisory. */
  readonly id: string
  /** The name of its AdvisorySource. */
  readonly source: string
}

export interface PublishedAdvisory {
  readonly id: string
  /** Versions below 2.0.0 of this package have it. */
  readonly of: string
  /** Milliseconds since the epoch. */
  readonly modified: number
}

/** A layer with these packages, each as `name@version`. */
export const npmLayer = (...packages: readonly string[]): Buffer =>
  writeTar(
    packages.map(text => {
      const [name = '', version = ''] = text.split('@')
      return { path: `app/node_modules/${name}/package.json`, mode: 0o644, content: Buffer.from(writeJson({ name, version })) }
    }),
  )

/** Whoever publishes feeds: the sources require one key. */
export class FeedPublisher {
  readonly #files: Map<string, ServedFile>
  readonly #server: LoopbackServer
  readonly #cluster: ClusterObjects
  readonly #key = generateKeyPairSync('ed25519')

  /** `files` are what the server has, by path. */
  constructor(files: Map<string, ServedFile>, server: LoopbackServer, cluster: ClusterObjects) {
    this.#files = files
    this.#server = server
    this.#cluster = cluster
  }

  /** Signs with the key that the source requires, or with another one. */
  async publish({ id, of, modified }: PublishedAdvisory, signal: AbortSignal, by: KeyObject = this.#key.privateKey): Promise<Feed> {
    const score = 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H'
    const ranges = [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '2.0.0' }] }]
    const record = {
      ...{ id, modified: formatTime(modified), severity: [{ type: 'CVSS_V3', score }] },
      affected: [{ package: { ecosystem: 'npm', name: of }, ranges }],
    }
    const content = Buffer.from(writeJson([record]))
    const path = `/feeds/${id}.json`
    this.#files.set(path, { bytes: content })
    this.#files.set(`${path}.sig`, { bytes: sign(null, content, by) })
    const { host, authority } = this.#server
    const source = `${this.#cluster.prefix}-${id.toLowerCase()}`.slice(0, 63)
    const publicKey = this.#key.publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const spec = { format: 'osv', url: `https://${host}${path}`, authorities: authority, publicKey, maxSilence: '1h' }
    await this.#cluster.create(advisorySources, { metadata: { name: source }, spec }, signal)
    return { id, source }
  }
}
