// One entry for the patch verb: from the request's body and the current object to the patched one, with upstream's answers.
import { invalidValue } from '../field-error.ts'
import type { KubeObject } from '../object.ts'
import { isRecord } from '../schema/compile.ts'
import { conversionProblem, decodeValue, type FieldValidation, parseJson, strictDecodingMessage } from '../schema/decode.ts'
import type { StructType } from '../schema/model.ts'
import { type ApiError, apiError, badRequest, invalid, unsupportedMediaType } from '../status.ts'
import { StrategicMergeError } from './directives.ts'
import { goFormat } from './go-format.ts'
import { applyJsonPatch } from './json-patch.ts'
import { mergePatch } from './merge-patch.ts'
import { restoreError } from './restore-error.ts'
import { strategicMergePatch } from './strategic-merge-patch.ts'

export type PatchKind = 'json' | 'merge' | 'strategic'

const mediaTypes: readonly (readonly [string, PatchKind])[] = [
  ['application/json-patch+json', 'json'],
  ['application/merge-patch+json', 'merge'],
  ['application/strategic-merge-patch+json', 'strategic'],
]

/** What kind of patch a content type is. Throws a 415; strategic merge needs a schema, so custom kinds do not have it. */
export function patchKindOf(contentType: string, hasSchema: boolean): PatchKind {
  const accepted = mediaTypes.filter(([, kind]) => kind !== 'strategic' || hasSchema)
  const mediaType = (contentType.split(';')[0] ?? '').trim()
  const found = accepted.find(([name]) => name === mediaType)
  if (found !== undefined) return found[1]
  const names = [...accepted.map(([name]) => name), 'application/apply-patch+yaml'].join(', ')
  throw unsupportedMediaType(`the body of the request was in an unknown format - accepted media types include: ${names}`)
}

export interface PatchRequest {
  readonly contentType: string
  /** The caller has bounded its size. */
  readonly body: Uint8Array
  /** The object as the client sees it: in the version of the request. Not changed. */
  readonly current: unknown
  /** The schema of that version; undefined for custom kinds, whose result is not decoded here. */
  readonly type: StructType | undefined
  readonly fieldValidation: FieldValidation
}

export interface Patched {
  /** A new object; may share unchanged parts with `current`. */
  readonly object: KubeObject
  /** One for each strict error where fieldValidation is Warn. */
  readonly warnings: readonly string[]
}

/** Throws 400 for a body that is no patch, 413 and 415, and 422 where the result is no object of the kind. */
export function applyPatch(request: PatchRequest): Patched {
  const kind = patchKindOf(request.contentType, request.type !== undefined)
  const parsed = parsePatch(request.body, kind)
  const strict = request.fieldValidation !== 'Ignore'
  const ownErrors = strict ? parsed.duplicates.map(error => (kind === 'json' ? `json patch ${error}` : error)) : []
  const result = patchValue(kind, request.current, parsed.value, request.type)
  const shown = kind === 'strategic' ? goFormat(parsed.value) : JSON.stringify(result)
  if (request.type === undefined) {
    if (!isObject(result)) throw invalidPatch(shown, 'the result is not an object')
    return finish(request, result, ownErrors, shown)
  }
  const named = sameKind(kind, request.current, result, request.type, shown)
  const decoded = decodeValue(named, request.type, request.fieldValidation)
  if (!decoded.ok) {
    throw invalidPatch(shown, (kind === 'strategic' ? restoreError(named, request.type) : undefined) ?? decoded.message)
  }
  return finish(request, decoded.object, [...ownErrors, ...decoded.strictErrors], shown)
}

/** A patch cannot make another kind of an object: strategic merge leaves the kind alone, the others fail where they change it. */
function sameKind(patchKind: PatchKind, current: unknown, result: unknown, type: StructType, shown: string): unknown {
  if (!isRecord(current) || !isRecord(result)) return result
  const { kind, apiVersion } = current
  if (result['kind'] === kind && result['apiVersion'] === apiVersion) return result
  const given = { kind: result['kind'] || kind, apiVersion: result['apiVersion'] || apiVersion }
  if (patchKind !== 'strategic' && typeof given.kind === 'string' && typeof given.apiVersion === 'string') {
    const [first = '', second] = given.apiVersion.split('/')
    const actual = second === undefined ? { group: '', version: first } : { group: first, version: second }
    const problem = conversionProblem({ ...actual, kind: given.kind }, type)
    if (problem !== undefined) throw invalidPatch(shown, problem)
  }
  return { ...result, kind, apiVersion }
}

function finish(request: PatchRequest, object: KubeObject, strictErrors: readonly string[], shown: string): Patched {
  if (request.fieldValidation === 'Strict' && strictErrors.length > 0) throw invalidPatch(shown, strictDecodingMessage(strictErrors))
  return { object, warnings: strictErrors }
}

function patchValue(kind: PatchKind, current: unknown, patch: unknown, type: StructType | undefined): unknown {
  if (kind === 'json') return applyJsonPatch(current, patch)
  if (kind === 'merge') return mergePatch(current, patch)
  if (!isRecord(current) || !isRecord(patch)) throw badRequest('invalid JSON document')
  try {
    return strategicMergePatch(current, patch, type)
  } catch (err) {
    if (err instanceof StrategicMergeError) throw strategicError(err)
    throw err
  }
}

/** A patch that contradicts itself or the object is the client's fault; upstream says 400 for some of these and 500 for others. */
function strategicError(err: StrategicMergeError): ApiError {
  if (err.message !== 'lists of lists are not supported') return badRequest(err.message)
  return apiError(422, 'Invalid', 'the server rejected our request due to an error in our request', { causes: [{ message: err.message }] })
}

function parsePatch(body: Uint8Array, kind: PatchKind): { value: unknown; duplicates: readonly string[] } {
  const prefix = kind === 'strategic' ? '' : 'error decoding patch: '
  const parsed = parseJson(body)
  if (!parsed.ok) throw badRequest(prefix + parsed.message)
  if (kind !== 'json' && !isRecord(parsed.value)) {
    const name = Array.isArray(parsed.value) ? 'array' : typeof parsed.value === 'boolean' ? 'bool' : typeof parsed.value
    throw badRequest(`${prefix}json: cannot unmarshal ${name} into Go value of type map[string]interface {}`)
  }
  return { value: parsed.value, duplicates: parsed.duplicates() }
}

function invalidPatch(shown: string, message: string): ApiError {
  return invalid({ group: '', kind: '' }, '', [invalidValue('patch', shown, message)])
}

function isObject(value: unknown): value is KubeObject {
  return isRecord(value) && isRecord(value['metadata'])
}
