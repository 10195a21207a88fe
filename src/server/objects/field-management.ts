// Which fields of an object a request may change, and under which manager: the input of field management.
import { groupVersion, type KubeObject, type ManagedFieldsEntry } from '../../api/object.ts'
import { UnnamedItem } from '../../api/patch/apply/path-element.ts'
import { excludingPaths, onlyPaths, type PathFilter } from '../../api/patch/apply/path-filter.ts'
import { deducedMap, type Shape, shapeOfStruct } from '../../api/patch/apply/shape.ts'
import { type FieldVersion, type FieldWrite, trackUpdate } from '../../api/patch/apply/track-update.ts'
import type { UpdateStrategy } from '../../api/resources/resource.ts'
import { zeroOf } from '../../api/schema/compile.ts'
import { decodeValue } from '../../api/schema/decode.ts'
import { type GroupVersionKind, type StructType, schemaFor } from '../../api/schema/model.ts'
import { ApiError } from '../../api/status.ts'
import { formatTime } from '../../base/clock.ts'
import { copyJson } from '../../base/data/copy-json.ts'
import { RequestedConversions } from '../custom-resources/requested-conversions.ts'
import { header } from '../http/exchange.ts'
import { plainFailure } from '../http/plain-failure.ts'
import type { ResourceContext } from '../request/request-context.ts'
import type { ServedResource } from '../resource/served-resource.ts'
import type { TrackNewFields } from './create-object.ts'

type Entries = ManagedFieldsEntry[] | undefined

/** The entries to write with `object`, from the old object and the client's entries. */
export type TrackFields = (live: KubeObject, object: KubeObject, sent: readonly ManagedFieldsEntry[] | undefined) => Promise<Entries>

export function trackFields(context: ResourceContext): TrackFields {
  const write = fieldWrite(context)
  // Upstream reads metadata of custom resources once more, which loses an empty list.
  const forgets = context.served.definition.custom === undefined
  return (live, object, sent) => {
    const entries = sent?.length === 0 && !forgets ? undefined : sent
    return trackedOrNone(context, () => trackUpdate(live, object, entries, write))
  }
}

export function trackNewFields(context: ResourceContext): TrackNewFields {
  const write = fieldWrite(context)
  return (object, sent) => trackedOrNone(context, () => trackUpdate(write.empty, object, sent, write))
}

/** As upstream: an object whose fields cannot be determined has no managers. */
async function trackedOrNone({ request, warn }: ResourceContext, track: () => Promise<Entries>): Promise<Entries> {
  try {
    return await track()
  } catch (err) {
    // An item of a keyed list without its key has no path; validation rejects it if the key is required.
    if (err instanceof UnnamedItem) return undefined
    if (!(err instanceof ApiError) || request.signal.aborted) throw err
    warn(`metadata.managedFields: nobody manages the fields of this object any more: ${err.message}`)
    return undefined
  }
}

type Writer = Pick<FieldWrite, 'manager' | 'subresource' | 'time' | 'budget'>

function writerOf({ info, query, request, now, pace }: ResourceContext): Writer {
  return {
    manager: query.get('fieldManager') || managerOfAgent(header(request.headers, 'user-agent')),
    subresource: info.subresource,
    time: formatTime(now),
    budget: pace,
  }
}

/** A write of a built-in kind that is no resource of its own and has one version: a Scale. */
export function subresourceWrite(context: ResourceContext, { group, version, kind }: GroupVersionKind): FieldWrite {
  const type = schemaFor(group, version, kind)
  if (type === undefined) throw new Error(`${kind} has no schema`)
  return {
    ...writerOf(context),
    apiVersion: groupVersion(group, version),
    shape: shapeOfStruct(type),
    type,
    empty: emptyOf(type),
    filter: undefined,
    version: () => undefined,
  }
}

export function fieldWrite(context: ResourceContext): FieldWrite {
  const { served, info, request } = context
  const writer = writerOf(context)
  const { definition } = served
  const { custom } = definition
  const type = custom === undefined ? schemaFor(definition.group, definition.version, definition.kind) : undefined
  const { conversion } = served
  const asked = conversion && new RequestedConversions(conversion.convert, request.signal)
  const empty = custom?.empty ?? (type === undefined ? bare : emptyOf(type))
  return {
    ...writer,
    apiVersion: served.apiVersion,
    shape: custom?.shape ?? (type === undefined ? deducedMap : shapeOfStruct(type)),
    type,
    empty,
    filter: filterOf(served, info.subresource),
    version: apiVersion => versionOf(served, apiVersion, empty, asked),
  }
}

