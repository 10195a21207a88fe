// The body of a request as an object of the kind that the path names, with defaults.

import { decodeCustomBody } from '../../api/custom-resources/decode-custom.ts'
import type { Labeled } from '../../api/data-classes/classify.ts'
import { groupVersion, type KubeObject } from '../../api/object.ts'
import type { ResourceDefinition } from '../../api/resources/resource.ts'
import { isRecord } from '../../api/schema/compile.ts'
import {
  decodeBody as decodeBytes,
  type FieldValidation,
  maxValues,
  type ParsedDocument,
  parseDocument,
  yamlDocument,
} from '../../api/schema/decode.ts'
import type { GroupVersionKind } from '../../api/schema/model.ts'
import { badRequest } from '../../api/status.ts'
import { yieldIfDue } from '../../base/async/turns.ts'
import { writeJson } from '../../base/write-json.ts'
import { header } from '../http/exchange.ts'
import { decodeProtobuf } from '../protobuf/decode.ts'
import { protobufKind } from '../protobuf/envelope.ts'
import { type BodyFormat, bodyFormat } from './negotiate.ts'
import { readBody } from './read-body.ts'
import type { RequestContext, ResourceContext } from './request-context.ts'
import { readYamlBody } from './yaml-body.ts'

/** Of validated options. */
export function fieldValidation({ query }: RequestContext): FieldValidation {
  const value = query.get('fieldValidation')
  return value === 'Ignore' || value === 'Strict' ? value : 'Warn'
}

/** Reads the body as the resource's own kind, or as `kind` if the subresource has another one. */
export async function decodeBody(context: ResourceContext, kind: GroupVersionKind = context.served.definition): Promise<KubeObject> {
  const validation = fieldValidation(context)
  const { definition } = context.served
  const custom = kind === definition ? definition.custom : undefined
  const contentType = header(context.request.headers, 'content-type')
  const format = bodyFormat(contentType, custom === undefined)
  // This server's own kinds have no protobuf form either: throws the 415.
  if (format === 'protobuf' && protobufKind(groupVersion(kind.group, kind.version), kind.kind) === undefined) bodyFormat(contentType, false)
  const sent = await readBody(context)
  const body = await readable(context, kind, format, sent, maxValuesOf(context))
  // Before it is decoded: the message of a fault may quote it.
  if (body.document.ok && isRecord(body.document.value)) context.noteState?.(labeledOf(body.document.value))
  await yieldIfDue(context.pace)
  const { object, warnings } =
    custom === undefined
      ? decodeBytes(body.bytes, kind, validation, body.document)
      : decodeCustomBody(body.bytes, kind, custom, validation, body.document)
  for (const warning of warnings) context.warn(warning)
  await yieldIfDue(context.pace)
  return completed(object, kind, definition)
}

/** For a body that is an object of the resource. */
export function maxValuesOf({ served, info }: Pick<ResourceContext, 'served' | 'info'>): number {
  const most = served.definition.serving?.maxValues ?? maxValues
  // An object comes back with its managed fields, a member and an empty object for each value of its own.
  return info.verb === 'update' ? 3 * most : most
}

export interface ReadableBody {
  /** As sent, or the equivalent JSON of protobuf: what messages quote. */
  readonly bytes: Buffer
  readonly document: ParsedDocument
}

/** The body, parsed. */
export async function readable(
  context: RequestContext,
  kind: GroupVersionKind,
  format: BodyFormat,
  bytes: Buffer,
  most = maxValues,
): Promise<ReadableBody> {
  if (format === 'yaml') return { bytes, document: yamlDocument(await readYamlBody(context, bytes, most)) }
  if (format === 'json' || bytes.length === 0) return { bytes, document: parseDocument(bytes, json, most) }
  const decoded = Buffer.from(writeJson(decodeProtobuf(bytes, kind, most)))
  context.keepBody?.({ bytes: decoded, contentType: json })
  return { bytes: decoded, document: parseDocument(decoded, json, most) }
}

const json = 'application/json'

function completed(object: KubeObject, kind: GroupVersionKind, definition: ResourceDefinition): KubeObject {
  object.metadata ??= {}
  if (kind.kind !== definition.kind) return object
  const problem = definition.serving?.conversionProblem?.(object)
  if (problem !== undefined) throw badRequest(`${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: ${problem}`)
  definition.setDefaults?.(object)
  return object
}

/** Copies: the decoded object takes the maps over, and admission may change them. */
function labeledOf({ metadata }: Readonly<Record<string, unknown>>): Labeled | undefined {
  return isRecord(metadata) ? { labels: copied(metadata['labels']), annotations: copied(metadata['annotations']) } : undefined
}

const copied = (map: unknown): unknown => (isRecord(map) ? { ...map } : map)
