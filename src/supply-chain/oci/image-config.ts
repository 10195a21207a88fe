// Parses the configuration of an image (image-spec, config.md).
import { isJsonObject, isTexts } from '../../base/json.ts'
import { UserError } from '../../base/user-error.ts'
import { parseBoundedJson } from './bounded-json.ts'
import { type Digest, isDigest } from './digest.ts'
import type { Platform } from './image-source.ts'
import { maxLayers } from './manifest.ts'

export const maxConfigBytes = 4 * 1024 * 1024

export interface ImageConfig {
  readonly platform: Platform
  /** Digests of the layers' uncompressed content, lowest first. */
  readonly diffIds: readonly Digest[]
  readonly labels: Readonly<Record<string, string>>
}

/** `where` begins each message. Throws a UserError. */
export function parseImageConfig(bytes: Uint8Array, where: string): ImageConfig {
  const value = parseBoundedJson(bytes, maxConfigBytes, where)
  if (!isJsonObject(value)) throw new UserError(`${where} must be a JSON object`)
  const { os, architecture, variant, rootfs, config } = value
  if (typeof os !== 'string' || typeof architecture !== 'string') throw new UserError(`${where} must have os and architecture`)
  const diffIds = isJsonObject(rootfs) ? rootfs['diff_ids'] : undefined
  if (!isTexts(diffIds) || diffIds.length > maxLayers || !diffIds.every(isDigest))
    throw new UserError(`${where}: rootfs.diff_ids must be a list of at most ${maxLayers} digests`)
  const labels = isJsonObject(config) && isJsonObject(config['Labels']) ? config['Labels'] : {}
  return {
    platform: { os, architecture, ...(typeof variant === 'string' && variant !== '' ? { variant } : {}) },
    diffIds,
    labels: Object.fromEntries(Object.entries(labels).flatMap(([name, text]) => (typeof text === 'string' ? [[name, text]] : []))),
  }
}
