// Builds the request of a conversion webhook, and validates its response: the same objects in another version, and nothing else.
import { writeJson } from '../../base/write-json.ts'
import type { KubeObject, ObjectMeta } from '../object.ts'
import { sameValue } from '../same-value.ts'
import { isRecord } from '../schema/compile.ts'

/** The review versions that the server supports, preferred first. */
const spoken = ['v1', 'v1beta1']

/** The first version that both the webhook and the server support; undefined if there is none. */
export function reviewVersion(named: readonly string[]): string | undefined {
  return named.find(version => spoken.includes(version))
}

export function conversionReview(version: string, uid: string, desiredAPIVersion: string, objects: readonly KubeObject[]): object {
  return { kind: 'ConversionReview', apiVersion: `apiextensions.k8s.io/${version}`, request: { uid, desiredAPIVersion, objects } }
}

/** `partial`: other objects were returned than sent; `invalid`: one of them is not the same object in another version. */
export type WrongAnswer = 'malformed' | 'partial' | 'invalid'

export type Converted =
  | { readonly ok: true; readonly objects: readonly KubeObject[] }
  | { readonly ok: false; readonly problem: string; readonly type: WrongAnswer }

/** `answer` is the parsed response. Of the metadata only annotations may change; the rest is that of the originals. */
export function convertedObjects(
  answer: unknown,
  version: string,
  uid: string,
  desiredAPIVersion: string,
  originals: readonly KubeObject[],
): Converted {
  const refuse = (problem: string, type: WrongAnswer = 'malformed'): Converted => ({ ok: false, problem, type })
  if (!isRecord(answer) || answer['kind'] !== 'ConversionReview' || answer['apiVersion'] !== `apiextensions.k8s.io/${version}`) {
    return refuse(`expected webhook response of apiextensions.k8s.io/${version}, Kind=ConversionReview`)
  }
  const { response } = answer
  if (!isRecord(response)) return refuse('webhook response carried no response')
  if (response['uid'] !== uid) return refuse(`expected response.uid=${writeJson(uid)}, got ${writeJson(response['uid'] ?? '')}`)
  const result = isRecord(response['result']) ? response['result'] : {}
  if (result['status'] !== 'Success') {
    const { status, message } = result
    if (typeof message === 'string' && message !== '') return refuse(message)
    return refuse(status === 'Failure' ? 'unknown reason' : `response.result.status was '${String(status ?? '')}', not 'Success'`)
  }
  const objects: unknown = response['convertedObjects']
  const count = Array.isArray(objects) ? objects.length : 0
  if (!Array.isArray(objects) || count !== originals.length)
    return refuse(`webhook returned ${count} objects, expected ${originals.length}`, 'partial')
  const converted: KubeObject[] = []
  for (const [index, object] of objects.entries()) {
    const original = originals[index]
    if (original === undefined) continue
    const problem = difference(object, original, desiredAPIVersion)
    if (problem !== undefined) return refuse(`invalid converted object at index ${index}: ${problem}`, 'invalid')
    converted.push(withMetadataOf(object, original))
  }
  return { ok: true, objects: converted }
}

/** Why the object is not the original in the other version. */
function difference(object: unknown, original: KubeObject, desiredAPIVersion: string): string | undefined {
  if (!isRecord(object)) return 'it is not an object'
  const { apiVersion, kind, metadata } = object
  if (apiVersion !== desiredAPIVersion) return `invalid groupVersion (expected ${desiredAPIVersion}, received ${String(apiVersion)})`
  if (kind !== original.kind) return `must have the same kind: ${String(kind)} != ${original.kind}`
  if (!isRecord(metadata)) return 'invalid metadata of type <nil> in converted object'
  for (const field of ['name', 'namespace', 'uid'] as const) {
    const [now, before] = [metadata[field] ?? '', original.metadata[field] ?? '']
    if (now !== before) return `must have the same ${field === 'uid' ? 'UID' : field}: ${String(now)} != ${before}`
  }
  // Label selectors are evaluated on the stored form, so a version with other labels would be selected by the wrong ones.
  if (!sameValue(metadata['labels'] ?? {}, original.metadata.labels ?? {})) return 'must have the same labels'
  const { annotations } = metadata
  if (annotations !== undefined && annotations !== null && !isTexts(annotations)) return 'annotations must be a map of strings'
  return undefined
}

const isTexts = (value: unknown): value is Record<string, string> =>
  isRecord(value) && Object.values(value).every(text => typeof text === 'string')

/** A webhook may not change other metadata. */
function withMetadataOf(object: Record<string, unknown>, original: KubeObject): KubeObject {
  const { annotations: _annotations, ...rest } = original.metadata
  const { annotations } = object['metadata'] as Record<string, unknown>
  const metadata: ObjectMeta = isTexts(annotations) && Object.keys(annotations).length > 0 ? { ...rest, annotations } : rest
  return { ...object, metadata }
}
