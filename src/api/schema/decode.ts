// Decodes the bytes of a request to an object of a built-in kind, as upstream's API server.
import { hasLongNumber, holdsInfinity, parseExactJson } from '../../base/exact-json.ts'
import { writeJson } from '../../base/write-json.ts'
import { groupVersion, type KubeObject } from '../object.ts'
import { badRequest } from '../status.ts'
import { byBytes, countMembers, isRecord, readerOf, Unexpected } from './compile.ts'
import { duplicateMembers, examine } from './decode-exact.ts'
import { type JsonNode, JsonSyntaxError, nodeOfValue, parseJsonText, scanJson, withWholeSurrogates } from './json-text.ts'
import { type GroupVersionKind, type StructType, schemaFor } from './model.ts'
import { tryYaml, type YamlOutcome } from './yaml.ts'

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict'

/** Deeper bodies are rejected; upstream's limit is 10,000, but no kind allows nearly that much. */
export const maxDepth = 500

/**
 * Limit for one body. All work on a value, from defaults and field management to validation and encoding, takes some microseconds. The
 * largest storable object has this many values if each takes 30 characters with its name; the largest definitions have more.
 */
export const maxValues = 50_000

export type Decoded =
  | { readonly ok: true; readonly object: KubeObject; readonly strictErrors: readonly string[] }
  /** `message` is the decoder's, without `… cannot be handled as a …`. */
  | { readonly ok: false; readonly message: string }

/**
 * Reads a parsed value as this struct. Never modifies `value`; shares parts that the schema does not describe (RawExtension). With `text`,
 * the value's JSON text, messages report duplicate members and the texts of numbers, and the result takes over maps of texts from `value`.
 */
export function decodeValue(value: unknown, type: StructType, fieldValidation: FieldValidation, text?: JsonText): Decoded {
  const tally = { members: 0, unknown: false, owned: text !== undefined }
  let object: unknown
  try {
    // A body of `null` sets nothing.
    object = readerOf(type)(value ?? {}, tally)
  } catch (err) {
    if (!(err instanceof Unexpected)) throw err
  }
  const strict = fieldValidation !== 'Ignore'
  const odd = tally.unknown || (text !== undefined && text.scan.members !== tally.members)
  if (isObject(object) && !(strict && odd) && text?.scan.hasFraction !== true) return { ok: true, object, strictErrors: [] }
  const { error, strictErrors } = examine(nodeOf(value, text), type)
  if (error !== undefined) return { ok: false, message: error }
  if (isObject(object)) return { ok: true, object, strictErrors: strict ? strictErrors : [] }
  return { ok: false, message: `json: cannot represent the value of ${type.name}: a 64-bit number is beyond ±2^53` }
}

export interface JsonText {
  readonly text: string
  readonly scan: ReturnType<typeof scanJson>
}

/** YAML that is no JSON is converted to JSON by upstream: with sorted members. */
function nodeOf(value: unknown, text: JsonText | undefined): JsonNode {
  return text === undefined ? nodeOfValue(value, record => Object.keys(record).sort(byBytes)) : parseJsonText(text.text)
}

function isObject(value: unknown): value is KubeObject {
  return isRecord(value)
}

export interface DecodedObject {
  readonly object: KubeObject
  /** One for each strict error if fieldValidation is Warn. */
  readonly warnings: readonly string[]
}

/**
 * Reads a request's body as an object of `kind`. Throws a 400 with upstream's words if it is none. The caller limits the size of `bytes`;
 * `document` is the body if it is already parsed.
 */
