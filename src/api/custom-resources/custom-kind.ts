// Reads JSON as one version of a CustomResourceDefinition: compiled from its schema when the first object is read.
import { requireLate } from '../../base/async/late-module.ts'
import { runSteps, runStepsInTurns, type Steps } from '../../base/async/steps.ts'
import type { Budget } from '../../base/async/turns.ts'
import { type FieldError, formatFieldError, invalidValue } from '../field-error.ts'
import { goQuote } from '../go-text/go-quote.ts'
import type { KubeObject } from '../object.ts'
import type { Shape } from '../patch/apply/shape.ts'
import { isRecord, Unexpected } from '../schema/compile.ts'
import type { Decoded, FieldValidation, JsonText } from '../schema/decode.ts'
import { duplicateMembers } from '../schema/decode-exact.ts'
import { parseJsonText } from '../schema/json-text.ts'
import type { JSONSchemaProps } from '../types/apiextensions-v1.ts'
import type { EvaluateRules } from './rules/rule-evaluator.ts'
import type * as late from './rules/rules-late.ts'
import { embeddedReadProblem, embeddedValidator, metadataReadProblem } from './schema/embedded-resource.ts'
import { duplicateValidator } from './schema/list-items.ts'
import { uncorrelated } from './schema/old-values.ts'
import { defaultMaker, type Read, type Reading, resourceReader } from './schema/schema-reader.ts'
import { resourceShape } from './schema/schema-shape.ts'
import { schemaValidator, type Validate, Walk } from './schema/schema-validator.ts'
import type { Visit } from './schema/schema-visitor.ts'
import { unknownFields } from './schema/unknown-fields.ts'
import { someSchema, withoutProse } from './schema/walk-schema.ts'
import { below, validateBy, validateChange } from './validate-value.ts'

interface Compiled {
  readonly schema: JSONSchemaProps
  readonly read: Read
  readonly validate: Validate
  /** Of the status only, for its subresource. */
  readonly validateStatus: Validate | undefined
  readonly makeStatus: (() => unknown) | undefined
  readonly embedded: Visit | undefined
  readonly duplicates: Visit | undefined
  readonly rules: EvaluateRules | undefined
}

/** Everything is kept if the definition does not say. */
const anything: JSONSchemaProps = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }

export interface ScalePaths {
  readonly specReplicas: readonly string[]
  readonly statusReplicas: readonly string[]
  /** The path of a label selector in text form; undefined if the kind has none. */
  readonly selector: readonly string[] | undefined
}

export interface CustomKindOptions {
  /** Of the objects. */
  readonly apiVersion: string
  readonly kind: string
  /** Computed at each call and therefore called once; undefined if the version has none. */
  schema(): JSONSchemaProps | undefined
  /** Changes with the schema: a cache key for what was derived from it. */
  readonly schemaId: string
  /** Paths of the scale's fields in an object, as simple JSON paths; undefined for kinds without the subresource. */
  readonly scalePaths?: ScalePaths
}

export class CustomKind {
  readonly schemaId: string
  readonly scalePaths: ScalePaths | undefined
  /** A new object before any field is set. Never modified. */
  readonly empty: KubeObject = Object.freeze({ metadata: Object.freeze({}) })
  readonly #options: CustomKindOptions
  #made: Compiled | undefined
  #shape: Shape | undefined
  readonly #ratcheted = new WeakMap<object, readonly string[]>()
  /** See `validateInTurns`. */
  readonly #validated = new WeakMap<KubeObject, { readonly old: KubeObject | undefined; readonly errors: FieldError[] }>()

  constructor(options: CustomKindOptions) {
    this.#options = options
    this.schemaId = options.schemaId
    this.scalePaths = options.scalePaths
  }

  /** The schema of the version without descriptions; without a schema, everything is allowed. */
  schema(): JSONSchemaProps {
    return this.#made?.schema ?? withoutProse(this.describedSchema())
  }

  /** The schema as written: parsed at each call, since it is large and only documents need it. */
  describedSchema(): JSONSchemaProps {
    return this.#options.schema() ?? anything
  }

