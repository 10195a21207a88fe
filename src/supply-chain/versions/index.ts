// The order of versions of every package type.
import type { PackageType } from '../packages/software-package.ts'
import { compareApkVersions } from './apk.ts'
import { compareCargoVersions } from './cargo.ts'
import { compareComposerVersions } from './composer.ts'
import { compareDebVersions } from './deb.ts'
import { compareGemVersions } from './gem.ts'
import { compareGoVersions } from './golang.ts'
import { compareMavenVersions } from './maven.ts'
import { compareNpmVersions } from './npm.ts'
import { comparePythonVersions } from './pypi.ts'
import { compareRpmVersions } from './rpm.ts'
import type { VersionOrder } from './version-order.ts'

export const versionOrders: Readonly<Record<PackageType, VersionOrder>> = {
  apk: compareApkVersions,
  cargo: compareCargoVersions,
  composer: compareComposerVersions,
  deb: compareDebVersions,
  gem: compareGemVersions,
  golang: compareGoVersions,
  maven: compareMavenVersions,
  npm: compareNpmVersions,
  pypi: comparePythonVersions,
  rpm: compareRpmVersions,
}
