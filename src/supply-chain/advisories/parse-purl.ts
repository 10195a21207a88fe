// Package URLs as advisories, reports and VEX statements name packages: what is none is no fault of theirs.
import { UserError } from '../../base/user-error.ts'
import { parsePackageUrlParts } from '../packages/package-url-parts.ts'

export interface PackageUrl {
  readonly type: string
  /** Of npm without its `@`. */
  readonly namespace?: string
  readonly name: string
  readonly version?: string
  /** Such as `arch`, `epoch`, `distro`. */
  readonly qualifiers: ReadonlyMap<string, string>
}

/** undefined if the text is no package URL. The subpath is ignored. */
export function parsePurl(text: string): PackageUrl | undefined {
  try {
    const { type, namespace, name, version, qualifiers } = parsePackageUrlParts(text)
    return {
      type,
      ...(namespace !== '' && { namespace: type === 'npm' && namespace.startsWith('@') ? namespace.slice(1) : namespace }),
      name,
      ...(version !== '' && { version }),
      qualifiers,
    }
  } catch (err) {
    if (err instanceof UserError) return undefined
    throw err
  }
}
