// Kubernetes' semantic versions: `semver('1.2.3').isLessThan(semver('1.3.0'))`.
import * as t from '../check/type.ts'
import { fail, noSuchOverload } from '../evaluate/failure.ts'
import { asBool, asString } from '../evaluate/narrow.ts'
import { type CelValue, Opaque, toInt } from '../evaluate/values.ts'
import { nominal, parses } from './costs.ts'
import { free, type Library, member } from './function.ts'
import { semverType } from './opaque-types.ts'

const shape =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?$/
const maxPart = 2n ** 64n

class Semver extends Opaque {
  readonly typeName = semverType.name
  /** Major, minor, patch. */
  readonly numbers: readonly bigint[]
  readonly prerelease: readonly string[]

  constructor(numbers: readonly bigint[], prerelease: readonly string[]) {
    super()
    this.numbers = numbers
    this.prerelease = prerelease
  }

  equals(other: Opaque): boolean {
    return other instanceof Semver && compareVersions(this, other) === 0
  }
}

function read(text: string): Semver | undefined {
  const match = shape.exec(text)
  if (match === null) return undefined
  const numbers = match.slice(1, 4).map(BigInt)
  const prerelease = match[4]?.split('.') ?? []
  if (numbers.some(part => part >= maxPart) || prerelease.some(part => /^0\d+$/.test(part))) return undefined
  return new Semver(numbers, prerelease)
}

/** Without a leading v, with the numbers that are missing, without leading zeros. */
function normalize(text: string): string {
  const [major = '', minor, ...rest] = text.replace(/^v/, '').split('.')
  const parts = [major, ...(minor === undefined ? [] : [minor]), ...(rest.length === 0 ? [] : [rest.join('.')])]
  if (parts.length < 3 && /[+-]/.test(parts.at(-1) ?? '')) return ''
  const trimmed = parts.map(part => part.replace(/^0+(?=\d)/, ''))
  while (trimmed.length < 3) trimmed.push('0')
  return trimmed.join('.')
}

/** By precedence: numbers first, a prerelease before its release; what was built does not count. */
function compareVersions(a: Semver, b: Semver): number {
  for (let i = 0; i < 3; i++) {
    const [left = 0n, right = 0n] = [a.numbers[i], b.numbers[i]]
    if (left !== right) return left < right ? -1 : 1
  }
  if (a.prerelease.length === 0 || b.prerelease.length === 0) return Math.sign(b.prerelease.length - a.prerelease.length)
  for (let i = 0; i < Math.min(a.prerelease.length, b.prerelease.length); i++) {
    const order = comparePart(a.prerelease[i] ?? '', b.prerelease[i] ?? '')
    if (order !== 0) return order
  }
  return Math.sign(a.prerelease.length - b.prerelease.length)
}

function comparePart(a: string, b: string): number {
  const [left, right] = [/^\d+$/.test(a), /^\d+$/.test(b)]
  if (left !== right) return left ? -1 : 1
  if (!left) return a < b ? -1 : a > b ? 1 : 0
  const difference = BigInt(a) - BigInt(b)
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

const asSemver = (value: CelValue): Semver => (value instanceof Semver ? value : fail(noSuchOverload))
const parse = (value: CelValue, tolerant: boolean): Semver | undefined => read(tolerant ? normalize(asString(value)) : asString(value))
const must = (version: Semver | undefined): Semver => version ?? fail('Invalid semantic version')

const { string, bool, int } = t
const S = semverType
const part = (name: string, index: number) => ({
  name,
  overloads: [member(`semver_${name}`, [S], int, value => toInt(asSemver(value).numbers[index] ?? 0n), nominal)],
})

export const semverLibrary: Library = {
  types: [semverType],
  functions: [
    {
      name: 'semver',
      overloads: [
        free('string_to_semver', [string], S, value => must(parse(value, false)), parses),
        free('string_bool_to_semver', [string, bool], S, (value, tolerant) => must(parse(value, asBool(tolerant))), parses),
      ],
    },
    {
      name: 'isSemver',
      overloads: [
        free('is_semver_string', [string], bool, value => parse(value, false) !== undefined, parses),
        free('is_semver_string_bool', [string, bool], bool, (value, tolerant) => parse(value, asBool(tolerant)) !== undefined, parses),
      ],
    },
    {
      name: 'isGreaterThan',
      overloads: [member('semver_is_greater_than', [S, S], bool, (a, b) => compareVersions(asSemver(a), asSemver(b)) > 0, nominal)],
    },
    {
      name: 'isLessThan',
      overloads: [member('semver_is_less_than', [S, S], bool, (a, b) => compareVersions(asSemver(a), asSemver(b)) < 0, nominal)],
    },
    {
      name: 'compareTo',
      overloads: [member('semver_compare_to', [S, S], int, (a, b) => compareVersions(asSemver(a), asSemver(b)), nominal)],
    },
    part('major', 0),
    part('minor', 1),
    part('patch', 2),
  ],
}
