// When an image was built.
import { getOwn } from '../../base/data/own-property.ts'
import { isJsonObject } from '../../base/json.ts'
import { parseBoundedJson } from './bounded-json.ts'
import type { Digest } from './digest.ts'
import { maxConfigBytes } from './image-config.ts'
import type { ImageSource } from './image-source.ts'
import { nodePlatform } from './platform.ts'
import { resolveImage } from './resolve-image.ts'
import { readVerified } from './verified-content.ts'

/** `created` of the configuration for this machine's platform, in milliseconds since the epoch; undefined if it does not say it. */
export async function imageCreated(source: ImageSource, digest: Digest, signal: AbortSignal): Promise<number | undefined> {
  const { manifest } = await resolveImage(source, digest, nodePlatform(process.arch), digest, signal)
  const bytes = await readVerified(manifest.config, source.blob(manifest.config, signal), maxConfigBytes)
  const config = parseBoundedJson(bytes, maxConfigBytes, `Configuration "${manifest.config.digest}"`)
  const created = isJsonObject(config) ? getOwn(config, 'created') : undefined
  const time = typeof created === 'string' ? Date.parse(created) : Number.NaN
  return Number.isNaN(time) ? undefined : time
}
