// The patch verb: from the request's body and the current object to the patched one, with upstream's answers.
import { type Budget, yieldIfDue } from '../../base/async/turns.ts'
import type { CustomKind } from '../custom-resources/custom-kind.ts'
import { invalidValue } from '../field-error.ts'
import { goFormat } from '../go-text/go-format.ts'
import type { KubeObject } from '../object.ts'
import { isRecord } from '../schema/compile.ts'
import {
  conversionProblem,
  declaredKind,
  decodeValue,
  type FieldValidation,
  parseJsonBytes,
  strictDecodingMessage,
} from '../schema/decode.ts'
import { examine, type Findings } from '../schema/decode-exact.ts'
import type { StructType } from '../schema/model.ts'
import { ApiError, apiError, badRequest, invalid, unsupportedMediaType } from '../status.ts'
import { applyMediaType } from './apply/apply.ts'
import { StrategicMergeError } from './directives.ts'
import { applyJsonPatchInTurns, jsonType, strictOperationErrors } from './json-patch.ts'
import { mergePatch } from './merge-patch.ts'
import { patchedNode, textOfNode } from './patched-text.ts'
import { leftOfPatch } from './remaining-patch.ts'
import { restoreError, unknownFields } from './restore-error.ts'
import { strategicMergePatch } from './strategic-merge-patch.ts'

export type PatchKind = 'json' | 'merge' | 'strategic'

const mediaTypes: readonly (readonly [string, PatchKind])[] = [
  ['application/json-patch+json', 'json'],
  ['application/merge-patch+json', 'merge'],
  ['application/strategic-merge-patch+json', 'strategic'],
]

/** The type without its parameters, as upstream cuts it: a space before the semicolon belongs to the type. */
export function patchType(contentType: string): string {
  return contentType.split(';')[0] ?? ''
}

/** Throws the 415 for an unsupported content type; strategic merge needs a schema, so custom resources do not support it. */
export function requirePatchType(contentType: string, hasSchema: boolean): void {
  const accepted = [...mediaTypes.filter(([, kind]) => kind !== 'strategic' || hasSchema).map(([name]) => name), applyMediaType]
  if (accepted.includes(patchType(contentType))) return
  const names = accepted.join(', ')
  throw unsupportedMediaType(`the body of the request was in an unknown format - accepted media types include: ${names}`)
}

function patchKindOf(contentType: string): PatchKind {
  const mediaType = patchType(contentType)
  const found = mediaTypes.find(([name]) => name === mediaType)
  if (found === undefined) throw new Error(`${mediaType} is no patch that is put over an object`)
  return found[1]
}

export interface PatchRequest {
  /** Already checked by `requirePatchType`. */
  readonly contentType: string
  /** The caller limits its size. */
  readonly body: Uint8Array
  /** The request's signal: each step may take long for a large body or object. */
  readonly budget: Budget
  /** The object as the client sees it, in the version of the request. Not modified. */
  readonly current: unknown
  /** The schema of that version; undefined for custom kinds. */
  readonly type: StructType | undefined
  readonly custom?: CustomKind
  readonly fieldValidation: FieldValidation
  /** As in the kind's `ResourceDefinition`. */
  conversionProblem?(object: KubeObject): string | undefined
}

export interface Patched {
  /** A new object; may share unchanged parts with `current`. */
  readonly object: KubeObject
  /** One for each strict error if fieldValidation is Warn. */
  readonly warnings: readonly string[]
}

/** Yields between the steps. Rejects with 400 for a body that is no patch, 413, and 422 if the result is no object of the kind. */
export async function applyPatch(request: PatchRequest): Promise<Patched> {
  const kind = patchKindOf(request.contentType)
  const { value, strictErrors } = parsePatch(request.body, kind, request.fieldValidation !== 'Ignore')
  await yieldIfDue(request.budget)
  const result = await patchValue(kind, value, request)
  await yieldIfDue(request.budget)
  // Upstream sorts all members of custom resources.
  const sources = request.type === undefined ? [value] : [request.current, value]
  const shown = () => (kind === 'strategic' ? shownPatch(request.current, value, request.type) : textOfNode(patchedNode(result, sources)))
  if (request.type === undefined) {
    if (request.custom) validateCustom(result, request.current, shown)
    if (!isObject(result)) throw invalidPatch(shown(), 'the result is not an object')
    const decoded = request.custom?.decode(result, request.fieldValidation)
    if (decoded === undefined) return finish(request, result, strictErrors, shown)
    if (!decoded.ok) throw invalidPatch(shown(), decoded.message)
    return finish(request, decoded.object, [...strictErrors, ...decoded.strictErrors], shown)
  }
  const { type } = request
  const named = sameKind(kind, request.current, result, type, shown)
  const decoded = decodeValue(named, type, request.fieldValidation)
  const found = (): Findings =>
    kind === 'strategic'
      ? { error: restoreError(named, type), strictErrors: unknownFields(named, type) }
      : examine(patchedNode(named, sources), type)
  if (!decoded.ok) throw invalidPatch(shown(), found().error ?? decoded.message)
  const problem = request.conversionProblem?.(decoded.object)
  if (problem !== undefined) throw kind === 'strategic' ? unexplained(problem) : invalidPatch(shown(), problem)
  const inOrder = decoded.strictErrors.length < 2 ? decoded.strictErrors : found().strictErrors
  return finish(request, decoded.object, [...strictErrors, ...inOrder], shown)
}

