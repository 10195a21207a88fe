// The parts of a package URL (purl-spec, PURL-SPECIFICATION), of any type. What they mean for a type is not decided here.
import { UserError } from '../../base/user-error.ts'

export const maxPackageUrlLength = 4096

export interface PackageUrlParts {
  /** In lower case. */
  readonly type: string
  /** Empty for none; an npm scope keeps its `@`. */
  readonly namespace: string
  readonly name: string
  /** Empty for none. */
  readonly version: string
  /** Such as `arch`, `epoch`, `distro`; keys in lower case. */
  readonly qualifiers: ReadonlyMap<string, string>
}

/** Ignores the subpath, and qualifiers without a value. Throws a UserError if the text is malformed. */
export function parsePackageUrlParts(text: string): PackageUrlParts {
  const bad = (reason: string) => new UserError(`"${text.slice(0, 200)}" is no package URL: ${reason}`)
  if (text.length > maxPackageUrlLength) throw bad(`it has more than ${maxPackageUrlLength} characters`)
  if (!/^pkg:/i.test(text)) throw bad('it must begin with "pkg:"')
  const [beforeSubpath = ''] = text.slice(4).split('#', 1)
  const mark = beforeSubpath.indexOf('?')
  const query = mark < 0 ? '' : beforeSubpath.slice(mark + 1)
  const whole = (mark < 0 ? beforeSubpath : beforeSubpath.slice(0, mark)).replace(/^\/{1,10}/, '')
  const at = whole.lastIndexOf('@')
  // The scope of an npm package written without its percent code is no version.
  const hasVersion = at > 0 && at > whole.lastIndexOf('/')
  const decode = (part: string): string => {
    try {
      return decodeURIComponent(part)
    } catch (err) {
      throw new UserError(`"${text.slice(0, 200)}" is no package URL: it has a malformed percent code`, { cause: err })
    }
  }
  const [writtenType = '', ...parts] = (hasVersion ? whole.slice(0, at) : whole).split('/').filter(part => part !== '')
  const type = writtenType.toLowerCase()
  if (!/^[a-z][a-z0-9.-]*$/.test(type)) throw bad('its type must be letters, digits, "." and "-"')
  const decoded = parts.map(decode)
  const name = decoded.at(-1) ?? ''
  if (name === '') throw bad('it has no name')
  const qualifiers = new Map(
    query.split('&').flatMap((pair): [string, string][] => {
      const equals = pair.indexOf('=')
      return equals <= 0 ? [] : [[pair.slice(0, equals).toLowerCase(), decode(pair.slice(equals + 1))]]
    }),
  )
  return { type, namespace: decoded.slice(0, -1).join('/'), name, version: hasVersion ? decode(whole.slice(at + 1)) : '', qualifiers }
}
