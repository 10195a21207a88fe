// From the bytes of a request to a custom resource, as upstream's API server reads it.
import { groupVersion } from '../object.ts'
import { isRecord } from '../schema/compile.ts'
import {
  type DecodedObject,
  type FieldValidation,
  type ParsedDocument,
  parsedBody,
  strictDecodingMessage,
  unrecognized,
} from '../schema/decode.ts'
import type { GroupVersionKind } from '../schema/model.ts'
import { badRequest } from '../status.ts'
import type { CustomKind } from './custom-kind.ts'

/** Throws a 400 with upstream's words for what is no object of a kind. What another kind says is judged later, with everything else. */
export function decodeCustomBody(
  bytes: Uint8Array,
  kind: GroupVersionKind,
  custom: CustomKind,
  fieldValidation: FieldValidation,
  document: ParsedDocument,
): DecodedObject {
  const { value, text, duplicate } = parsedBody(document, bytes, kind.kind)
  if (!isRecord(value)) {
    const name = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
    throw unrecognized(`couldn't get version/kind; json parse error: json: cannot unmarshal ${name} into Go value`, kind.kind, bytes)
  }
  const { apiVersion = '', kind: actual = '' } = value
  if (typeof apiVersion !== 'string' || typeof actual !== 'string') {
    throw unrecognized("couldn't get version/kind; json parse error: json: kind and apiVersion must be of type string", kind.kind, bytes)
  }
  if (actual === '') {
    const sent = Buffer.from(bytes).toString('utf8')
    throw unrecognized(`Object 'Kind' is missing in '${sent.slice(0, maxShown)}'`, kind.kind, bytes)
  }
  const wanted = groupVersion(kind.group, kind.version)
  if (apiVersion !== wanted) {
    throw badRequest(`the API version in the data (${apiVersion || '/'}) does not match the expected API version (${wanted})`)
  }
  const handled = `${actual} in version ${JSON.stringify(kind.version)} cannot be handled as a ${kind.kind}: `
  const decoded = custom.decode(value, fieldValidation, text)
  if (!decoded.ok) throw badRequest(handled + decoded.message)
  const twice = fieldValidation === 'Ignore' || duplicate === undefined ? [] : [duplicate]
  const strictErrors = [...twice, ...decoded.strictErrors]
  if (fieldValidation === 'Strict' && strictErrors.length > 0) throw badRequest(handled + strictDecodingMessage(strictErrors))
  return { object: decoded.object, warnings: strictErrors }
}

/** Upstream shows the whole body. */
const maxShown = 1024
