// `registry/repository` of an image reference, as policies name it.
import { parseImageReference } from '../../api/image-reference.ts'

/** Docker Hub is `docker.io`, and its official images are in `library`. Undefined for a text that is no reference. */
export function repositoryOf(image: string): string | undefined {
  const { full, tag, digest } = parseImageReference(image) ?? {}
  if (full === undefined) return undefined
  const tagged = digest === undefined ? full : full.slice(0, full.length - digest.length - 1)
  return tag === undefined ? tagged : tagged.slice(0, tagged.length - tag.length - 1)
}
