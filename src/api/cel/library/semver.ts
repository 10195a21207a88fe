// Kubernetes' semantic versions: `semver('1.2.3').isLessThan(semver('1.3.0'))`.
import { goQuote } from '../../go-text/go-quote.ts'
import { free, type Library, member } from '../functions/function.ts'
import { fail, noSuchOverload } from '../values/failure.ts'
import { asBool, asString } from '../values/narrow.ts'
import * as t from '../values/type.ts'
import { type CelValue, Opaque, toInt } from '../values/values.ts'
import { addReading, addWork } from '../values/work-counter.ts'
import { nominal, parses } from './costs.ts'
import { semverType } from './opaque-types.ts'

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

const digits = /^\d*$/
const word = /^[0-9A-Za-z-]*$/
const hasLeadingZero = (part: string): boolean => part.length > 1 && part.startsWith('0')

/** A version, or why the text is none, in upstream's words. */
function read(text: string): Semver | string {
  if (text === '') return 'Version string empty'
  const [, major, minor, rest] = /^([^.]*)\.([^.]*)\.(.*)$/s.exec(text) ?? []
  if (major === undefined || minor === undefined || rest === undefined) return 'No Major.Minor.Patch elements found'
  const [, patch = '', , prerelease, , build] = /^([^-+]*)(-([^+]*))?(\+(.*))?$/s.exec(rest) ?? []
  const numbers: bigint[] = []
  for (const [name, part] of Object.entries({ Major: major, Minor: minor, Patch: patch })) {
    const number = readNumber(name, part)
    if (typeof number === 'string') return number
    numbers.push(number)
  }
  const before = prerelease?.split('.') ?? []
  return firstProblem(before, prereleaseProblem) ?? firstProblem(build?.split('.') ?? [], buildProblem) ?? new Semver(numbers, before)
}

function firstProblem(parts: readonly string[], problemOf: (part: string) => string | undefined): string | undefined {
  for (const part of parts) {
    const problem = problemOf(part)
    if (problem !== undefined) return problem
  }
  return undefined
}

function readNumber(name: string, part: string): bigint | string {
  if (!digits.test(part)) return `Invalid character(s) found in ${name.toLowerCase()} number ${goQuote(part)}`
  if (hasLeadingZero(part)) return `${name} number must not contain leading zeroes ${goQuote(part)}`
  return numberProblem(part) ?? BigInt(part)
}

/** The error of Go's strconv for digits that are no unsigned 64-bit number. */
function numberProblem(part: string): string | undefined {
  const problem = part === '' ? 'invalid syntax' : part.length > 20 || BigInt(part) >= maxPart ? 'value out of range' : undefined
  return problem === undefined ? undefined : `strconv.ParseUint: parsing ${goQuote(part)}: ${problem}`
}

function prereleaseProblem(part: string): string | undefined {
  if (part === '') return 'Prerelease is empty'
  if (!word.test(part)) return `Invalid character(s) found in prerelease ${goQuote(part)}`
  if (!digits.test(part)) return undefined
  return hasLeadingZero(part) ? `Numeric PreRelease version must not contain leading zeroes ${goQuote(part)}` : numberProblem(part)
}

function buildProblem(part: string): string | undefined {
  if (part === '') return 'Build meta data is empty'
  return word.test(part) ? undefined : `Invalid character(s) found in build meta data ${goQuote(part)}`
}

/** Without a leading v, with missing numbers added, without leading zeros. */
function readTolerantly(text: string): Semver | string {
  const [major = '', minor, ...rest] = text.replace(/^v/, '').split('.')
  const parts = [major, ...(minor === undefined ? [] : [minor]), ...(rest.length === 0 ? [] : [rest.join('.')])]
  if (parts.length < 3 && /[+-]/.test(parts.at(-1) ?? '')) return 'short version cannot contain PreRelease/Build meta data'
  const trimmed = parts.map(part => (Buffer.byteLength(part) > 1 ? part.replace(/^0*(?!\d)/, '0').replace(/^0+(?=\d)/, '') : part))
  while (trimmed.length < 3) trimmed.push('0')
  return read(trimmed.join('.'))
}

/** By precedence: numbers first, a prerelease before its release; build metadata is ignored. */
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
  addWork(4)
  addReading(a.length + b.length)
  const [left, right] = [/^\d+$/.test(a), /^\d+$/.test(b)]
  if (left !== right) return left ? -1 : 1
  if (!left) return a < b ? -1 : a > b ? 1 : 0
  const difference = BigInt(a) - BigInt(b)
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

const asSemver = (value: CelValue): Semver => (value instanceof Semver ? value : fail(noSuchOverload))
/** Minimum work of reading a version. */
const versionWork = 20
const parse = (value: CelValue, tolerant: boolean): Semver | string => {
  const text = asString(value)
  addWork(versionWork + text.length)
  return (tolerant ? readTolerantly : read)(text)
}
const must = (version: Semver | string): Semver => (typeof version === 'string' ? fail(version) : version)
const isVersion = (version: Semver | string): boolean => typeof version !== 'string'
/** Upstream keeps the bits of a number that no int can represent. */
const toSigned = (part: bigint): CelValue => toInt(BigInt.asIntN(64, part))

const { string, bool, int } = t
const S = semverType
const part = (name: string, index: number) => ({
  name,
  overloads: [member(`semver_${name}`, [S], int, value => toSigned(asSemver(value).numbers[index] ?? 0n), nominal)],
})

export const semverLibrary: Library = {
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
        free('is_semver_string', [string], bool, value => isVersion(parse(value, false)), parses),
        free('is_semver_string_bool', [string, bool], bool, (value, tolerant) => isVersion(parse(value, asBool(tolerant))), parses),
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
