// Versions of Rust's crates: semantic versions.
import { compareSemver, parseSemver } from './semver.ts'
import { orderOf } from './version-order.ts'

export const compareCargoVersions = orderOf(parseSemver, compareSemver)
