// The verb list: the state at one revision, whole or in pages. Objects are joined as bytes, without parsing.
import type { KubeObject } from '../../api/object.ts'
import { yamlText } from '../../api/schema/yaml-text.ts'
import { type ApiError, apiError, badRequest, expired } from '../../api/status.ts'
import { writeJson } from '../../base/write-json.ts'
import { type Entry, type ListQuery, type ListResult, RevisionCompacted, RevisionInFuture, type Store } from '../../store/store.ts'
import { type ContinueTokens, pagesLastMs } from '../answers/continue-token.ts'
import { bytesReply, type ListMeta, sourceSize } from '../answers/list-body.ts'
import { itemOf, kindBytes, withoutKind } from '../answers/list-item.ts'
import { metadataBytes, partialFrame } from '../answers/partial-bytes.ts'
import { partialObject } from '../answers/partial-object.ts'
import { prettyText } from '../answers/pretty.ts'
import { protobufListReply } from '../answers/protobuf-list.ts'
import { valueReply } from '../answers/respond.ts'
import { tableOf, tablePrinter } from '../answers/table.ts'
import type { Parts } from '../http/chunked-body.ts'
import type { Reply } from '../http/exchange.ts'
import { type ListOptions, listOptions, requiredRevision, tooLargeRevision } from '../request/list-options.ts'
import type { ResourceContext } from '../request/request-context.ts'
import { selectionOf } from '../request/selection.ts'
import type { Conversion } from '../resource/conversion.ts'

export interface ListParts {
  readonly store: Pick<Store, 'revision'>
  readonly continueTokens: ContinueTokens
}

export async function list(parts: ListParts, context: ResourceContext): Promise<Reply> {
  return listReply(context, await select(parts, context))
}

/** The selected objects in the negotiated form. */
export function listReply(context: ResourceContext, { result, metadata: found }: Selected): Reply {
  const { form, pretty, served, query, now } = context
  // As upstream, which has no types for them, lists of custom resources have an empty continue token.
  const metadata = served.definition.custom !== undefined && form.as === 'object' ? { continue: '', ...found } : found
  if (form.as === 'table' && result.entries.length === 0) {
    return valueReply(context, tableOf(served.definition, [], query.get('includeObject'), now, metadata, form.metaVersion))
  }
  if (form.encoding === 'protobuf') return protobufListReply(context, result, metadata)
  if (form.encoding === 'yaml' || pretty) return formattedReply(context, result, metadata)
  switch (form.as) {
    case 'object': {
      const parts = itemParts(context, result, metadata)
      return bytesReply(context, parts, parts.computed ? sourceSize(context, result) : 0)
    }
    case 'partial': {
      const opening = head('PartialObjectMetadataList', form.metaVersion, metadata)
      return bytesReply(context, partialParts(context, result, opening), sourceSize(context, result))
    }
    case 'table':
      return tableReply(context, result, metadata)
  }
}

const tail = Buffer.from(']}\n')
const comma = Buffer.from(',')
const brace = Buffer.from('{')
const commaBrace = Buffer.from(',{')

function itemParts({ served }: ResourceContext, result: ListResult, metadata: ListMeta): Parts {
  const { view, definition, apiVersion } = served
  const opening = head(definition.listKind, apiVersion, metadata)
  const base = { count: result.entries.length, computed: view.computes(result.entries), sourceBytes: sourceBytesOf(result) }
  const bytesOf = (index: number): Buffer => view.bytes(at(result, index))
  if (definition.custom !== undefined || base.count === 0) return { ...base, head: opening, part: bytesOf, tail }
  const kind = kindBytes(served)
  return { ...base, head: Buffer.concat([opening, brace]), separator: commaBrace, part: index => withoutKind(bytesOf(index), kind), tail }
}

/** The bytes of each object's metadata, with separators between the parts. */
function partialParts({ served, form }: ResourceContext, result: ListResult, opening: Buffer): Parts {
  const { prefix, suffix } = partialFrame(form.metaVersion)
  const isEmpty = result.entries.length === 0
  return {
    head: isEmpty ? opening : Buffer.concat([opening, prefix]),
    separator: Buffer.concat([suffix, comma, prefix]),
    count: result.entries.length,
    computed: true,
    sourceBytes: sourceBytesOf(result),
    part: index => metadataBytes(served.view.bytes(at(result, index))),
    tail: isEmpty ? tail : Buffer.concat([suffix, tail]),
  }
}

function head(kind: string, apiVersion: string, metadata: ListMeta): Buffer {
  return Buffer.from(`{"kind":"${kind}","apiVersion":"${apiVersion}","metadata":${writeJson(metadata)},"items":[`)
}

