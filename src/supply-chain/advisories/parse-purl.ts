// Package URLs (purl-spec), as advisories and VEX statements name packages.

export interface PackageUrl {
  readonly type: string
  readonly namespace?: string
  readonly name: string
  readonly version?: string
  /** Such as `arch`, `epoch`, `distro`. */
  readonly qualifiers: ReadonlyMap<string, string>
}

/** Characters. */
export const maxPurlLength = 2048

/** undefined if the text is no package URL. The subpath is ignored. */
export function parsePurl(text: string): PackageUrl | undefined {
  if (!text.startsWith('pkg:') || text.length > maxPurlLength) return undefined
  const withoutSubpath = before(text.slice('pkg:'.length), '#')
  const question = withoutSubpath.indexOf('?')
  const path = question === -1 ? withoutSubpath : withoutSubpath.slice(0, question)
  const at = path.lastIndexOf('@')
  // An @ before the last slash is npm's of a scope that was not encoded.
  const hasVersion = at > path.lastIndexOf('/') && at > 0
  const parts = (hasVersion ? path.slice(0, at) : path)
    .split('/')
    .filter(part => part !== '')
    .map(decode)
  const version = hasVersion ? decode(path.slice(at + 1)) : undefined
  const [type, ...names] = parts
  const name = names.at(-1)
  const qualifiers = question === -1 ? new Map<string, string>() : parseQualifiers(withoutSubpath.slice(question + 1))
  if (
    type === undefined ||
    name === undefined ||
    parts.includes(undefined) ||
    (hasVersion && version === undefined) ||
    qualifiers === undefined
  )
    return undefined
  const namespace = names.slice(0, -1).join('/')
  return {
    type: type.toLowerCase(),
    ...(namespace !== '' && { namespace: type === 'npm' && namespace.startsWith('@') ? namespace.slice(1) : namespace }),
    name,
    ...(version !== undefined && version !== '' && { version }),
    qualifiers,
  }
}

const before = (text: string, mark: string): string => {
  const at = text.indexOf(mark)
  return at === -1 ? text : text.slice(0, at)
}

function parseQualifiers(text: string): ReadonlyMap<string, string> | undefined {
  const qualifiers = new Map<string, string>()
  for (const part of text.split('&')) {
    const equals = part.indexOf('=')
    const value = decode(part.slice(equals + 1))
    if (equals <= 0 || value === undefined) return undefined
    qualifiers.set(part.slice(0, equals).toLowerCase(), value)
  }
  return qualifiers
}

/** undefined for a broken percent-encoding. */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch (err) {
    if (err instanceof URIError) return undefined
    throw err
  }
}