export function decodeBody(
  bytes: Uint8Array,
  kind: GroupVersionKind,
  fieldValidation: FieldValidation,
  document = parseDocument(bytes, 'application/json'),
): DecodedObject {
  const parsed = parsedBody(document, bytes, kind.kind)
  const actual = kindOf(parsed.value, kind, bytes)
  const wanted = schemaFor(kind.group, kind.version, kind.kind)
  if (wanted === undefined) throw badRequest(noKindMessage(kind))
  const handled = `${actual.kind} in version ${writeJson(actual.version)} cannot be handled as a ${kind.kind}: `
  const type = schemaFor(actual.group, actual.version, actual.kind)
  if (type === undefined) throw badRequest(handled + noKindMessage(actual))
  const decoded = decodeValue(parsed.value, type, fieldValidation, parsed.text)
  if (!decoded.ok) throw badRequest(handled + decoded.message)
  if (type.name !== wanted.name) {
    throw badRequest(`${handled}converting (${type.go}) to (${internalName(wanted)}): unknown conversion`)
  }
  const twice = fieldValidation === 'Ignore' ? undefined : parsed.duplicate
  const strictErrors = twice === undefined ? decoded.strictErrors : [twice, ...decoded.strictErrors]
  if (fieldValidation === 'Strict' && strictErrors.length > 0) throw badRequest(handled + strictDecodingMessage(strictErrors))
  if (type !== wanted) {
    const data = groupVersion(actual.group, actual.version)
    throw badRequest(
      `the API version in the data (${data}) does not match the expected API version (${groupVersion(kind.group, kind.version)})`,
    )
  }
  const { object } = decoded
  // Absent ones are taken from the path, as upstream does; decoding puts kind and apiVersion first only if they were given.
  const named =
    object.kind === undefined || object.apiVersion === undefined
      ? { kind: kind.kind, apiVersion: groupVersion(kind.group, kind.version), ...object }
      : object
  return { object: named, warnings: strictErrors }
}

/** Why a value of kind `actual` cannot become `wanted`, in upstream's words; undefined if it can. */
export function conversionProblem(actual: GroupVersionKind, wanted: StructType): string | undefined {
  const type = schemaFor(actual.group, actual.version, actual.kind)
  if (type === undefined) return noKindMessage(actual)
  return type.name === wanted.name ? undefined : `converting (${type.go}) to (${internalName(wanted)}): unknown conversion`
}

export function strictDecodingMessage(strictErrors: readonly string[]): string {
  return `strict decoding error: ${strictErrors.join(', ')}`
}

const legacyScheme = 'k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30'

/** `scheme` is where upstream creates its registry, which the message names. */
export function noKindMessage({ group, version, kind }: GroupVersionKind, scheme = legacyScheme): string {
  const gv = writeJson(groupVersion(group, version))
  return `no kind ${writeJson(kind)} is registered for version ${gv} in scheme ${writeJson(scheme)}`
}

/** Upstream's internal type of the kind: `core.Pod`. */
function internalName(type: StructType): string {
  return `${type.key.slice(0, type.key.indexOf('/'))}.${type.name}`
}

export interface ParsedBody {
  readonly value: unknown
  /** For JSON bodies only. */
  readonly text: JsonText | undefined
  /** A strict error of YAML bodies: a duplicate key. */
  readonly duplicate?: string | undefined
}

/** Throws a 400 for an unparseable body, which names `kind` as the expected one. */
export function parsedBody(parsed: ParsedDocument, bytes: Uint8Array, kind: string): ParsedBody {
  if (parsed.ok) return parsed
  throw parsed.fault === 'syntax' ? unrecognized(parsed.message, kind, bytes) : badRequest(parsed.message)
}

/** `fault` is `limit` if a limit of ours rejects what upstream reads. */
export type ParsedDocument =
  | (ParsedBody & { readonly ok: true })
  | { readonly ok: false; readonly message: string; readonly fault: 'syntax' | 'limit' }

/** Converts JSON or YAML to a plain value, with limited nesting; `message` is that of upstream's decoder. */
export function parseDocument(bytes: Uint8Array, contentType: string, allowedValues = maxValues): ParsedDocument {
  if (/^application\/yaml\b/.test(contentType)) return yamlDocument(tryYaml(bytes))
  const parsed = parseJsonBytes(bytes, allowedValues)
  if (parsed.ok) return parsed
  if (!parsed.syntax) return { ok: false, message: parsed.message, fault: 'limit' }
  return { ok: false, message: `${noKindIn} ${parsed.message}`, fault: 'syntax' }
}

const noKindIn = "couldn't get version/kind; json parse error:"

export type ParsedJson =
  | {
      readonly ok: true
      readonly value: unknown
      readonly text: JsonText
      /** `duplicate field "spec.replicas"`, in document order. */
      duplicates(): readonly string[]
    }
  | { readonly ok: false; readonly message: string; readonly syntax: boolean }