function at(result: ListResult, index: number): Entry {
  const entry = result.entries[index]
  if (entry === undefined) throw new RangeError(`list has no entry ${index}`)
  return entry
}

/** By the index of an entry, without reading it. */
const sourceBytesOf =
  (result: ListResult) =>
  (index: number): number =>
    at(result, index).byteLength

function tableReply(context: ResourceContext, result: ListResult, metadata: ListMeta): Reply {
  const { definition, view } = context.served
  const { metaVersion } = context.form
  const include = context.query.get('includeObject')
  const ordered = inRowOrder(context, result)
  const { columnDefinitions, rowOf } = tablePrinter(definition, include, context.now, metaVersion)
  const opening = `{"kind":"Table","apiVersion":"${metaVersion}","metadata":${writeJson(metadata)},"columnDefinitions":`
  const parts = {
    head: Buffer.from(`${opening}${writeJson(columnDefinitions)},"rows":[`),
    count: result.entries.length,
    computed: true,
    sourceBytes: sourceBytesOf(ordered),
    part: (index: number) => Buffer.from(writeJson(rowOf(view.object(at(ordered, index))))),
    tail,
  }
  return bytesReply(context, parts, sourceSize(context, result))
}

/** The entries as a Table; the continue token counts in the order of the list. */
function inRowOrder({ served }: ResourceContext, result: ListResult): ListResult {
  const { definition, view } = served
  const { compare } = definition.rows ?? {}
  if (compare === undefined) return result
  return { ...result, entries: result.entries.toSorted((a, b) => compare(view.object(a), view.object(b))) }
}

/** Formats each item by itself, so that a large list blocks others only for one item at a time. */
function formattedReply(context: ResourceContext, result: ListResult, metadata: ListMeta): Reply {
  const yaml = context.form.encoding === 'yaml'
  const { fields, items, itemOf } = formattedList(context, result, metadata)
  const shown = (index: number): Buffer => Buffer.from(yaml ? yamlText([itemOf(index)], '  ') : prettyItem(itemOf(index)))
  const isEmpty = result.entries.length === 0
  const opening = yaml ? `${yamlText(fields)}${items}:${isEmpty ? ' []' : ''}\n` : `${prettyText(fields).slice(0, -2)},\n  "${items}": [`
  const ending = yaml ? '' : isEmpty ? ']\n}\n' : '\n  ]\n}\n'
  const parts = {
    head: Buffer.from(opening),
    separator: Buffer.from(yaml ? '' : ','),
    count: result.entries.length,
    computed: true,
    sourceBytes: sourceBytesOf(result),
    part: shown,
    tail: Buffer.from(ending),
  }
  return bytesReply(context, parts, sourceSize(context, result), yaml ? 'application/yaml' : undefined)
}

/** Indented by two more spaces, after a line break. */
const prettyItem = (value: unknown): string => `\n    ${prettyText(value).replaceAll('\n', '\n    ')}`

interface FormattedList {
  /** The bytes before the items. */
  readonly fields: Readonly<Record<string, unknown>>
  readonly items: 'items' | 'rows'
  itemOf(index: number): unknown
}

function formattedList(context: ResourceContext, result: ListResult, metadata: ListMeta): FormattedList {
  const { served, form, query, now } = context
  const { metaVersion } = form
  const shown = form.as === 'table' ? inRowOrder(context, result) : result
  const objectAt = (index: number): KubeObject => served.view.object(at(shown, index))
  switch (form.as) {
    case 'table': {
      const { columnDefinitions, rowOf } = tablePrinter(served.definition, query.get('includeObject'), now, metaVersion)
      const fields = { kind: 'Table', apiVersion: metaVersion, metadata, columnDefinitions }
      return { fields, items: 'rows', itemOf: index => rowOf(objectAt(index)) }
    }
    case 'partial': {
      const fields = { kind: 'PartialObjectMetadataList', apiVersion: metaVersion, metadata }
      return { fields, items: 'items', itemOf: index => partialObject(objectAt(index), metaVersion) }
    }
    case 'object': {
      const fields = { kind: served.definition.listKind, apiVersion: served.apiVersion, metadata }
      return { fields, items: 'items', itemOf: index => itemOf(served, objectAt(index)) }
    }
  }
}

export interface Selected {
  readonly result: ListResult
  readonly metadata: ListMeta
}

/**
 * The entries, ready for the view, and the list's metadata; a promise if a webhook has to convert first. Throws a 410 if a page's revision is
 * compacted, with a token to continue from the newest state.
 */
