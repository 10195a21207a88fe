// Metadata without the rest: what garbage collectors and metadata informers ask for.
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
