// Cuts the metadata out of an object's bytes, without parsing: metadata informers follow all objects, and most are never parsed otherwise.
import { findMember } from '../../base/data/json-bytes.ts'
import type { MetaVersion } from '../request/negotiate.ts'

/** The bytes around the metadata. */
export interface PartialFrame {
  readonly prefix: Buffer
  readonly suffix: Buffer
}

export function partialFrame(apiVersion: MetaVersion): PartialFrame {
  return { prefix: Buffer.from(`{"kind":"PartialObjectMetadata","apiVersion":"${apiVersion}","metadata":`), suffix: Buffer.from('}') }
}

/** The value of `metadata` in the canonical bytes (`JSON.stringify`) of an object, as a view without a copy. */
export function metadataBytes(object: Buffer): Buffer {
  const place = findMember(object, 0, 'metadata')
  if (place === undefined) throw new TypeError('The object has no metadata')
  return object.subarray(place.value, place.end)
}
