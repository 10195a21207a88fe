// The annotation by which the API server remembers that it verified an object's manifest. Clients cannot write it.
import { createHash } from 'node:crypto'
import type { KubeObject } from '../../api/object.ts'
import { signatureAnnotation, verifiedAnnotation } from '../../supply-chain/manifests/signed-manifest.ts'

/** Of the object's signature; undefined without one. */
export function markOf({ metadata }: KubeObject): string | undefined {
  const signature = metadata.annotations?.[signatureAnnotation]
  return signature === undefined ? undefined : createHash('sha256').update(signature).digest('hex')
}

/** Whether the object was verified with the signature that it has, when it was written last. */
export function isMarked(object: KubeObject): boolean {
  const mark = object.metadata.annotations?.[verifiedAnnotation]
  return mark !== undefined && mark === markOf(object)
}

/** `mark` undefined removes it. */
export function setMark({ metadata }: KubeObject, mark: string | undefined): void {
  if (metadata.annotations?.[verifiedAnnotation] === mark) return
  const { [verifiedAnnotation]: _, ...others } = metadata.annotations ?? {}
  metadata.annotations = mark === undefined ? others : { ...others, [verifiedAnnotation]: mark }
}
