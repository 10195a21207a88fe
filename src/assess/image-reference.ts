// The parts of an image's name that say which image it is.

export interface ImageReference {
  /** Without tag and digest. */
  readonly name: string
  readonly tag: string | undefined
  readonly digest: string | undefined
}

/** As container runtimes read it: the last colon behind the last slash begins the tag. */
export function parseImage(text: string): ImageReference {
  const [tagged = '', digest] = text.split('@', 2)
  const colon = tagged.lastIndexOf(':')
  const hasTag = colon > tagged.lastIndexOf('/')
  return { name: hasTag ? tagged.slice(0, colon) : tagged, tag: hasTag ? tagged.slice(colon + 1) : undefined, digest }
}
