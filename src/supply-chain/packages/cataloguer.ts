// What finds the packages of one ecosystem in an image or a folder. Each is a file in `cataloguers/` and a line in its list.
import type { FileFacts, Wish } from '../oci/layers/image-files.ts'
import type { SoftwarePackage } from './software-package.ts'

export interface CataloguedFile {
  readonly packages: readonly SoftwarePackage[]
  /** Files that these packages of the operating system brought, without a leading slash: what is in them is no other package. */
  readonly ownedFiles?: () => Iterable<string>
}

export interface Cataloguer {
  readonly name: string
  /**
   * `installed`: the file proves a package that is there. `declared`: it says what would be installed (a lock file), which counts in folders of sources and
   * not in images.
   */
  readonly finds: 'installed' | 'declared'
  /** Paths that are found also where links hide them. */
  readonly fixedPaths?: readonly string[]
  /** Undefined if the file, a path without a leading slash, is not its own. */
  wish(path: string, facts: FileFacts): Wish | undefined
  /** Throws a UserError if the file is malformed: it is then reported as not read. */
  read(path: string, content: Buffer): CataloguedFile | Promise<CataloguedFile>
}
