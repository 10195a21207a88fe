// Validates values by the schema of a custom resource, in the words of upstream's validator. Compiled once per schema.
import { writeJson } from '../../../base/write-json.ts'
import { compilePattern, runSteps } from '../../cel/values/regex.ts'
import { type FieldError, invalidValue, notSupported, required, tooLong, tooMany, typeInvalid } from '../../field-error.ts'
import { goSyntax } from '../../go-text/go-format.ts'
import { goQuote } from '../../go-text/go-quote.ts'
import { sameValue } from '../../same-value.ts'
import { isRecord } from '../../schema/compile.ts'
import { goMapJson, isInt64 } from '../../schema/go-json.ts'
import type { JSONSchemaProps } from '../../types/apiextensions-v1.ts'
import { notSupportedShown } from '../../validation/go-syntax.ts'
import { formats } from './formats.ts'
import { OldValues, oldItems, uncorrelated } from './old-values.ts'
import { isSchema } from './schema-reader.ts'
import { type PathStep, pathText } from './value-path.ts'

/** The current place of a validation, and its errors. */
export class Walk {
  readonly errors: FieldError[] = []
  readonly #path: PathStep[]
  /** The number of validators that ran: if all alternatives fail, the one that got furthest is shown. */
  ran = 0
  /** Whether unchanged values pass. */
  readonly ratchets: boolean
  readonly old = new OldValues()
  readonly #budget: { steps: number }

  constructor(ratchets: boolean, path: readonly PathStep[] = [], budget = { steps: maxValidationSteps }) {
    this.ratchets = ratchets
    this.#path = [...path]
    this.#budget = budget
  }

