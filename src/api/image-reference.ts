// Parses the name of a container image by the grammar of the distribution project, which container runtimes and kubelets use.

export interface ImageReference {
  /** With the default registry, `library/` and tag filled in: the runtime's form. */
  readonly full: string
  /** `registry.example:5000`; Docker Hub is `index.docker.io`. */
  readonly registry: string
  /** `registry.example:5000/path/name`, for matching credentials. */
  readonly repository: string
  /** Explicit or implied; undefined if there is only a digest. */
  readonly tag: string | undefined
  readonly digest: string | undefined
}

export interface ImageParts {
  /** Without tag and digest. */
  readonly name: string
  readonly tag: string | undefined
  readonly digest: string | undefined
}

const maxLength = 4096
const maxNameLength = 255
const hexIdentifier = /^[a-f0-9]{64}$/
const domainPattern =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/
const pathPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/
const tagPattern = /^\w[\w.-]{0,127}$/
const digestPattern = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/

const defaultDomain = 'docker.io'
const defaultRegistry = 'index.docker.io'

/** Splits any text, well-formed or not: a digest follows the first `@`, a tag the last colon after the last slash. */
export function splitImage(text: string): ImageParts {
  const at = text.indexOf('@')
  const [tagged, digest] = at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
  const colon = tagged.lastIndexOf(':')
  const hasTag = colon > tagged.lastIndexOf('/')
  return { name: hasTag ? tagged.slice(0, colon) : tagged, tag: hasTag ? tagged.slice(colon + 1) : undefined, digest }
}

/** Undefined if the text is no image reference (InvalidImageName). */
export function parseImageReference(text: string): ImageReference | undefined {
  if (text.length > maxLength || hexIdentifier.test(text)) return undefined
  const { name, tag: writtenTag, digest } = splitImage(text)
  const tag = writtenTag ?? (digest === undefined ? 'latest' : undefined)
  if ((tag !== undefined && !tagPattern.test(tag)) || (digest !== undefined && !digestPattern.test(digest))) return undefined
  const [domain, written] = splitDomain(name)
  // A single word on the default registry is an official image.
  const path = domain === defaultDomain && !written.includes('/') ? `library/${written}` : written
  if (!domainPattern.test(domain) || path.length > maxNameLength || !path.split('/').every(part => pathPattern.test(part))) return undefined
  const registry = domain === defaultDomain ? defaultRegistry : domain
  return {
    full: `${domain}/${path}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`,
    registry,
    repository: `${registry}/${path}`,
    tag,
    digest,
  }
}

/** `team/image` names no registry although `team` could be a host: a registry has a dot, a port or a capital, or is localhost. */
function splitDomain(name: string): [domain: string, path: string] {
  const slash = name.indexOf('/')
  const first = slash < 0 ? '' : name.slice(0, slash)
  if (!/[.:A-Z]/.test(first) && first !== 'localhost') return [defaultDomain, name]
  return [first === defaultRegistry ? defaultDomain : first, name.slice(slash + 1)]
}

/** The tag of a reference: empty if there is only a digest, or the reference is malformed (which the node reports when it pulls). */
export const imageTag = (image: string): string => parseImageReference(image)?.tag ?? ''