/** The client's name from its User-Agent, up to the slash. */
function managerOfAgent(agent: string | undefined): string {
  const name = (agent ?? '').split('/')[0] ?? ''
  return name.replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, '').slice(0, maxManagerLength)
}

const maxManagerLength = 128

const filters = new WeakMap<UpdateStrategy<KubeObject>, { readonly filter: PathFilter }>()

/** Made once for each path of a resource. */
function filterOf(served: ServedResource, subresource: string): PathFilter {
  const strategy = subresource === '' ? served.definition : served.subresources.get(subresource)
  if (strategy === undefined) return undefined
  let known = filters.get(strategy)
  if (known === undefined) {
    const ownFields = 'ownFields' in strategy ? strategy.ownFields : undefined
    known = { filter: ownFields === undefined ? excludingPaths(resetFields(served, subresource, strategy)) : onlyPaths(ownFields) }
    filters.set(strategy, known)
  }
  return known.filter
}

function resetFields(served: ServedResource, subresource: string, strategy: UpdateStrategy<KubeObject>): readonly string[] {
  if (strategy.resetFields !== undefined) return strategy.resetFields
  if (subresource === 'status') return ['spec']
  return subresource === '' && served.subresources.has('status') ? ['status'] : []
}

function versionOf(
  served: ServedResource,
  apiVersion: string,
  empty: KubeObject,
  asked: RequestedConversions | undefined,
): FieldVersion | undefined {
  const other = served.versions.get(apiVersion)
  if (other === undefined) return undefined
  const { kind, custom } = other.definition
  if (asked !== undefined) {
    const inVersion = async (objects: readonly KubeObject[], from: ServedResource, to: ServedResource): Promise<KubeObject[]> => {
      const { custom: read } = to.definition
      // An absent object needs no conversion, and managedFields are no concern of the webhook.
      const some = objects.filter(object => object !== empty)
      const converted = await asked.get(
        some.map(({ metadata: { managedFields: _entries, ...metadata }, ...object }) => ({
          ...object,
          apiVersion: from.apiVersion,
          kind,
          metadata,
        })),
        to.apiVersion,
      )
      const found = [...converted]
      return objects.map(object => (object === empty ? (read?.empty ?? bare) : (found.shift() ?? object)))
    }
    const one = async (object: KubeObject, from: ServedResource, to: ServedResource) => (await inVersion([object], from, to))[0] ?? object
    return {
      shape: custom?.shape ?? deducedMap,
      convert: object => one(object, served, other),
      async convertBoth(live, next) {
        const [before = live, after = next] = await inVersion([live, next], served, other)
        return [before, after]
      },
      restore: object => one(object, other, served),
    }
  }
  if (custom !== undefined) {
    // Only the version changes, and nulls stay until the object is read: validation must see them.
    return {
      shape: custom.shape,
      convert: async object => ({ ...object, apiVersion: other.apiVersion }),
      restore: async object => ({ ...object, apiVersion: served.apiVersion }),
    }
  }
  return {
    shape: shapeOfKind(other),
    convert: async object => converted(object, served, other),
    restore: async object => converted(object, other, served),
  }
}

function shapeOfKind({ definition: { group, version, kind } }: ServedResource): Shape {
  const type = schemaFor(group, version, kind)
  return type === undefined ? deducedMap : shapeOfStruct(type)
}

/** Through the stored form, which every version knows. */
function converted(object: KubeObject, from: ServedResource, to: ServedResource): KubeObject {
  const stored = from.toStored(whole(object, from))
  return to.definition.storedAs?.fromStored(stored) ?? stored
}

/** A copy with the structs that every object of the kind has, some of which an apply may have removed. */
function whole(object: KubeObject, { definition: { group, version, kind, custom } }: ServedResource): KubeObject {
  const type = custom === undefined ? schemaFor(group, version, kind) : undefined
  if (type === undefined) return copyJson(object)
  const decoded = decodeValue(object, type, 'Ignore')
  if (decoded.ok) return decoded.object
  throw plainFailure(`failed to prune fields: failed to convert merged object to last applied version: ${decoded.message}`)
}

const bare: KubeObject = Object.freeze({ metadata: Object.freeze({}) })
const empties = new WeakMap<StructType, KubeObject>()

/** A new object of the kind before any field is set: its empty structs. Shared, and never modified. */
export function emptyOf(type: StructType): KubeObject {
  const known = empties.get(type)
  if (known !== undefined) return known
  const empty: KubeObject = { ...zeroOf(type), metadata: {} }
  empties.set(type, empty)
  return empty
}
