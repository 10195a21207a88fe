// Versions of npm packages: semantic versions, also with a leading `v` or `=`, as npm reads them.
import { compareSemver, parseSemver } from './semver.ts'
import { orderOf } from './version-order.ts'

export const compareNpmVersions = orderOf(text => parseSemver(/^[v=]/.test(text) ? text.slice(1) : text), compareSemver)
