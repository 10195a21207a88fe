// Decodes the bytes of a request to a custom resource, as upstream's API server.
import { writeJson } from '../../base/write-json.ts'
import { groupVersion } from '../object.ts'
import {
  type DecodedObject,
  declaredKind,
  type FieldValidation,
  type ParsedDocument,
  parsedBody,
  strictDecodingMessage,
  unrecognized,
} from '../schema/decode.ts'
import type { GroupVersionKind } from '../schema/model.ts'
import { badRequest } from '../status.ts'
import type { CustomKind } from './custom-kind.ts'

/** Throws a 400 in upstream's words if the body is no object of a kind. A wrong kind is validated later, with everything else. */
export function decodeCustomBody(
  bytes: Uint8Array,
  kind: GroupVersionKind,
  custom: CustomKind,
  fieldValidation: FieldValidation,
  document: ParsedDocument,
): DecodedObject {
  const { value, text, duplicate } = parsedBody(document, bytes, kind.kind)
  const declared = declaredKind(value, { group: '', version: '', kind: '' })
  if (typeof declared === 'string') throw unrecognized(declared, kind.kind, bytes)
  if (declared.kind === '') {
    const sent = Buffer.from(bytes).toString('utf8')
    throw unrecognized(`Object 'Kind' is missing in '${sent.slice(0, maxShown)}'`, kind.kind, bytes)
  }
  const wanted = groupVersion(kind.group, kind.version)
  const data = groupVersion(declared.group, declared.version)
  if (data !== wanted) throw badRequest(`the API version in the data (${data}) does not match the expected API version (${wanted})`)
  const handled = `${declared.kind} in version ${writeJson(kind.version)} cannot be handled as a ${kind.kind}: `
  const decoded = custom.decode(value, fieldValidation, text)
  if (!decoded.ok) throw badRequest(handled + decoded.message)
  const twice = fieldValidation === 'Ignore' || duplicate === undefined ? [] : [duplicate]
  const strictErrors = [...twice, ...decoded.strictErrors]
  if (fieldValidation === 'Strict' && strictErrors.length > 0) throw badRequest(handled + strictDecodingMessage(strictErrors))
  return { object: decoded.object, warnings: strictErrors }
}

/** Upstream shows the whole body. */
const maxShown = 1024
