// Descriptors in manifests and indexes of others.
import { isJsonObject } from '../../base/json.ts'
import { isDigest } from './digest.ts'
import type { Descriptor } from './image-source.ts'

/** Undefined if the value is no descriptor. Its platform is left out. */
export function readDescriptor(value: unknown): Descriptor | undefined {
  if (!isJsonObject(value)) return undefined
  const { mediaType, digest, size, artifactType, annotations } = value
  if (typeof mediaType !== 'string' || typeof digest !== 'string' || !isDigest(digest)) return undefined
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return undefined
  return {
    ...{ mediaType, digest, size },
    ...(typeof artifactType === 'string' ? { artifactType } : {}),
    ...(isTextMap(annotations) ? { annotations } : {}),
  }
}

const isTextMap = (value: unknown): value is Readonly<Record<string, string>> =>
  isJsonObject(value) && Object.values(value).every(text => typeof text === 'string')
