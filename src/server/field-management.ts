// Which request may change which fields of an object, and in whose name: what field management must know of it.
import { type FieldError, forbiddenField, required } from '../api/field-error.ts'
import type { KubeObject, ManagedFieldsEntry } from '../api/object.ts'
import { applyMediaType } from '../api/patch/apply/apply.ts'
import { UnnamedItem } from '../api/patch/apply/path-element.ts'
import { excludingPaths, onlyPaths, type PathFilter } from '../api/patch/apply/path-filter.ts'
import { deducedMap, shapeOfStruct } from '../api/patch/apply/shape.ts'
import { type FieldVersion, type FieldWrite, trackUpdate } from '../api/patch/apply/track-update.ts'
import type { UpdateStrategy } from '../api/resource.ts'
import { zeroOf } from '../api/schema/compile.ts'
import { type StructType, schemaFor } from '../api/schema/model.ts'
import { invalid } from '../api/status.ts'
import { validateFieldManager } from '../api/validation/object-meta.ts'
import { formatTime } from '../base/clock.ts'
import type { TrackNewFields } from './create-object.ts'
import { header } from './exchange.ts'
import type { ResourceContext } from './request-context.ts'
import type { ServedResource } from './served-resource.ts'

/** The entries to write with `object`, from what it was and from the entries that the client sent along. */
export type TrackFields = (
  live: KubeObject,
  object: KubeObject,
  sent: readonly ManagedFieldsEntry[] | undefined,
) => ManagedFieldsEntry[] | undefined

/** Throws the 422 of a bad `fieldManager`. */
export function trackFields(context: ResourceContext, optionsKind: string): TrackFields {
  const write = fieldWrite(context, optionsKind)
  return (live, object, sent) => trackedOrNone(() => trackUpdate(live, object, sent, write))
}

/** Throws the 422 of a bad `fieldManager`. */
export function trackNewFields(context: ResourceContext, optionsKind: string): TrackNewFields {
  const write = fieldWrite(context, optionsKind)
  return (object, sent) => trackedOrNone(() => trackUpdate(write.empty, object, sent, write))
}

/** An item of a keyed list without its key has no path. Nobody manages such an object, which validation refuses where the key is required. */
function trackedOrNone(track: () => ManagedFieldsEntry[] | undefined): ManagedFieldsEntry[] | undefined {
  try {
    return track()
  } catch (err) {
    if (err instanceof UnnamedItem) return undefined
    throw err
  }
}

/** Throws the 422 of a bad `fieldManager` or `force`. */
export function fieldWrite(context: ResourceContext, optionsKind: string): FieldWrite {
  const { served, info, query, request, now } = context
  const applies = isApply(context)
  const manager = query.get('fieldManager') ?? ''
  if (manager !== '' || applies || query.get('force') !== undefined) judgeOptions(context, optionsKind, manager, applies)
  const { definition } = served
  const { custom } = definition
  const type = custom === undefined ? schemaFor(definition.group, definition.version, definition.kind) : undefined
  return {
    manager: manager === '' ? managerOfAgent(header(request.headers, 'user-agent')) : manager,
    apiVersion: served.apiVersion,
    subresource: info.subresource,
    time: formatTime(now),
    shape: custom?.shape ?? (type === undefined ? deducedMap : shapeOfStruct(type)),
    type,
    empty: custom?.empty ?? (type === undefined ? bare : emptyOf(type)),
    filter: filterOf(served, info.subresource),
    version: apiVersion => versionOf(served, apiVersion),
  }
}

function judgeOptions({ query, info }: ResourceContext, optionsKind: string, manager: string, applies: boolean): void {
  const errors: FieldError[] = []
  if (applies && manager === '') errors.push(required('fieldManager', 'is required for apply patch'))
  if (info.verb === 'patch' && !applies && query.get('force') !== undefined) {
    errors.push(forbiddenField('force', 'may not be specified for non-apply patch'))
  }
  validateFieldManager(manager, 'fieldManager', errors)
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: optionsKind }, '', errors)
}

export function isApply({ info, request }: ResourceContext): boolean {
  if (info.verb !== 'patch') return false
  return (header(request.headers, 'content-type') ?? '').split(';')[0]?.trim() === applyMediaType
}

/** What a client calls itself, up to the slash. */
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
    const { ownFields } = strategy
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

function versionOf(served: ServedResource, apiVersion: string): FieldVersion | undefined {
  const other = served.versions.get(apiVersion)
  if (other === undefined) return undefined
  const { group, version, kind, custom } = other.definition
  // Nobody is asked for who manages what: managers of other versions are seen in the names of this one.
  if (served.conversion !== undefined) {
    return { shape: served.definition.custom?.shape ?? deducedMap, convert: object => object, restore: object => object }
  }
  const type = custom === undefined ? schemaFor(group, version, kind) : undefined
  return {
    shape: custom?.shape ?? (type === undefined ? deducedMap : shapeOfStruct(type)),
    convert: object => converted(object, served, other),
    restore: object => converted(object, other, served),
  }
}

/** Through the stored form, which every version knows. */
function converted(object: KubeObject, from: ServedResource, to: ServedResource): KubeObject {
  const stored = from.toStored(structuredClone(object))
  return to.definition.storedAs?.fromStored(stored) ?? stored
}

const bare: KubeObject = Object.freeze({ metadata: Object.freeze({}) })
const empties = new WeakMap<StructType, KubeObject>()

function emptyOf(type: StructType): KubeObject {
  const known = empties.get(type)
  if (known !== undefined) return known
  const empty: KubeObject = { ...zeroOf(type), metadata: {} }
  empties.set(type, empty)
  return empty
}
