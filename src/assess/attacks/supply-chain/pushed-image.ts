// An image in the cluster's registry, pushed with the rights of a namespace of the proof.
import { createHash } from 'node:crypto'
import { registryAudience } from '../../../api/repository-name.ts'
import { writeJson } from '../../../base/write-json.ts'
import { askRegistry, type OwnRegistry } from '../../own-registry.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { repositoryRule } from './registry-rights.ts'

/** An image `prove:1` without a file in it: it can be pulled, and no container of it runs. */
export async function pushImage(namespace: ProofNamespace, registry: OwnRegistry, signal: AbortSignal): Promise<void> {
  await namespace.account('pusher', signal)
  await namespace.grant('pusher', [repositoryRule(['pull', 'push'])], signal)
  const token = await namespace.token('pusher', { audiences: [registryAudience] }, signal)
  const repository = `/v2/${namespace.name}/prove`
  const upload = async (bytes: Buffer) => {
    const begun = await askRegistry(registry, { method: 'POST', path: `${repository}/blobs/uploads/`, token }, signal)
    const location = String(begun.headers['location'] ?? '')
    const path = `${location}${location.includes('?') ? '&' : '?'}digest=${digestOf(bytes)}`
    const { status, text } = await askRegistry(
      registry,
      { method: 'PUT', path, token, body: { type: 'application/octet-stream', bytes } },
      signal,
    )
    if (status !== 201) throw new Error(`the registry took no blob: ${status} ${text}`)
  }
  // A tar archive without entries.
  const layer = Buffer.alloc(1024)
  const config = Buffer.from(
    writeJson({
      ...{ architecture: process.arch === 'arm64' ? 'arm64' : 'amd64', os: 'linux', config: { User: '65532:65532' } },
      rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
    }),
  )
  for (const bytes of [layer, config]) await upload(bytes)
  const type = 'application/vnd.oci.image.manifest.v1+json'
  const described = (mediaType: string, bytes: Buffer) => ({ mediaType, digest: digestOf(bytes), size: bytes.length })
  const manifest = {
    ...{ schemaVersion: 2, mediaType: type, config: described('application/vnd.oci.image.config.v1+json', config) },
    layers: [described('application/vnd.oci.image.layer.v1.tar', layer)],
  }
  const body = { type, bytes: Buffer.from(writeJson(manifest)) }
  const { status, text } = await askRegistry(registry, { method: 'PUT', path: `${repository}/manifests/1`, token, body }, signal)
  if (status !== 201) throw new Error(`the registry took no image: ${status} ${text}`)
}

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
