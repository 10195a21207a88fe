// Repositories with images and what is attached to them, as the distribution specification 1.1 serves them. Images have a layer and a configuration.
import { writeJson } from '../../base/write-json.ts'
import type { ServedFile } from '../loopback-server.ts'
import { sha256 } from './attestation.ts'

const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const indexType = 'application/vnd.oci.image.index.v1+json'
const configType = 'application/vnd.oci.image.config.v1+json'
const layerType = 'application/vnd.oci.image.layer.v1.tar'
const emptyType = 'application/vnd.oci.empty.v1+json'
const bundleType = 'application/vnd.dev.sigstore.bundle.v0.3+json'

interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

export interface OraclePlatform {
  readonly os: string
  readonly architecture: string
}

export class OracleRegistry {
  readonly #files = new Map<string, ServedFile>()
  readonly #referrers = new Map<string, object[]>()
  readonly #tags = new Map<string, string[]>()

  /** What is at a path, such as `/v2/shop/web/manifests/1.0`. */
  find(path: string): ServedFile | undefined {
    return path === '/v2/' ? { bytes: Buffer.from('{}') } : this.#files.get(path)
  }

  /** An image with one layer; its digest. */
  image(repository: string, layer: Uint8Array, platform: OraclePlatform = { os: 'linux', architecture: 'amd64' }): string {
    return this.#image(repository, layer, platform).digest
  }

  /** Gives an image a name in its repository. */
  tag(repository: string, name: string, digest: string): void {
    const file = this.#files.get(`/v2/${repository}/manifests/${digest}`)
    if (file === undefined) throw new Error(`${repository} has no ${digest}`)
    this.#files.set(`/v2/${repository}/manifests/${name}`, file)
    const tags = this.#tags.get(repository) ?? []
    tags.push(name)
    this.#tags.set(repository, tags)
    const bytes = Buffer.from(writeJson({ name: repository, tags }))
    this.#files.set(`/v2/${repository}/tags/list`, { bytes, headers: { 'content-type': 'application/json' } })
  }

  /** An index with an image for each platform; its digest. */
  index(repository: string, images: readonly { readonly layer: Uint8Array; readonly platform: OraclePlatform }[]): string {
    const manifests = images.map(({ layer, platform }) => ({ ...this.#image(repository, layer, platform), platform }))
    const { digest } = this.#manifest(repository, { schemaVersion: 2, mediaType: indexType, manifests }, indexType)
    return digest
  }

  /** Attaches a sigstore bundle to an image. */
  attach(repository: string, subject: string, bundle: object): void {
    const layer = { ...this.#blob(repository, Buffer.from(writeJson(bundle))), mediaType: bundleType }
    const config = { ...this.#blob(repository, Buffer.from('{}')), mediaType: emptyType }
    const of = {
      mediaType: manifestType,
      digest: subject,
      size: this.#files.get(`/v2/${repository}/manifests/${subject}`)?.bytes.length ?? 0,
    }
    const content = { schemaVersion: 2, mediaType: manifestType, artifactType: bundleType, config, layers: [layer], subject: of }
    const known = this.#referrers.get(`${repository} ${subject}`) ?? []
    known.push({ ...this.#manifest(repository, content, manifestType), artifactType: bundleType })
    this.#list(repository, subject, known)
  }

  #image(repository: string, layer: Uint8Array, { os, architecture }: OraclePlatform): Descriptor {
    const config = writeJson({ os, architecture, config: {}, rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] } })
    const content = {
      ...{ schemaVersion: 2, mediaType: manifestType },
      config: { ...this.#blob(repository, Buffer.from(config)), mediaType: configType },
      layers: [{ ...this.#blob(repository, layer), mediaType: layerType }],
    }
    const descriptor = this.#manifest(repository, content, manifestType)
    this.#list(repository, descriptor.digest, this.#referrers.get(`${repository} ${descriptor.digest}`) ?? [])
    return descriptor
  }

  #list(repository: string, subject: string, manifests: object[]): void {
    this.#referrers.set(`${repository} ${subject}`, manifests)
    const bytes = Buffer.from(writeJson({ schemaVersion: 2, mediaType: indexType, manifests }))
    this.#files.set(`/v2/${repository}/referrers/${subject}`, { bytes, headers: { 'content-type': indexType } })
  }

  #blob(repository: string, bytes: Uint8Array): { readonly digest: string; readonly size: number } {
    const digest = `sha256:${sha256(bytes)}`
    this.#files.set(`/v2/${repository}/blobs/${digest}`, { bytes, headers: { 'content-type': 'application/octet-stream' } })
    return { digest, size: bytes.length }
  }

  #manifest(repository: string, content: object, mediaType: string): Descriptor {
    const bytes = Buffer.from(writeJson(content))
    const digest = `sha256:${sha256(bytes)}`
    const headers = { 'content-type': mediaType, 'docker-content-digest': digest }
    this.#files.set(`/v2/${repository}/manifests/${digest}`, { bytes, headers })
    return { mediaType, digest, size: bytes.length }
  }
}
