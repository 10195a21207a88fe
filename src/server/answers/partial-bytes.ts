// Metadata without the rest, cut out of an object's bytes: metadata informers follow every object there is, and most are parsed for nobody else.
import { findMember } from '../../base/json-bytes.ts'
import type { MetaVersion } from '../request/negotiate.ts'

/** What stands around the bytes of the metadata. */
export interface PartialFrame {
  readonly prefix: Buffer
  readonly suffix: Buffer
}

export function partialFrame(apiVersion: MetaVersion): PartialFrame {
  return { prefix: Buffer.from(`{"kind":"PartialObjectMetadata","apiVersion":"${apiVersion}","metadata":`), suffix: Buffer.from('}') }
}

/** The value of `metadata` as it stands in the canonical bytes (`JSON.stringify`) of an object: a view, not a copy. */
export function metadataBytes(object: Buffer): Buffer {
  const place = findMember(object, 0, 'metadata')
  if (place === undefined) throw new TypeError('The object has no metadata')
  return object.subarray(place.value, place.end)
}