  /** Throws `TooManySteps` if validation takes too long, for instance for a long list whose items have very many alternatives. */
  charge(steps: number): void {
    this.#budget.steps -= steps
    if (this.#budget.steps < 0) throw new TooManySteps()
  }

  push(step: PathStep): void {
    this.#path.push(step)
  }

  pop(): void {
    this.#path.pop()
  }

  /** A separate walk at the same place, for an alternative. */
  aside(): Walk {
    return new Walk(false, this.#path, this.#budget)
  }

  /** Here, upstream's path to unknown fields begins with a dot. */
  get isAtTop(): boolean {
    return this.#path.length === 0
  }

  get path(): string {
    return pathText(this.#path)
  }
}

/** Validators that run on one object, and texts by their length and pattern size. The largest objects need a tenth of them with ordinary schemas. */
export const maxValidationSteps = 10_000_000

export class TooManySteps extends Error {}

export type Validate = (value: unknown, walk: Walk, old: unknown) => void

/** Validators of plain fields, many of which are equal in a schema. */
interface Known {
  readonly validates: Map<string, Validate>
  /** For a default: upstream ignores `x-kubernetes-int-or-string` there, and checks every format. */
  readonly ofDefault: boolean
}

export function schemaValidator(schema: JSONSchemaProps): Validate {
  return validateOf(schema, { validates: new Map(), ofDefault: false })
}

/** For a default in a schema. */
export function defaultValidator(schema: JSONSchemaProps): Validate {
  return validateOf(schema, { validates: new Map(), ofDefault: true })
}

function validateOf(schema: JSONSchemaProps, known: Known): Validate {
  if (schema.items !== undefined || schema.properties !== undefined || schema.additionalProperties !== undefined)
    return makeValidator(schema, known)
  const text = writeJson(schema)
  const found = known.validates.get(text) ?? makeValidator(schema, known)
  known.validates.set(text, found)
  return found
}

function makeValidator(schema: JSONSchemaProps, known: Known): Validate {
  const validateType = typeValidator(schema, known)
  const onNull = [validateType, enumValidator(schema)].filter(validate => validate !== undefined)
  const validates = [
    validateType,
    junctorValidator(schema, known),
    stringValidator(schema),
    formatValidator(schema),
    known.ofDefault ? widthValidator(schema) : undefined,
    numberValidator(schema),
    listValidator(schema, known),
    enumValidator(schema),
    objectValidator(schema, known),
  ].filter(validate => validate !== undefined)
  return (value, walk, old) => {
    if (walk.ratchets && old !== uncorrelated && walk.old.unchanged(schema, value, old)) return
    walk.charge(validates.length + 1)
    for (const validate of value === null ? onNull : validates) validate(value, walk, old)
    walk.ran += validates.length
  }
}

const fail = (walk: Walk, value: unknown, text: string): void => {
  walk.errors.push(invalidValue(walk.path || '<nil>', value, `${walk.path} in body ${text}`))
}

function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  switch (typeof value) {
    case 'number':
      return isInt64(value) ? 'integer' : 'number'
    case 'bigint':
      return 'integer'
    case 'string':
    case 'boolean':
      return typeof value
    default:
      return 'object'
  }
}

/** As upstream, a format replaces the type: only strings and lists are not checked by it, and those two pass as each other. */
function typeValidator({ type = '', nullable, format = '', ...schema }: JSONSchemaProps, { ofDefault }: Known): Validate | undefined {
  const types = !ofDefault && schema['x-kubernetes-int-or-string'] === true ? ['integer', 'string'] : type === '' ? [] : [type]
  const hasFormat = ofDefault ? format !== '' : formatOf(format) !== undefined
  if (types.length === 0 && !hasFormat) return undefined
  const isNumeric = types.includes('integer') || types.includes('number')
  const expected = types.join(',')
  return (value, walk) => {
    const actual = typeName(value)
    if (actual === 'null' ? nullable === true || types.length === 0 : types.some(one => fits(actual, one))) return
    const isText = actual === 'string' || actual === 'array'
    if (hasFormat && isText && !isNumeric) return
    const measured = formatNames[actual] ?? ''
    const [wanted, shown] = hasFormat && !isText && actual !== 'null' && measured !== format ? [format, measured] : [expected, actual]
    walk.errors.push(typeInvalid(walk.path || '<nil>', shown, `${walk.path} in body must be of type ${wanted}: ${goQuote(shown)}`))
  }
}

const fits = (actual: string, type: string): boolean => actual === type || (actual === 'integer' && type === 'number')

/** Upstream's formats of numbers. */
const formatNames: Readonly<Record<string, string>> = { integer: 'int64', number: 'float64' }

/** Upstream ignores unknown formats. */
const formatOf = (format: string): ((text: string) => boolean) | undefined => formats.get(format.replaceAll('-', ''))

function junctorValidator({ allOf = [], anyOf = [], oneOf = [], not }: JSONSchemaProps, known: Known): Validate | undefined {
  const made = (schema: JSONSchemaProps): Validate => validateOf(schema, known)
  if (allOf.length + anyOf.length + oneOf.length === 0 && not === undefined) return undefined
  const [all, any, one] = [allOf.map(made), anyOf.map(made), oneOf.map(made)]
  const never = not === undefined ? undefined : made(not)
  return (value, walk) => {
    const composite = (text: string) => walk.errors.push(invalidValue('<nil>', '', `${goQuote(walk.path)} ${text}`))
    if (any.length > 0) {
      const { passed, best } = alternatives(any, value, walk, 1)
      if (passed === 0) composite('must validate at least one schema (anyOf)')
      walk.errors.push(...best)
    }
    if (one.length > 0) {
      const { passed, best } = alternatives(one, value, walk, Number.POSITIVE_INFINITY)
      const found = passed === 0 ? 'Found none valid' : `Found ${passed} valid alternatives`
      if (passed !== 1) composite(`must validate one and only one schema (oneOf). ${found}`)
      walk.errors.push(...best)
    }
    if (all.length > 0) {
      const results = all.map(validate => validateAside(validate, value, walk))
      for (const { errors } of results) walk.errors.push(...errors)
      const passed = results.filter(({ errors }) => errors.length === 0).length
      if (passed < all.length) composite(`must validate all the schemas (allOf)${passed === 0 ? '. None validated' : ''}`)
    }
    if (never !== undefined && validateAside(never, value, walk).errors.length === 0) composite('must not validate the schema (not)')
  }
}

function validateAside(validate: Validate, value: unknown, walk: Walk): Walk {
  // A failing alternative also costs its messages.
  walk.charge(8)
  const aside = walk.aside()
  validate(value, aside, uncorrelated)
  return aside
}

function alternatives(
  validates: readonly Validate[],
  value: unknown,
  walk: Walk,
  enough: number,
): { passed: number; best: readonly FieldError[] } {
  let passed = 0
  let best: Walk | undefined
  for (const validate of validates) {
    const result = validateAside(validate, value, walk)
    if (result.errors.length === 0) passed++
    else if (best === undefined || result.ran > best.ran) best = result
    if (passed === enough) break
  }
  return { passed, best: passed > 0 || best === undefined ? [] : best.errors }
}

function stringValidator({ maxLength, minLength, pattern = '' }: JSONSchemaProps): Validate | undefined {
  if (maxLength === undefined && minLength === undefined && pattern === '') return undefined
  return (value, walk) => {
    if (typeof value !== 'string') return
    if (maxLength !== undefined && value.length > maxLength && characters(value) > maxLength) {
      walk.errors.push(tooLong(walk.path || '<nil>', maxLength))
    } else if (minLength !== undefined && characters(value) < minLength) fail(walk, value, `should be at least ${minLength} chars long`)
    else if (pattern !== '') {
      const compiled = compilePattern(pattern)
      walk.charge(runSteps(value, compiled))
      if (!compiled.test(value)) fail(walk, value, `should match '${pattern}'`)
    }
  }
}

/** Go counts code points. */
function characters(text: string): number {
  let count = text.length
  for (let at = 0; at < text.length - 1; at++) if ((text.codePointAt(at) ?? 0) > 0xffff) count--
  return count
}

function formatValidator({ format = '' }: JSONSchemaProps): Validate | undefined {
  const fitsFormat = formatOf(format)
  if (fitsFormat === undefined) return undefined
  return (value, walk) => {
    if (typeof value !== 'string' || fitsFormat(value)) return
    walk.errors.push(typeInvalid(walk.path || '<nil>', value, `${walk.path} in body must be of type ${format}: ${goQuote(value)}`))
  }
}

/** Ranges of number formats. */
const widths: Readonly<Record<string, readonly [least: number, most: number]>> = {
  'integer int32': [-(2 ** 31), 2 ** 31 - 1],
  'integer uint32': [0, 2 ** 32 - 1],
  'integer uint64': [0, 2 ** 64],
  'number float': [-3.4028234663852886e38, 3.4028234663852886e38],
}

function widthValidator({ type = '', format = '' }: JSONSchemaProps): Validate | undefined {
  const width = widths[`${type} ${format}`]
  if (width === undefined) return undefined
  const [least, most] = width
  return (value, walk) => {
    if (!isNumeric(value) || (value >= least && value <= most)) return
    walk.errors.push(invalidValue('<nil>', '', `Checked value must be of type ${type} with format ${format} in ${walk.path}`))
  }
}

function numberValidator(schema: JSONSchemaProps): Validate | undefined {
  const { maximum, minimum, multipleOf, exclusiveMaximum = false, exclusiveMinimum = false } = schema
  if (maximum === undefined && minimum === undefined && multipleOf === undefined) return undefined
  return (value, walk) => {
    if (!isNumeric(value)) return
    // Upstream compares an integer with the integral part of the schema's value.
    const bound = typeof value === 'bigint' || isInt64(value) ? Math.trunc : (number: number): number => number
    if (multipleOf !== undefined) validateMultiple(value, bound(multipleOf), walk)
    const [least, most] = [minimum === undefined ? undefined : bound(minimum), maximum === undefined ? undefined : bound(maximum)]
    if (least !== undefined && (exclusiveMinimum ? value <= least : value < least)) {
      fail(walk, value, `should be greater than ${exclusiveMinimum ? '' : 'or equal to '}${least}`)
    }
    if (most !== undefined && (exclusiveMaximum ? value >= most : value > most)) {
      fail(walk, value, `should be less than ${exclusiveMaximum ? '' : 'or equal to '}${most}`)
    }
  }
}

/** JavaScript compares a bigint with a number exactly. */
const isNumeric = (value: unknown): value is number | bigint => typeof value === 'number' || typeof value === 'bigint'

function validateMultiple(value: number | bigint, factor: number, walk: Walk): void {
  if (factor <= 0) {
    walk.errors.push(invalidValue(walk.path || '<nil>', factor, `factor MultipleOf declared for ${walk.path} must be positive: ${factor}`))
  } else if (!isMultiple(value, factor)) {
    fail(walk, value, `should be a multiple of ${factor}`)
  }
}

function isMultiple(value: number | bigint, factor: number): boolean {
  // Upstream, too, divides integers by the integral part of the factor, which is not 0 here.
  if (typeof value === 'bigint') return value % BigInt(factor) === 0n
  return isInt64(value) ? value % factor === 0 : isWhole(factor < 1 ? (1 / factor) * value : value / factor)
}

/** By upstream's computation, in which a quotient may be slightly above a whole number. */
function isWhole(quotient: number): boolean {
  if (Math.abs(quotient) > Number.MAX_SAFE_INTEGER) return false
  const whole = Math.trunc(quotient)
  return quotient === whole || (quotient > 1 && (quotient - whole) / (quotient + whole) < 1e-9)
}

function listValidator(schema: JSONSchemaProps, known: Known): Validate | undefined {
  const { items, maxItems, minItems } = schema
  const validateItem = isSchema(items) ? validateOf(items, known) : undefined
  if (validateItem === undefined && maxItems === undefined && minItems === undefined) return undefined
  return (value, walk, old) => {
    if (!Array.isArray(value)) return
    if (validateItem !== undefined) {
      const oldItem = walk.ratchets ? oldItems(schema, old) : undefined
      for (let index = 0; index < value.length; index++) {
        walk.push(index)
        validateItem(value[index], walk, oldItem === undefined ? uncorrelated : oldItem(value[index]))
        walk.pop()
      }
    }
    if (minItems !== undefined && value.length < minItems) fail(walk, value.length, `should have at least ${minItems} items`)
    if (maxItems !== undefined && value.length > maxItems) walk.errors.push(tooMany(walk.path || '<nil>', value.length, maxItems))
  }
}

/** As upstream, a null matches none of the values, even if one of them is null. */
function enumValidator({ enum: values = [] }: JSONSchemaProps): Validate | undefined {
  if (values.length === 0) return undefined
  const texts = new Set(values.filter(value => typeof value === 'string'))
  return (value, walk) => {
    if (typeof value !== 'string') walk.charge(values.length)
    if (typeof value === 'string' ? texts.has(value) : value !== null && values.some(allowed => sameValue(allowed, value))) return
    const supported = values.map(allowed => (typeof allowed === 'string' ? allowed : goMapJson(allowed)))
    const field = walk.path || '<nil>'
    walk.errors.push(
      typeof value === 'object' && value !== null
        ? notSupportedShown(field, goSyntax(value), supported)
        : notSupported(field, value, supported),
    )
  }
}

function objectValidator(schema: JSONSchemaProps, known: Known): Validate | undefined {
  const { properties = {}, additionalProperties, required: names = [], minProperties, maxProperties } = schema
  const validates = new Map(Object.entries(properties).map(([name, property]) => [name, validateOf(property, known)]))
  const validateOther = isSchema(additionalProperties) ? validateOf(additionalProperties, known) : undefined
  if (
    validates.size === 0 &&
    validateOther === undefined &&
    names.length === 0 &&
    minProperties === undefined &&
    maxProperties === undefined
  )
    return undefined
  return (value, walk, old) => {
    if (!isRecord(value)) return
    if (minProperties !== undefined || maxProperties !== undefined) {
      const count = Object.keys(value).length
      if (minProperties !== undefined && count < minProperties) fail(walk, count, `should have at least ${minProperties} properties`)
      if (maxProperties !== undefined && count > maxProperties) walk.errors.push(tooMany(walk.path || '<nil>', count, maxProperties))
    }
    const before = walk.ratchets && isRecord(old) ? old : undefined
    for (const name in value) {
      const validate = validates.get(name) ?? validateOther
      const member = value[name]
      if (validate === undefined || member === undefined) continue
      walk.push(validates.has(name) || !walk.isAtTop ? name : `.${name}`)
      validate(member, walk, before !== undefined && Object.hasOwn(before, name) ? before[name] : uncorrelated)
      walk.pop()
    }
    for (const name of names) {
      if (Object.hasOwn(value, name) && value[name] !== undefined) continue
      walk.push(name)
      walk.errors.push(required(walk.path))
      walk.pop()
    }
  }
}
