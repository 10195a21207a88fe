// What a path on the command line is: an OCI layout, an archive of an image, or a folder of files.
import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { cannotRead, codeOf, UserError } from '../../base/user-error.ts'

export interface SoftwareTarget {
  readonly kind: 'layout' | 'archive' | 'directory'
  /** Absolute. */
  readonly path: string
}

/** Undefined if nothing is there: the text may be an image's reference. Throws a UserError if it is not readable. */
export function softwareTarget(text: string): SoftwareTarget | undefined {
  const path = resolve(text)
  const stat = statOf(path)
  if (stat === undefined) return undefined
  if (stat.isDirectory()) return { kind: statOf(join(path, 'oci-layout'))?.isFile() ? 'layout' : 'directory', path }
  if (stat.isFile()) return { kind: 'archive', path }
  throw new UserError(`"${text}" must be an OCI layout, an archive of an image or a folder`)
}

function statOf(path: string) {
  try {
    return statSync(path)
  } catch (err) {
    if (codeOf(err) === 'ENOENT' || codeOf(err) === 'ENOTDIR') return undefined
    throw cannotRead(path, err)
  }
}