/** Parses JSON text to a plain value; limits nesting and values before parsing; `maxValues` is for bodies that may contain many objects. */
export function parseJsonBytes(bytes: Uint8Array, allowedValues = maxValues): ParsedJson {
  const scan = scanJson(bytes)
  if (scan.depth > maxDepth) return { ok: false, syntax: false, message: `the body is nested deeper than ${maxDepth} levels` }
  if (scan.values > allowedValues) return { ok: false, syntax: false, message: `the body has more than ${allowedValues} values` }
  const text = scan.hasSurrogate ? withWholeSurrogates(textOf(bytes)) : textOf(bytes)
  try {
    const isLong = hasLongNumber(text)
    const value: unknown = parseExactJson(text, isLong)
    if ((scan.hasFraction || isLong) && holdsInfinity(value))
      return { ok: false, syntax: false, message: infinityMessage(parseJsonText(text)) }
    const duplicates = (): string[] => (countMembers(value) === scan.members ? [] : duplicateMembers(parseJsonText(text)))
    return { ok: true, value, text: { text, scan }, duplicates }
  } catch (err) {
    if (err instanceof SyntaxError) return { ok: false, syntax: true, message: syntaxMessage(text) }
    throw err
  }
}

/** Go's words for a number beyond the range of 64-bit floats. */
function infinityMessage(node: JsonNode): string {
  const number = firstInfinity(node) ?? ''
  return `json: cannot unmarshal number ${number.length > maxQuoted ? `${number.slice(0, maxQuoted)}…` : number} into Go value of type float64`
}
const maxQuoted = 40

function firstInfinity(node: JsonNode): string | undefined {
  if (node.type === 'number') return Number.isFinite(Number(node.raw)) ? undefined : node.raw
  const inner = node.type === 'array' ? node.items : node.type === 'object' ? node.members.map(([, value]) => value) : []
  for (const each of inner) {
    const found = firstInfinity(each)
    if (found !== undefined) return found
  }
  return undefined
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

/** The words of Go's parser for text that parseJson rejects. */
function syntaxMessage(text: string): string {
  try {
    parseJsonText(text)
  } catch (err) {
    if (err instanceof JsonSyntaxError) return err.message
    throw err
  }
  throw new Error('parseExactJson() refused what the exact parser accepts')
}

export function yamlDocument(outcome: YamlOutcome): ParsedDocument {
  if (outcome.ok) return { ...outcome, text: undefined }
  return { ok: false, message: outcome.message, fault: 'syntax' }
}

export function unrecognized(message: string, kind: string, bytes: Uint8Array): Error {
  return badRequest(`the object provided is unrecognized (must be of type ${kind}): ${message} (${summary(bytes)})`)
}

/** The first bytes of a body, as upstream quotes it. */
function summary(bytes: Uint8Array): string {
  if (bytes.length === 0) return '<empty>'
  const head = Buffer.from(bytes.subarray(0, 30))
  const text = bytes[0] === 0x7b ? head.toString('utf8') : head.toString('hex')
  return bytes.length > 30 ? `${text} ...` : text
}

/** The body's own apiVersion and kind; absent parts are those of the path. */
function kindOf(value: unknown, wanted: GroupVersionKind, bytes: Uint8Array): GroupVersionKind {
  const declared = declaredKind(value, wanted)
  if (typeof declared === 'string') throw unrecognized(declared, wanted.kind, bytes)
  return declared
}

/** A value's own apiVersion and kind, the rest as `wanted`; the error of upstream's decoder if they are unreadable. */
export function declaredKind(value: unknown, wanted: GroupVersionKind): GroupVersionKind | string {
  if (value === null) return wanted
  const goName = (odd: unknown): string => (Array.isArray(odd) ? 'array' : typeof odd === 'boolean' ? 'bool' : typeof odd)
  if (!isRecord(value)) {
    const go = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
    return `${noKindIn} json: cannot unmarshal ${goName(value)} into Go value of type ${go}`
  }
  const { apiVersion: versionText, kind: kindText } = value
  for (const [field, text] of Object.entries({ apiVersion: versionText ?? '', kind: kindText ?? '' })) {
    if (typeof text !== 'string') return `${noKindIn} json: cannot unmarshal ${goName(text)} into Go struct field .${field} of type string`
  }
  const apiVersion = String(versionText ?? '')
  const kind = String(kindText ?? '') || wanted.kind
  if (apiVersion === '') return { ...wanted, kind }
  const parts = apiVersion.split('/')
  if (parts.length > 2) return `unexpected GroupVersion string: ${apiVersion}`
  const [first = '', second] = parts
  return second === undefined ? { group: '', version: first, kind } : { group: first, version: second, kind }
}