export async function select(parts: ListParts, context: ResourceContext): Promise<Selected> {
  const { served, info } = context
  const options = listOptions(context.query)
  const scope = `${served.collection.groupResource}/${info.namespace}`
  const point = options.continueToken === undefined ? undefined : parts.continueTokens.open(options.continueToken, scope)
  if (point !== undefined && options.resourceVersion !== '' && options.resourceVersion !== '0') {
    throw badRequest('specifying resource version is not allowed when using continue')
  }
  const isChain = point?.revision !== undefined
  if (isChain && context.now - point.since > pagesLastMs)
    throw expiredPage(parts.continueTokens.seal({ ...point, revision: undefined }, scope))
  // A list of any state is complete, as from upstream's cache.
  const limit = options.resourceVersion === '0' && point === undefined ? 0 : options.limit
  const revision = point === undefined ? exactRevision(options, parts.store.revision) : point.revision
  const { stored: selection, viewed } = selectionOf(context.query, served)
  const query: ListQuery = {
    ...(served.definition.namespaced && info.namespace !== '' ? { namespace: info.namespace } : {}),
    ...(selection ? { selection } : {}),
    // The number of entries that are needed for enough matches is not known in advance.
    ...(limit > 0 && viewed === undefined ? { limit } : {}),
    ...(point ? { after: { namespace: point.namespace, name: point.name } } : {}),
    ...(revision === undefined ? {} : { revision }),
  }
  let result: ListResult
  try {
    result = served.collection.list(query)
  } catch (err) {
    if (err instanceof RevisionInFuture) throw tooLargeRevision(String(err.requested), err.newest)
    if (!(err instanceof RevisionCompacted)) throw err
    if (point === undefined) throw expired('The resourceVersion for the provided list is too old.')
    throw expiredPage(parts.continueTokens.seal({ ...point, revision: undefined }, scope))
  }
  const { conversion } = served
  const since = isChain ? point.since : context.now
  const countsRest = selection === undefined && viewed === undefined
  const selectedOf = (found: ListResult): Selected => selectedAs(parts, scope, found, countsRest, since)
  if (conversion === undefined) return selectedOf(result)
  const { signal } = context.request
  if (viewed !== undefined) return selectedOf(await firstViewed(conversion, result, viewed, limit, signal))
  await conversion.prepare(result.entries, signal)
  return selectedOf(result)
}

/** `countsRest`: the number of entries after the last one is remainingItemCount. */
function selectedAs({ continueTokens }: ListParts, scope: string, result: ListResult, countsRest: boolean, since: number): Selected {
  const last = result.entries.at(-1)
  const more = result.more && last !== undefined
  return {
    result,
    metadata: {
      resourceVersion: String(result.revision),
      ...(more
        ? { continue: continueTokens.seal({ revision: result.revision, namespace: last.namespace, name: last.name, since }, scope) }
        : {}),
      ...(more && result.remaining !== undefined && countsRest ? { remainingItemCount: result.remaining } : {}),
    },
  }
}

/** Entries to convert before the next check whether more are needed. */
const viewedAtOnce = 500

/** The first `limit` entries that match after conversion, or all of them. */
async function firstViewed(
  conversion: Conversion,
  result: ListResult,
  matches: (entry: Entry) => boolean,
  limit: number,
  signal: AbortSignal,
): Promise<ListResult> {
  const found: Entry[] = []
  const wanted = limit > 0 ? limit : Number.POSITIVE_INFINITY
  for (let from = 0; from < result.entries.length && found.length <= wanted; from += viewedAtOnce) {
    const some = result.entries.slice(from, from + viewedAtOnce)
    await conversion.prepare(some, signal)
    found.push(...some.filter(matches))
  }
  return { ...result, entries: found.slice(0, wanted), more: found.length > wanted, remaining: undefined }
}

/** The exact revision of the list; undefined for the newest. */
function exactRevision(options: ListOptions, newest: number): number | undefined {
  const requested = requiredRevision(options.resourceVersion, true)
  if (requested === 0) return undefined
  // As in upstream's older rule, a limited list of a revision without a match rule is exact.
  const exact = options.match === 'Exact' || (options.match === undefined && options.limit > 0)
  if (requested > newest) throw tooLargeRevision(options.resourceVersion, newest, exact)
  return exact ? requested : undefined
}

function expiredPage(token: string): ApiError {
  const message =
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue ' +
    'parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided ' +
    'token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was ' +
    'returned and now may show up in the list.'
  const error = apiError(410, 'Expired', message)
  error.status.metadata['continue'] = token
  return error
}
