// Which request may change which fields of an object, and in whose name: what field management must know of it.
import { type FieldError, forbiddenField, required } from '../api/field-error.ts'
import type { KubeObject, ManagedFieldsEntry } from '../api/object.ts'
import { applyMediaType } from '../api/patch/apply/apply.ts'
import { deducedMap, shapeOfStruct } from '../api/patch/apply/shape.ts'
import { type FieldWrite, trackUpdate } from '../api/patch/apply/track-update.ts'
import { zeroOf } from '../api/schema/compile.ts'
import { type StructType, schemaFor } from '../api/schema/model.ts'
import { invalid } from '../api/status.ts'
import { validateFieldManager } from '../api/validation/object-meta.ts'
import { formatTime } from '../base/clock.ts'
import type { TrackNewFields } from './create-object.ts'
import { header } from './exchange.ts'
import type { ResourceContext } from './request-context.ts'

/** The entries to write with `object`, from what it was and from the entries that the client sent along. */
export type TrackFields = (
  live: KubeObject,
  object: KubeObject,
  sent: readonly ManagedFieldsEntry[] | undefined,
) => ManagedFieldsEntry[] | undefined

/** Throws the 422 of a bad `fieldManager`. */
export function trackFields(context: ResourceContext, optionsKind: string): TrackFields {
  const write = fieldWrite(context, optionsKind)
  return (live, object, sent) => trackUpdate(live, object, sent, write)
}

/** Throws the 422 of a bad `fieldManager`. */
export function trackNewFields(context: ResourceContext, optionsKind: string): TrackNewFields {
  const write = fieldWrite(context, optionsKind)
  return (object, sent) => trackUpdate(write.empty, object, sent, write)
}

/** Throws the 422 of a bad `fieldManager` or `force`. */
export function fieldWrite(context: ResourceContext, optionsKind: string): FieldWrite {
  const { served, info, query, request, now } = context
  const applies = isApply(context)
  const manager = query.get('fieldManager') ?? ''
  if (manager !== '' || applies || query.get('force') !== undefined) judgeOptions(context, optionsKind, manager, applies)
  const { definition } = served
  const type = schemaFor(definition.group, definition.version, definition.kind)
  return {
    manager: manager === '' ? managerOfAgent(header(request.headers, 'user-agent')) : manager,
    apiVersion: served.apiVersion,
    subresource: info.subresource,
    time: formatTime(now),
    shape: type === undefined ? deducedMap : shapeOfStruct(type),
    empty: type === undefined ? bare : emptyOf(type),
    keeps: keepsOf(info.subresource, served.subresources.has('status')),
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

const everything = (): boolean => true
const allButStatus = (field: string): boolean => field !== 'status'
const statusAlone = (field: string): boolean => field === 'status' || field === 'metadata'

function keepsOf(subresource: string, hasStatus: boolean): (field: string) => boolean {
  if (subresource === 'status') return statusAlone
  return subresource === '' && hasStatus ? allButStatus : everything
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
