// Splits the reference of an image into its parts.

export interface ImageReference {
  /** Without tag and digest. */
  readonly name: string
  readonly tag: string | undefined
  readonly digest: string | undefined
}

/** As container runtimes do: the last colon after the last slash begins the tag. */
export function parseImage(text: string): ImageReference {
  const [tagged = '', digest] = text.split('@', 2)
  const colon = tagged.lastIndexOf(':')
  const hasTag = colon > tagged.lastIndexOf('/')
  return { name: hasTag ? tagged.slice(0, colon) : tagged, tag: hasTag ? tagged.slice(colon + 1) : undefined, digest }
}