function shownPatch(current: unknown, patch: unknown, type: StructType | undefined): string {
  return goFormat(isRecord(current) && isRecord(patch) ? leftOfPatch(current, patch, type) : patch)
}

/** A patch cannot change an object's kind: strategic merge ignores it, the others fail. */
function sameKind(patchKind: PatchKind, current: unknown, result: unknown, type: StructType, shown: () => string): unknown {
  if (!isRecord(current)) return result
  const { kind, apiVersion } = current
  if (isRecord(result) && result['kind'] === kind && result['apiVersion'] === apiVersion) return result
  const declared = declaredKind(result, { group: '', version: '', kind: String(kind) })
  if (patchKind === 'strategic' && isRecord(result)) {
    const odd = [result['kind'], result['apiVersion']].find(text => typeof (text ?? '') !== 'string')
    if (odd !== undefined) throw invalidPatch(shown(), restoreError(odd, text) ?? '')
    return { ...result, kind, apiVersion }
  }
  if (typeof declared === 'string') throw invalidPatch(shown(), declared)
  // Without apiVersion, upstream does not recognise the object, and finds no name in it.
  if (declared.version === '') throw nameless(current)
  const problem = conversionProblem(declared, type)
  if (problem !== undefined) throw invalidPatch(shown(), problem)
  return isRecord(result) ? { ...result, kind, apiVersion } : result
}

/** The kind of a custom resource is validated later, but must be present. */
function validateCustom(result: unknown, current: unknown, shown: () => string): void {
  if (!isRecord(result)) return
  const declared = declaredKind(result, { group: '', version: '', kind: '' })
  if (typeof declared === 'string') throw invalidPatch(shown(), declared)
  if (declared.kind === '') throw invalidPatch(shown(), `Object 'Kind' is missing in '${shown()}'`)
  if (isRecord(current) && (result['metadata'] ?? null) === null) throw nameless(current)
}

const text = { kind: 'string', go: 'string', key: '' } as const

function nameless({ metadata }: Record<string, unknown>): ApiError {
  const name = isRecord(metadata) ? String(metadata['name']) : ''
  return badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`)
}

function finish(request: PatchRequest, object: KubeObject, strictErrors: readonly string[], shown: () => string): Patched {
  if (request.fieldValidation === 'Strict' && strictErrors.length > 0) throw invalidPatch(shown(), strictDecodingMessage(strictErrors))
  return { object, warnings: strictErrors }
}

async function patchValue(kind: PatchKind, patch: unknown, { current, type, budget }: PatchRequest): Promise<unknown> {
  if (kind === 'json') return await applyJsonPatchInTurns(current, patch, budget.signal)
  if (kind === 'merge') return mergePatch(current, patch)
  if (!isRecord(current)) throw badRequest('invalid JSON document')
  try {
    return strategicMergePatch(current, isRecord(patch) ? patch : {}, type)
  } catch (err) {
    if (err instanceof StrategicMergeError) throw strategicError(err)
    throw err
  }
}

/** For upstream, a contradiction to the object or its schema is a server error. */
function strategicError(err: StrategicMergeError): ApiError {
  const options = { cause: err }
  if (err.fault === 'format') return badRequest(err.message)
  if (err.fault === 'listOfLists')
    return apiError(422, 'Invalid', 'the server rejected our request due to an error in our request', {}, options)
  return unexplained(err.message, options)
}

/** Upstream's 500 without a reason. */
function unexplained(message: string, options: ErrorOptions = {}): ApiError {
  return new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 }, options)
}

interface ParsedPatch {
  readonly value: unknown
  readonly strictErrors: readonly string[]
}

/** Throws the 400 for a body that is no patch of the kind; a merge patch has another message if nothing is validated. */
function parsePatch(body: Uint8Array, kind: PatchKind, strict: boolean): ParsedPatch {
  const parsed = parseJsonBytes(body)
  if (kind === 'merge' && !strict) {
    if (!parsed.ok || typeof parsed.value !== 'object' || parsed.value === null) throw badRequest('Invalid JSON Patch')
    return { value: parsed.value, strictErrors: [] }
  }
  const prefix = strict && kind !== 'strategic' ? 'error decoding patch: ' : ''
  if (!parsed.ok) throw badRequest(prefix + parsed.message)
  const { value } = parsed
  if (kind === 'json') {
    if (!strict) return { value, strictErrors: [] }
    return { value, strictErrors: [...parsed.duplicates(), ...strictOperationErrors(value)].map(error => `json patch ${error}`) }
  }
  if (!isRecord(value) && value !== null) {
    throw badRequest(`${prefix}json: cannot unmarshal ${jsonType(value)} into Go value of type map[string]interface {}`)
  }
  if (kind === 'merge' && value === null) throw badRequest('Invalid JSON Patch')
  return { value, strictErrors: strict ? parsed.duplicates() : [] }
}

function invalidPatch(shown: string, message: string): ApiError {
  return invalid({ group: '', kind: '' }, '', [invalidValue('patch', shown, message)])
}

function isObject(value: unknown): value is KubeObject {
  return isRecord(value) && isRecord(value['metadata'])
}