  get #compiled(): Compiled {
    if (this.#made === undefined) {
      const schema = this.schema()
      const status = schema.properties?.['status']
      this.#made = {
        schema,
        read: resourceReader(schema),
        validate: schemaValidator(withoutMeta(schema)),
        validateStatus: status === undefined ? undefined : schemaValidator(status),
        makeStatus: defaultMaker(schema, 'status'),
        embedded: embeddedValidator(schema),
        duplicates: duplicateValidator(schema),
        rules: rulesOf(schema),
      }
    }
    return this.#made
  }

  get shape(): Shape {
    this.#shape ??= resourceShape(this.schema())
    return this.#shape
  }

  /**
   * Reads an apply configuration: as upstream, nulls in it count as values, and the creation time may be unreadable, since the server sets
   * it. Never modifies `value`.
   */
  decodeApplied(value: Record<string, unknown>): Decoded {
    const object = this.#read(this.#compiled.read, withoutCreation(value), { members: 0, unknown: false, keepsNulls: true })
    return typeof object === 'string' ? { ok: false, message: object } : { ok: true, object, strictErrors: [] }
  }

  /** As `decodeValue` of the built-in kinds: prunes and sets defaults. Never modifies `value`. */
  decode(value: unknown, fieldValidation: FieldValidation, text?: JsonText): Decoded {
    if (!isRecord(value)) return { ok: false, message: 'json: cannot unmarshal into Go value of type map[string]interface {}' }
    const tally = { members: 0, unknown: false }
    const { read, schema } = this.#compiled
    const object = this.#read(read, value, tally)
    if (typeof object === 'string') return { ok: false, message: object }
    if (fieldValidation === 'Ignore') return { ok: true, object, strictErrors: [] }
    const twice = text !== undefined && text.scan.members !== tally.members
    if (!twice && !tally.unknown) return { ok: true, object, strictErrors: [] }
    const duplicates = twice && text !== undefined ? duplicateMembers(parseJsonText(text.text)) : []
    return { ok: true, object, strictErrors: [...duplicates, ...unknownFields(value, schema)].slice(0, maxStrictErrors) }
  }

  #read(read: Read, value: Record<string, unknown>, tally: Reading): KubeObject | string {
    try {
      const object = read(value, tally) as Record<string, unknown>
      if (object['metadata'] === undefined) return { metadata: {}, ...object }
      return object as Record<string, unknown> & KubeObject
    } catch (err) {
      if (err instanceof Unexpected) return readProblem(value, this.#compiled.schema)
      throw err
    }
  }

  /** A stored object as this version has it now: pruned by the schema, with new defaults. */
  adopt(object: KubeObject): KubeObject {
    return this.#adoptAs(object, { members: 0, unknown: false })
  }

  /** An object of another version as this one has it: pruned by the schema, with the defaults of its own version. */
  convert(object: KubeObject): KubeObject {
    return this.#adoptAs(object, { members: 0, unknown: false, fills: false })
  }

  #adoptAs(object: KubeObject, tally: Reading): KubeObject {
    const named = { ...object, apiVersion: this.#options.apiVersion, kind: this.#options.kind }
    const read = this.#read(this.#compiled.read, named, tally)
    // Unreadable objects are never stored; if one were, it would be returned as it is.
    return typeof read === 'string' ? named : read
  }

  /** Whether its schema has CEL rules. */
  get hasRules(): boolean {
    return this.#compiled.rules !== undefined
  }

  /**
   * Evaluates rules in turns with others; the next `validateNew` of this object, or with an old one `validateUpdate`, returns what was found. Nobody may change the
   * object in between.
   */
  async validateInTurns(object: KubeObject, old: KubeObject | undefined, budget: Budget): Promise<void> {
    if (!this.hasRules) return
    const errors = await runStepsInTurns(old === undefined ? this.#newSteps(object) : this.#updateSteps(object, old), budget)
    this.#validated.set(object, { old, errors })
  }

  validateNew(object: KubeObject): FieldError[] {
    return this.#foundBefore(object, undefined) ?? runSteps(this.#newSteps(object))
  }

  /** Once: the object may change after it. */
  #foundBefore(object: KubeObject, old: KubeObject | undefined): FieldError[] | undefined {
    const found = this.#validated.get(object)
    this.#validated.delete(object)
    return found?.old === old ? found?.errors : undefined
  }

  *#newSteps(object: KubeObject): Steps<FieldError[]> {
    const wrongType = this.validateType(object)
    if (wrongType.length > 0) return wrongType
    const { validate, embedded, duplicates } = this.#compiled
    const walk = validateBy(validate, object, uncorrelated)
    embedded?.(object, [], walk.errors)
    duplicates?.(object, [], walk.errors)
    yield* this.#validateRules(object, uncorrelated, walk)
    return walk.errors
  }

  /** Ratcheting: unchanged values pass if the schema became stricter. */
  validateUpdate(object: KubeObject, old: KubeObject): FieldError[] {
    return this.#foundBefore(object, old) ?? runSteps(this.#updateSteps(object, old))
  }

  *#updateSteps(object: KubeObject, old: KubeObject): Steps<FieldError[]> {
    const wrongType = this.validateType(object)
    if (wrongType.length > 0) return wrongType
    const { validate, embedded } = this.#compiled
    const walk = validateChange(validate, object, old)
    embedded?.(object, [], walk.errors)
    return yield* this.#validateLinks(object, old, walk)
  }

  /** As upstream, only the status is validated by its schema when only the status is written; messages treat it as the whole. */
  validateStatusUpdate(object: KubeObject & Record<string, unknown>, old: KubeObject & Record<string, unknown>): FieldError[] {
    const wrongType = this.validateType(object)
    if (wrongType.length > 0) return wrongType
    const { validateStatus } = this.#compiled
    const { status } = object
    if (validateStatus === undefined || status === undefined) return runSteps(this.#validateLinks(object, old, new Walk(false)))
    const walk = validateChange(validateStatus, status, old['status'] ?? uncorrelated)
    for (const [index, error] of walk.errors.entries()) walk.errors[index] = below(error, 'status')
    return runSteps(this.#validateLinks(object, old, walk))
  }

  /** The schema's problems of a missing status. */
  newStatus(): unknown {
    return this.#compiled.makeStatus?.()
  }

  /** What several values have to do with each other. */
  *#validateLinks(object: KubeObject, old: KubeObject, walk: Walk): Steps<FieldError[]> {
    const { duplicates } = this.#compiled
    if (duplicates !== undefined) {
      const found: FieldError[] = []
      duplicates(object, [], found)
      const before: FieldError[] = []
      if (found.length > 0) duplicates(old, [], before)
      if (before.length === 0) walk.errors.push(...found)
    }
    yield* this.#validateRules(object, old, walk)
    return walk.errors
  }

  /** Rules may rely on what the rest of the schema says. */
  *#validateRules(object: KubeObject, old: unknown, walk: Walk): Steps<void> {
    const { rules } = this.#compiled
    if (rules === undefined) return
    if (walk.errors.some(({ type }) => blocking.has(type))) walk.errors.push(invalidValue('<nil>', null, unchecked))
    else {
      const { errors, ratcheted } = yield* rules(object, old, walk.old)
      walk.errors.push(...errors)
      if (ratcheted.length > 0) this.#ratcheted.set(object, ratcheted.map(formatFieldError))
    }
  }

  /** Warnings for the validated object, such as new finalizers with names outside its domain. */
  warnings(object: KubeObject, old: KubeObject | undefined): string[] {
    const { metadata } = object
    const added = (metadata.finalizers ?? []).filter(name => !old?.metadata.finalizers?.includes(name))
    const unqualified = added.filter(name => !name.includes('/') && !standardFinalizers.has(name))
    return [
      ...(this.#ratcheted.get(object) ?? []),
      ...unqualified.sort().map(name => `metadata.finalizers: ${goQuote(name)}: ${preferQualified}`),
    ]
  }

  validateType({ apiVersion, kind }: KubeObject): FieldError[] {
    const errors: FieldError[] = []
    if (kind !== this.#options.kind) errors.push(invalidValue('kind', kind ?? '', `must be ${this.#options.kind}`))
    if (apiVersion !== this.#options.apiVersion) {
      errors.push(invalidValue('apiVersion', apiVersion ?? '', `must be ${this.#options.apiVersion}`))
    }
    return errors
  }
}

const maxStrictErrors = 100

const standardFinalizers = new Set(['orphan', 'foregroundDeletion', 'kubernetes'])
const preferQualified =
  'prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer writers'

const blocking: ReadonlySet<string> = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
])
const unchecked =
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation'

/** The rule engine is loaded with the first rules. */
function rulesOf(schema: JSONSchemaProps): EvaluateRules | undefined {
  const hasRules = someSchema(schema, ({ 'x-kubernetes-validations': rules = [] }) => rules.length > 0)
  return hasRules ? requireLate<typeof late>(import.meta.url, './rules/rules-late.ts').ruleEvaluator(schema) : undefined
}

/** Problems that make an object unreadable. */
function readProblem(value: Record<string, unknown>, schema: JSONSchemaProps): string {
  const { metadata } = value
  const own = metadata === undefined ? undefined : metadataReadProblem(metadata)
  return own ?? embeddedReadProblem(value, schema) ?? 'json: cannot represent a value: an integer is beyond 64 bits'
}

function withoutCreation(value: Record<string, unknown>): Record<string, unknown> {
  if (!isRecord(value['metadata'])) return value
  const { creationTimestamp: _creation, ...metadata } = value['metadata']
  return { ...value, metadata }
}

/** Kind, version and metadata are validated for all resources alike, except for the schema's rules about names. */
function withoutMeta(schema: JSONSchemaProps): JSONSchemaProps {
  const { apiVersion: _version, kind: _kind, ...properties } = schema.properties ?? {}
  return { ...schema, properties }
}
