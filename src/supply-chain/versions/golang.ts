// Versions of Go modules: `v1.2.3`, pseudo-versions, `+incompatible` (go.dev/ref/mod#versions), and of Go itself: `go1.22rc1`. Advisories leave out the v.
import { compareSemver, parseSemver, type SemanticVersion } from './semver.ts'
import { endOfRun, isDigit, isLetter, orderOf } from './version-order.ts'

export const compareGoVersions = orderOf(parse, compareSemver)

function parse(text: string): SemanticVersion | undefined {
  if (text.startsWith('go')) return parseRelease(text.slice(2))
  return parseSemver(text.startsWith('v') ? text.slice(1) : text)
}

/** `1.22rc1` is 1.22.0-rc.1 of Go's vulnerability database. What follows a space names experiments the tool chain was built with. */
function parseRelease(text: string): SemanticVersion | undefined {
  const space = text.indexOf(' ')
  const release = space === -1 ? text : text.slice(0, space)
  const letters = endOfRun(release, 0, char => isDigit(char) || char === '.')
  const digits = endOfRun(release, letters, isLetter)
  if (letters === release.length) return parseSemver(release)
  const numbers = parseSemver(release.slice(0, letters))
  const [name, number] = [release.slice(letters, digits), release.slice(digits)]
  if (numbers === undefined || (name !== 'rc' && name !== 'beta')) return undefined
  return parseSemver(`${numbers.numbers.join('.')}-${name}.${number}`)
}
