// Another scanner that is installed here and is run because the user names it.
import type { SoftwareTarget } from '../../sbom/software-target.ts'

export interface Scanner {
  /** As of `--with`, and of its program. */
  readonly name: string
  /** Arguments that make it write a report to its standard output, from data that it has already. `platform` as of `--platform`. */
  arguments(target: SoftwareTarget, platform: string | undefined): readonly string[]
  /** Why a failure may be, by what it wrote; undefined if it says so itself. */
  hint(errors: string): string | undefined
}
