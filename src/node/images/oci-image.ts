// Builds a one-layer OCI image in memory and packs it as an OCI archive, so that a node has its own images without a registry.
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { writeJson } from '../../base/write-json.ts'
import { type TarEntry, writeTar } from '../../supply-chain/oci/tar/write-tar.ts'

export interface ImageContent {
  /** Full reference: `bulkhead.local/busybox:1`. */
  readonly name: string
  readonly architecture: 'amd64' | 'arm64'
  readonly files: readonly TarEntry[]
  readonly user: string
  readonly entrypoint?: readonly string[]
  readonly command?: readonly string[]
  readonly environment?: readonly string[]
  /** gzip level, 6 by default; lower for large content that is built often. */
  readonly compression?: number
}

export interface BuiltImage {
  readonly name: string
  /** `sha256:…` of the configuration: the image id that CRI reports. */
  readonly id: string
  /** `sha256:…` of the manifest. */
  readonly digest: string
  /** The OCI archive (a tar of an image layout). */
  readonly archive: Buffer
}

/** The same content gives the same digest, so a node imports an image once. */
export function buildImage(content: ImageContent): BuiltImage {
  const layer = writeTar(content.files)
  const compressed = gzipSync(layer, { level: content.compression ?? 6 })
  const config = json({
    architecture: content.architecture,
    os: 'linux',
    config: {
      User: content.user,
      Env: content.environment ?? ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      ...(content.entrypoint ? { Entrypoint: content.entrypoint } : {}),
      ...(content.command ? { Cmd: content.command } : {}),
      WorkingDir: '/',
    },
    rootfs: { type: 'layers', diff_ids: [sha256(layer)] },
    history: [{ created_by: 'bulkhead' }],
  })
  const manifest = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: descriptor('application/vnd.oci.image.config.v1+json', config),
    layers: [descriptor('application/vnd.oci.image.layer.v1.tar+gzip', compressed)],
  })
  const index = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      {
        ...descriptor('application/vnd.oci.image.manifest.v1+json', manifest),
        platform: { architecture: content.architecture, os: 'linux' },
        annotations: { 'io.containerd.image.name': content.name, 'org.opencontainers.image.ref.name': content.name.split(':').at(-1) },
      },
    ],
  })
  const blobs = [config, compressed, manifest].map(blob => ({ path: `blobs/sha256/${sha256(blob).slice(7)}`, mode: 0o644, content: blob }))
  const archive = writeTar([
    { path: 'oci-layout', mode: 0o644, content: json({ imageLayoutVersion: '1.0.0' }) },
    { path: 'blobs/', mode: 0o755 },
    { path: 'blobs/sha256/', mode: 0o755 },
    ...blobs,
    { path: 'index.json', mode: 0o644, content: index },
  ])
  return { name: content.name, id: sha256(config), digest: sha256(manifest), archive }
}

function json(value: unknown): Buffer {
  return Buffer.from(writeJson(value))
}

function sha256(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

function descriptor(mediaType: string, bytes: Buffer): { mediaType: string; digest: string; size: number } {
  return { mediaType, digest: sha256(bytes), size: bytes.length }
}
