// The body of a request as an object of the kind that the path names, with defaults.

import { notSupported } from '../api/field-error.ts'
import type { KubeObject } from '../api/object.ts'
import type { ResourceDefinition } from '../api/resource.ts'
import { decodeBody as decodeBytes, decodeValue, type FieldValidation, strictDecodingMessage } from '../api/schema/decode.ts'
import { type GroupVersionKind, schemaFor } from '../api/schema/model.ts'
import { badRequest, invalid } from '../api/status.ts'
import { maxBodyBytes } from './collect-body.ts'
import { header } from './exchange.ts'
import { bodyFormat } from './negotiate.ts'
import type { RequestContext, ResourceContext } from './request-context.ts'

/** Throws a 422 for an unknown value. */
export function fieldValidation(context: RequestContext, optionsKind: string): FieldValidation {
  const value = context.query.get('fieldValidation')
  switch (value) {
    case undefined:
    case '':
      return 'Warn'
    case 'Ignore':
    case 'Warn':
    case 'Strict':
      return value
    default:
      throw invalid({ group: 'meta.k8s.io', kind: optionsKind }, '', [
        notSupported('fieldValidation', value, ['', 'Ignore', 'Strict', 'Warn']),
      ])
  }
}

/** Reads the body as the resource's own kind, or as `kind` where a subresource has one of its own. */
export async function decodeBody(context: ResourceContext, kind: GroupVersionKind = context.served.definition): Promise<KubeObject> {
  const validation = fieldValidation(context, context.info.verb === 'create' ? 'CreateOptions' : 'UpdateOptions')
  const format = bodyFormat(header(context.request.headers, 'content-type'))
  const bytes = await context.request.body(maxBodyBytes)
  const { object, warnings } = decodeBytes(bytes, kind, validation, `application/${format}`)
  for (const warning of warnings) context.warn(warning)
  return completed(object, kind, context.served.definition)
}

/** Reads a value that is parsed already: what a patch made. `strictPrefix` begins the message of a strict error. */
export function decodePatched(context: ResourceContext, value: unknown, validation: FieldValidation): KubeObject {
  const { definition } = context.served
  const schema = schemaFor(definition.group, definition.version, definition.kind)
  if (schema === undefined) throw new Error(`kind ${definition.kind} has no schema`)
  const decoded = decodeValue(value, schema, validation)
  if (!decoded.ok) throw badRequest(decoded.message)
  if (decoded.strictErrors.length > 0) {
    if (validation === 'Strict') throw badRequest(strictDecodingMessage(decoded.strictErrors))
    for (const warning of decoded.strictErrors) context.warn(warning)
  }
  return completed(decoded.object, definition, definition)
}

function completed(object: KubeObject, kind: GroupVersionKind, definition: ResourceDefinition): KubeObject {
  object.metadata ??= {}
  if (kind.kind === definition.kind) definition.setDefaults?.(object)
  return object
}
