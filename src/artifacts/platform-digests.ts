// Reads of a manifest whether it is an index, and which platforms it has.
import { isJsonObject, parseJson } from '../base/json.ts'
import { isDigest } from '../supply-chain/oci/digest.ts'
import type { Manifest } from '../supply-chain/oci/image-source.ts'
import type { PlatformDigest } from '../supply-chain/policy/image-question.ts'

/** An index with more is cut. */
export const maxPlatforms = 50
const indexTypes: readonly string[] = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
]

/** Empty for the manifest of one image. Entries without a platform, such as attestations of builders, are skipped. */
export function platformsOf({ descriptor, bytes }: Manifest): PlatformDigest[] {
  if (!indexTypes.includes(descriptor.mediaType)) return []
  const value = parseJson(Buffer.from(bytes).toString('utf8'))
  const entries = isJsonObject(value) && Array.isArray(value['manifests']) ? value['manifests'] : []
  const platforms: PlatformDigest[] = []
  for (const entry of entries) {
    if (platforms.length >= maxPlatforms) break
    if (!isJsonObject(entry) || !isJsonObject(entry['platform'])) continue
    const { digest } = entry
    const { os, architecture, variant } = entry['platform']
    if (typeof digest !== 'string' || !isDigest(digest) || typeof os !== 'string' || typeof architecture !== 'string') continue
    if (os === 'unknown') continue
    platforms.push({ digest, os, architecture, ...(typeof variant === 'string' && variant !== '' ? { variant } : {}) })
  }
  return platforms
}
