// Makes replies: objects in the negotiated form, and every failure as a Status.
import type { KubeObject } from '../../api/object.ts'
import { yamlText } from '../../api/schema/yaml-text.ts'
import { ApiError, insufficientStorage, internalError, type Status, serviceUnavailable, timedOut } from '../../api/status.ts'
import type { Logger } from '../../base/log.ts'
import { writeJson } from '../../base/write-json.ts'
import { type Entry, ObjectTooLarge, StoreFull, WriteFailed } from '../../store/store.ts'
import type { Reply } from '../http/exchange.ts'
import { plainFailure } from '../http/plain-failure.ts'
import { envelope, protobufType } from '../protobuf/envelope.ts'
import type { AnswerForm } from '../request/negotiate.ts'
import type { RequestContext, ResourceContext } from '../request/request-context.ts'
import type { Written } from '../resource/write-result.ts'
import { partialObject } from './partial-object.ts'
import { prettyText } from './pretty.ts'
import { entryFields, valueField } from './protobuf-form.ts'
import { type Printed, tableOf } from './table.ts'

const json = 'application/json'
const yaml = 'application/yaml'

/** Uses the entry's own bytes if the plain object is requested. */
export function entryReply(context: ResourceContext, entry: Entry, status = 200): Reply {
  const { form, served } = context
  if (form.encoding === 'protobuf') {
    const { kind, field } = entryFields(served, form)
    return { status, contentType: protobufType, body: envelope(kind, field(entry)) }
  }
  if (form.as === 'object' && form.encoding === 'json' && !context.pretty)
    return { status, contentType: json, body: served.view.bytes(entry) }
  return objectReply(context, served, served.view.object(entry), status)
}

/** The reply to an update or creation. */
export function writtenReply(context: ResourceContext, written: Written): Reply {
  const { entry, created } = written
  const status = created ? 201 : 200
  const reply = entry ? entryReply(context, entry, status) : objectReply(context, context.served, written.object, status)
  const name = created ? (entry?.name ?? written.object.metadata.name) : undefined
  return name === undefined ? reply : { ...reply, objectName: name }
}

/** A kind whose objects can be shown as a Table. */
interface Printable {
  readonly definition: Printed
}

/** For an object without an entry: of a dry run, or computed. */
export function objectReply(context: RequestContext, served: Printable, object: KubeObject, status = 200): Reply {
  return valueReply(context, shapeOf(context, served, object), status)
}

function shapeOf(context: RequestContext, served: Printable, object: KubeObject): unknown {
  switch (context.form.as) {
    case 'object':
      return object
    case 'partial':
      return partialObject(object, context.form.metaVersion)
    case 'table':
      return tableOf(
        served.definition,
        [object],
        context.query.get('includeObject'),
        context.now,
        // An object that is not stored has no resourceVersion.
        object.metadata.resourceVersion ? { resourceVersion: object.metadata.resourceVersion } : {},
        context.form.metaVersion,
      )
  }
}

/** A list of objects without entries. */
export function computedListReply(context: ResourceContext, objects: readonly KubeObject[]): Reply {
  const { form, served, query, now } = context
  const { metaVersion } = form
  switch (form.as) {
    case 'table':
      return valueReply(context, tableOf(served.definition, objects, query.get('includeObject'), now, {}, metaVersion))
    case 'partial': {
      const items = objects.map(object => partialObject(object, metaVersion))
      return valueReply(context, { kind: 'PartialObjectMetadataList', apiVersion: metaVersion, metadata: {}, items })
    }
    case 'object':
      return valueReply(context, { kind: served.definition.listKind, apiVersion: served.apiVersion, metadata: {}, items: objects })
  }
}

/** Any value in the negotiated encoding; JSON for values without protobuf. */
export function valueReply(context: { readonly form: AnswerForm; readonly pretty: boolean }, value: unknown, status = 200): Reply {
  const inProtobuf = context.form.encoding === 'protobuf' ? valueField(value) : undefined
  if (inProtobuf !== undefined) return { status, contentType: protobufType, body: envelope(inProtobuf.kind, inProtobuf.field) }
  if (context.form.encoding === 'yaml') return { status, contentType: yaml, body: Buffer.from(yamlText(value)) }
  return { status, contentType: json, body: Buffer.from(context.pretty ? `${prettyText(value)}\n` : writeJson(value)) }
}

/** The Success status of a deletion that removed the object. */
export function successReply(context: RequestContext, details: NonNullable<Status['details']>): Reply {
  return valueReply(context, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details })
}

/** While the server shuts down, reads are still served from memory. */
const storeFailed =
  'the store has failed and takes no more writes until it is opened again, when it shows whether the last of them are stored; the log of the server names the file and the cause'

const storeFull = ({ maxStoredBytes }: StoreFull): string =>
  `writes are refused: all objects together take the ${Math.floor(maxStoredBytes / 2 ** 20)} MiB that the store may hold. Delete objects or make them smaller, which goes on, or start with a larger --max-stored-mebibytes`

/**
 * The Status of a failure. What is not an ApiError is logged with its cause and shown as an internal error without any detail.
 * `signal` is the request's: what stops because its client has left is no fault of the server, and a client could fill the log with it.
 */
export function failureStatus(err: unknown, auditId: string, log: Logger, signal?: AbortSignal): Status {
  if (err instanceof ApiError) {
    // Errors of clients must not fill the log.
    const level = err.status.code < 500 ? 'debug' : 'error'
    if (err.cause !== undefined) log[level]('request failed', { auditID: auditId, err: err.cause })
    return err.status
  }
  // The message of upstream's store, which has no Status for it either.
  if (err instanceof ObjectTooLarge) return plainFailure('etcdserver: request is too large').status
  if (err instanceof StoreFull) return insufficientStorage(storeFull(err)).status
  if (signal?.aborted && (err === signal.reason || (err instanceof Error && err.cause === signal.reason))) {
    log.debug('request ended early', { auditID: auditId, err })
    return timedOut('request did not complete within requested timeout', 0).status
  }
  log.error('request failed', { auditID: auditId, err })
  // Clients must know that it is not an error of their object. The store's own message, with its file, is in the log.
  if (err instanceof WriteFailed) {
    return err.retriable
      ? serviceUnavailable('writes are refused: no space is left for the store').status
      : internalError(`writes are refused: ${storeFailed}`).status
  }
  return internalError('internal error').status
}

export function failureReply(status: Status, form: AnswerForm, pretty: boolean): Reply {
  const reply = valueReply({ form, pretty: pretty || form.pretty }, status, status.code)
  const retryAfter = status.details?.retryAfterSeconds
  return retryAfter === undefined ? reply : { ...reply, headers: { 'retry-after': String(retryAfter) } }
}
