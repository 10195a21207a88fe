// Which tag an image reference names: decides whether the image is pulled always or only where it is missing.

const hexIdentifier = /^[a-f0-9]{64}$/
const domainPattern =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/
const pathPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/
const tagPattern = /^\w[\w.-]{0,127}$/
const digestPattern = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/
const maxNameLength = 255

/**
 * The tag of a reference in the grammar of the distribution project: `latest` where there is neither tag nor digest,
 * empty where a digest alone stands there or the reference is malformed (which the node will say when it pulls).
 */
export function imageTag(image: string): string {
  if (hexIdentifier.test(image)) return ''
  const at = image.indexOf('@')
  const digest = at < 0 ? undefined : image.slice(at + 1)
  if (digest !== undefined && !digestPattern.test(digest)) return ''
  const named = at < 0 ? image : image.slice(0, at)
  const colon = named.lastIndexOf(':')
  const hasTag = colon > named.lastIndexOf('/')
  const tag = hasTag ? named.slice(colon + 1) : undefined
  if (tag !== undefined && !tagPattern.test(tag)) return ''
  if (!isRepository(hasTag ? named.slice(0, colon) : named)) return ''
  return tag ?? (digest === undefined ? 'latest' : '')
}

function isRepository(name: string): boolean {
  const slash = name.indexOf('/')
  const first = slash < 0 ? '' : name.slice(0, slash)
  // What has no dot, no port and no capital is a part of the path on the default registry.
  const hasDomain = slash >= 0 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase())
  const path = hasDomain ? name.slice(slash + 1) : name
  if (hasDomain && !domainPattern.test(first)) return false
  // A single word on the default registry stands below its official images.
  const isOfficial = !path.includes('/') && (!hasDomain || defaultRegistries.has(first))
  const length = path.length + (isOfficial ? 'library/'.length : 0)
  return path !== '' && length <= maxNameLength && path.split('/').every(part => pathPattern.test(part))
}

const defaultRegistries = new Set(['docker.io', 'index.docker.io'])
