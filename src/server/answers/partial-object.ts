// PartialObjectMetadata, for garbage collectors and metadata informers.
import type { KubeObject, ObjectMeta } from '../../api/object.ts'
import type { MetaVersion } from '../request/negotiate.ts'

export interface PartialObjectMetadata {
  readonly kind: 'PartialObjectMetadata'
  readonly apiVersion: MetaVersion
  readonly metadata: ObjectMeta
}

export function partialObject({ metadata }: KubeObject, apiVersion: MetaVersion): PartialObjectMetadata {
  return { kind: 'PartialObjectMetadata', apiVersion, metadata }
}
