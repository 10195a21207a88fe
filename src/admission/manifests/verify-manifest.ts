// Whether an object that a client sends is what somebody trusted signed. Pure but for the objects that it is given.
import { decodeCustomBody } from '../../api/custom-resources/decode-custom.ts'
import type { KubeObject } from '../../api/object.ts'
import type { ResourceDefinition } from '../../api/resources/resource.ts'
import { decodeBody, parseDocument } from '../../api/schema/decode.ts'
import { ApiError } from '../../api/status.ts'
import { isJsonObject } from '../../base/json.ts'
import { UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import { type Before, type FieldDifference, sentDifference } from '../../supply-chain/manifests/compare-fields.ts'
import { readSignedManifest, type SignedManifest } from '../../supply-chain/manifests/read-signed-manifest.ts'
import { signatureAnnotation, signedPart } from '../../supply-chain/manifests/signed-manifest.ts'
import type { JsonObject } from '../../supply-chain/signatures/read-json.ts'
import { isMarked } from './verified-mark.ts'

/** Throws a UserError that says what is missing or wrong. */
export function requireSignedManifest({ metadata }: KubeObject): SignedManifest {
  const found = readSignedManifest(metadata.annotations ?? {})
  if (found === undefined) throw new UserError(`it has no annotation "${signatureAnnotation}"; would pass: bulkhead sign -f FILE --key KEY`)
  return found
}

/** What the client sent beyond what was signed. `old` is what is stored. Throws a UserError if the signed object is none of this kind. */
export function differenceOf(
  manifest: SignedManifest,
  sent: KubeObject,
  old: KubeObject | undefined,
  definition: ResourceDefinition,
): FieldDifference | undefined {
  const complete = decodedManifest(manifest, sent, definition)
  definition.setDefaults?.(complete)
  definition.writing?.dropEmpty?.(complete, undefined)
  const signed = withNamespace(manifest.object, sent)
  return sentDifference(signedPart(asJson(sent)), signedPart(asJson(complete)), signed, old === undefined ? undefined : beforeOf(old, sent))
}

function beforeOf(old: KubeObject, sent: KubeObject): Before | undefined {
  if (!isMarked(old)) return undefined
  const signed = readSignedManifest(old.metadata.annotations ?? {})?.object
  return signed === undefined ? undefined : { object: signedPart(asJson(old)), signed: withNamespace(signed, sent) }
}

/** As the server decodes it: in the forms in which values are stored. Throws a UserError if it is none of this kind. */
export function decodedManifest({ object: signed }: SignedManifest, sent: KubeObject, definition: ResourceDefinition): KubeObject {
  const bytes = Buffer.from(writeJson(withNamespace(signed, sent)))
  try {
    const { custom } = definition
    const { object } =
      custom === undefined
        ? decodeBody(bytes, definition, 'Ignore')
        : decodeCustomBody(bytes, definition, custom, 'Ignore', parseDocument(bytes, 'application/json'))
    object.metadata ??= {}
    return object
  } catch (err) {
    if (err instanceof ApiError) throw new UserError(`the signed manifest cannot be read: ${err.message}`, { cause: err })
    throw err
  }
}

/** A manifest without a namespace is for any. */
function withNamespace(signed: JsonObject, { metadata: { namespace } }: KubeObject): JsonObject {
  const metadata = isJsonObject(signed['metadata']) ? signed['metadata'] : {}
  if (namespace === undefined || namespace === '' || metadata['namespace'] !== undefined) return signed
  return { ...signed, metadata: { ...metadata, namespace } }
}

/** API objects are JSON objects; their types have no index signature. */
const asJson = (object: KubeObject): JsonObject => ({ ...object })
