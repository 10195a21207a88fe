// Parses descriptors (image-spec, descriptor.md).
import { isJsonObject } from '../../base/json.ts'
import { UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import { isDigest } from './digest.ts'
import type { Descriptor, Platform } from './image-source.ts'

/** The largest blob that any part reads. */
export const maxBlobBytes = 64 * 1024 ** 3
const maxMediaTypeLength = 255
const maxAnnotations = 256
const maxAnnotationLength = 256 * 1024

/** `where` begins the message, such as `image "a": layers[0]`. Throws a UserError that names the field. */
export function parseDescriptor(value: unknown, where: string): Descriptor {
  if (!isJsonObject(value)) throw new UserError(`${where} must be a descriptor`)
  const { mediaType, digest, size, artifactType, annotations, platform } = value
  if (typeof mediaType !== 'string' || mediaType.length > maxMediaTypeLength)
    throw new UserError(`${where}.mediaType must be a media type of at most ${maxMediaTypeLength} characters`)
  if (typeof digest !== 'string' || !isDigest(digest))
    throw new UserError(`${where}.digest must be "sha256:" and 64 hex digits, or "sha512:" and 128, in lower case`)
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0 || size > maxBlobBytes)
    throw new UserError(`${where}.size must be a number of bytes from 0 to ${maxBlobBytes}`)
  if (artifactType !== undefined && typeof artifactType !== 'string') throw new UserError(`${where}.artifactType must be text`)
  const parsedPlatform = parsePlatform(platform, `${where}.platform`)
  const parsedAnnotations = parseAnnotations(annotations, `${where}.annotations`)
  return {
    mediaType,
    digest,
    size,
    ...(artifactType === undefined || artifactType === '' ? {} : { artifactType }),
    ...(parsedAnnotations === undefined ? {} : { annotations: parsedAnnotations }),
    ...(parsedPlatform === undefined ? {} : { platform: parsedPlatform }),
  }
}

/** Undefined if there are none. Throws a UserError. */
export function parseAnnotations(value: unknown, where: string): Readonly<Record<string, string>> | undefined {
  if (value === undefined || value === null) return undefined
  if (!isJsonObject(value)) throw new UserError(`${where} must be names and texts`)
  const names = Object.keys(value)
  if (names.length > maxAnnotations) throw new UserError(`${where} must have at most ${maxAnnotations} names`)
  const annotations: [string, string][] = []
  for (const name of names) {
    const text = value[name]
    if (typeof text !== 'string' || text.length > maxAnnotationLength)
      throw new UserError(`${where}[${writeJson(name.slice(0, 100))}] must be text of at most ${maxAnnotationLength} characters`)
    annotations.push([name, text])
  }
  // fromEntries() makes own properties, also of `__proto__`.
  return Object.fromEntries(annotations)
}

function parsePlatform(value: unknown, where: string): Platform | undefined {
  if (value === undefined || value === null) return undefined
  if (!isJsonObject(value)) throw new UserError(`${where} must have os and architecture`)
  const { os, architecture, variant } = value
  if (!isName(os) || !isName(architecture)) throw new UserError(`${where} must have os and architecture`)
  return { os, architecture, ...(isName(variant) && variant !== '' ? { variant } : {}) }
}

const maxNameLength = 100
const isName = (value: unknown): value is string => typeof value === 'string' && value.length <= maxNameLength
