// Normalises an image reference as Docker's reference grammar has it, for pulls and credential look-up. Pure.

export interface ImageReference {
  /** With the default registry, `library/` and tag filled in: what is given to the runtime. */
  readonly full: string
  /** `registry.example:5000`; Docker Hub is `index.docker.io`. */
  readonly registry: string
  /** `registry.example:5000/path/name`, for matching credentials. */
  readonly repository: string
  /** The image carries `:latest`, said or implied, and no digest: its default policy is Always. */
  readonly latest: boolean
}

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const domainPart = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])'
const domain = `(?:${domainPart}(?:\\.${domainPart})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`
const grammar = new RegExp(
  `^(?:(${domain})/)?(${component}(?:/${component})*)(?::([\\w][\\w.-]{0,127}))?(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$`,
)

/** Undefined when the text is no image reference (InvalidImageName). */
export function parseImageReference(text: string): ImageReference | undefined {
  if (text.length > 4096) return undefined
  const match = grammar.exec(text)
  if (!match) return undefined
  let [, registry, path = '', tag, digest] = match
  // `team/image` has no registry although `team` could be a host: a registry has a dot or a port, or is localhost.
  if (registry !== undefined && !/[.:]/.test(registry) && registry !== 'localhost' && registry === registry.toLowerCase()) {
    path = `${registry}/${path}`
    registry = undefined
  }
  const host = registry ?? 'docker.io'
  const name = host === 'docker.io' && !path.includes('/') ? `library/${path}` : path
  if (name.length > 255) return undefined
  const effectiveTag = tag ?? (digest === undefined ? 'latest' : undefined)
  const full = `${host}/${name}${effectiveTag === undefined ? '' : `:${effectiveTag}`}${digest === undefined ? '' : `@${digest}`}`
  return {
    full,
    registry: host === 'docker.io' ? 'index.docker.io' : host,
    repository: `${host === 'docker.io' ? 'index.docker.io' : host}/${name}`,
    latest: digest === undefined && effectiveTag === 'latest',
  }
}
