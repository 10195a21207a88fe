// The order of an update, through the main path or a subresource: precondition, field management, mutating admission, preparation, validation,
// validating admission, store. A patch, a scale and a binding are updates too and come here.

import type { AdmissionRequest } from '../../admission/admission.ts'
import type { UpdateFaults } from '../../api/field-error.ts'
import { groupResource, type KubeObject, type ManagedFieldsEntry, type ObjectMeta } from '../../api/object.ts'
import type { ResourceDefinition, UpdateStrategy } from '../../api/resources/resource.ts'
import { sameValue } from '../../api/same-value.ts'
import { notFound, staleConflict } from '../../api/status.ts'
import { validateObjectMetaUpdate } from '../../api/validation/object-meta.ts'
import { yieldIfDue } from '../../base/async/turns.ts'
import { type Entry, WriteConflict } from '../../store/store.ts'
import { updateOptions } from '../request/operation-options.ts'
import type { ResourceContext } from '../request/request-context.ts'
import { Stored, type Written } from '../resource/write-result.ts'
import { annotateAudit } from './annotate-audit.ts'
import type { TrackFields } from './field-management.ts'
import { invalidObject } from './invalid-object.ts'
import { carryOver, desiredStateChanged, setManagedFields, updateRules } from './object-meta.ts'
import { dropDuplicateOwners } from './owner-references.ts'
import { strategyContext } from './strategy-context.ts'
import { checkPreconditions, checkUid } from './update-preconditions.ts'
import { WriteAdmission } from './write-admission.ts'
import { attempts, mayRetry } from './write-attempts.ts'
import { writeObject } from './write-object.ts'
import { type Reservation, ReservationLost, type WriteParts } from './write-parts.ts'

export interface Change {
  readonly namespace: string
  readonly name: string
  readonly dryRun: boolean
  /** The status of the answer once the change is durable; undefined if the change is only one step of the request. */
  readonly answers?: number
  /** The metadata that the client sent with a whole object; undefined for patches and the like. */
  readonly sent?: ObjectMeta
  /** '' for the main path. Determines the strategy and the admission request. */
  readonly subresource: string
  /**
   * The new object, in the served version and not shared, from the newest old one. Called again after a lost race.
   * Its resourceVersion, where it has one, is the precondition.
   */
  next(old: KubeObject): Promise<KubeObject>
  /** Computes the field managers of the new object; without it they stay those of the old one. */
  readonly track?: TrackFields
  /** Creates the object if it does not exist. */
  createMissing?(): Promise<Written>
  /** What admission sees instead of the object: a Scale, a Binding. */
  shows?(object: KubeObject, old: KubeObject): ShownChange
  /** A write by the server itself, as a step of a deletion: it is small, so no quota of bytes and no full store refuses it. */
  readonly strategy?: UpdateStrategy<KubeObject>
  /** What the server itself notes, a step of a deletion: it is small, and no quota of bytes and no full store refuses it. */
  readonly isUpkeep?: boolean
}

export interface ShownChange extends Pick<AdmissionRequest, 'operation' | 'object' | 'oldObject'> {
  /** Applies admission's changes of what it saw to the object. */
  adopt(): void
}

export async function updateObject(parts: WriteParts, context: ResourceContext, change: Change): Promise<Written> {
  const { served } = context
  for (let attempt = 1; ; attempt++) {
    const entry = served.collection.newest(change.namespace, change.name)
    if (entry === undefined) {
      if (change.sent !== undefined) checkUid(served, change, change.sent, {})
      if (change.createMissing) return change.createMissing()
      throw notFound(served.named, change.name)
    }
    if (served.conversion) await served.conversion.prepare([entry], context.request.signal)
    if (served.definition.custom?.hasRules === true) context.pace.takesRules()
    context.pace.takes(entry.byteLength)
    const old = served.view.object(entry)
    await yieldIfDue(context.pace)
    context.noteState?.(old.metadata)
    const object = await change.next(old)
    context.noteState?.(object.metadata)
    await yieldIfDue(context.pace)
    const { namespace, name, dryRun } = change
    const place = { namespace, name, dryRun, replaces: change.sent !== undefined, isView: change.subresource === 'scale' }
    const conditional = checkPreconditions(served, place, object.metadata, old.metadata)
    try {
      return await attemptUpdate(parts, context, change, entry, object, old)
    } catch (err) {
      if (err instanceof ReservationLost && attempt < attempts) continue
      if (!(err instanceof WriteConflict)) throw err
      if (conditional || !(await mayRetry(err, attempt))) throw staleConflict(served.named, change.name)
    }
  }
}

async function attemptUpdate(
  parts: WriteParts,
  context: ResourceContext,
  change: Change,
  entry: Entry,
  object: KubeObject,
  old: KubeObject,
): Promise<Written> {
  if (change.sent !== undefined) dropDuplicateOwners(object.metadata, context.warn)
  const sent = object.metadata.managedFields
  carryOver(object.metadata, old.metadata)
  context.served.definition.writing?.dropEmpty?.(object, old)
  // Before admission, as at creation.
  if (change.track) {
    setManagedFields(object.metadata, await change.track(old, object, sent))
    await yieldIfDue(context.pace)
  }
  const shown = change.shows?.(object, old)
  const admission = admissionRequest(context, change, shown ?? { operation: 'UPDATE', object, oldObject: old })
  await parts.admission.mutate(admission, context.request.signal)
  shown?.adopt()
  dropDuplicateOwners(object.metadata, context.warn, true)
  await yieldIfDue(context.pace)
  const reservation = change.subresource === '' ? beginReservation(parts, context, object, old, change.dryRun) : undefined
  let success = false
  try {
    prepare(context, change, object, old)
    if (change.subresource === '') await context.served.definition.custom?.validateInTurns(object, old, context.pace)
    validate(context, change, object, old)
    await yieldIfDue(context.pace)
    await parts.admission.validate(admission, context.request.signal)
    await yieldIfDue(context.pace)
    if (isUnchanged(object, old)) {
      // The version in the answer is that of another request, which may still be on its way to the disk.
      if (context.served.collection.get(change.namespace, change.name) !== entry) await parts.settled?.()
      return { object: old, entry, created: false }
    }
    if (change.dryRun) return { object, entry: undefined, created: false }
    await yieldIfDue(context.pace)
    const claimed = reservation?.claim()
    if (claimed) await claimed
    const written = await store(parts, context, { entry, object, old, admission, reservation }, change)
    success = true
    return written
  } finally {
    if (reservation) await reservation.finish(success)
    parts.admission.finish?.(admission, success)
  }
}

/** Times of managers alone are no change. */
function isUnchanged(object: KubeObject, old: KubeObject): boolean {
  const entries = object.metadata.managedFields
  const before = old.metadata.managedFields
  if (entries === before || entries === undefined || before === undefined) return sameValue(object, old)
  const timeless = (all: readonly ManagedFieldsEntry[]) => all.map(({ time: _time, ...entry }) => entry)
  if (entries.length !== before.length || !sameValue(timeless(entries), timeless(before))) return false
  return sameValue({ ...object, metadata: { ...object.metadata, managedFields: before } }, old)
}

function admissionRequest(
  context: ResourceContext,
  { subresource, namespace, name, dryRun }: Change,
  { operation, object, oldObject }: Pick<AdmissionRequest, 'operation' | 'object' | 'oldObject'>,
): AdmissionRequest {
  const asked = { operation, subresource, namespace, name, object, oldObject, dryRun }
  return new WriteAdmission(context, asked, () => updateOptions(context))
}

function beginReservation(
  parts: WriteParts,
  context: ResourceContext,
  object: KubeObject,
  old: KubeObject,
  dryRun: boolean,
): Reservation | undefined {
  const { group, plural } = context.served.definition
  return parts.reservations.get(groupResource(group, plural))?.beginUpdate(object, old, dryRun)
}

const isMain = ({ subresource }: Change): boolean => subresource === ''
/** A scale is a change through the main strategy. */
const isCounted = (change: Change): boolean => isMain(change) || change.subresource === 'scale'

function strategyOf({ served }: ResourceContext, change: Change) {
  return change.strategy ?? (isMain(change) ? served.definition : (served.subresources.get(change.subresource) ?? {}))
}

function prepare(context: ResourceContext, change: Change, object: KubeObject, old: KubeObject): void {
  const { definition } = context.served
  const strategy = strategyOf(context, change)
  definition.writing?.dropEmpty?.(object, old)
  strategy.prepare?.(object, old, strategyContext(context))
  // Upstream writes a binding past its strategy: where a pod runs is no new wish of its owner's.
  if (
    definition.countsGeneration !== false &&
    change.subresource !== 'binding' &&
    desiredStateChanged(definition, isCounted(change), object, old)
  )
    object.metadata.generation = (old.metadata.generation ?? 0) + 1
}

function validate(context: ResourceContext, change: Change, object: KubeObject, old: KubeObject): void {
  const { definition } = context.served
  const strategy = strategyOf(context, change)
  const own = isMain(change) ? validateMain(definition, object, old) : (strategy.validate?.(object, old) ?? [])
  const errors = validateObjectMetaUpdate(object.metadata, old.metadata, 'metadata', updateRules(definition, strategy), own)
  if (errors.length > 0) throw invalidObject(definition, change.name, errors, object)
  const warned = isCounted(change) ? definition : strategy
  for (const warning of warned.warnings?.(object, old) ?? []) context.warn(warning)
  annotateAudit(warned, object, context.annotate)
}

function validateMain(definition: ResourceDefinition, object: KubeObject, old: KubeObject): UpdateFaults {
  return (definition.validateUpdate ? definition.validateUpdate(object, old) : definition.validate?.(object)) ?? []
}

interface AdmittedChange {
  readonly entry: Entry
  readonly object: KubeObject
  readonly old: KubeObject
  readonly admission: AdmissionRequest
  readonly reservation: Reservation | undefined
}

/** Writes the new version, or removes the object if this change completed its deletion. */
async function store(
  parts: WriteParts,
  context: ResourceContext,
  { entry, object, old, admission, reservation }: AdmittedChange,
  { answers, isUpkeep = false }: Pick<Change, 'answers' | 'isUpkeep'>,
): Promise<Written> {
  const { served } = context
  const { group, plural } = served.definition
  const { namespace, name } = entry
  const { conversion } = served
  if (conversion) await conversion.prepareToStore(object, context.request.signal)
  if (deletionCompletes(object, old)) {
    parts.writtenBytes?.count(context.user, namespace, entry.byteLength)
    await served.collection.write({ namespace, name, expected: entry, object: undefined })
    await parts.reservations.get(groupResource(group, plural))?.release(object)
    return { object, entry: undefined, created: false }
  }
  const request = { namespace, name, expected: entry, object: served.toStored(object), isUpkeep, reservation }
  const written = writeObject(parts, context, request, admission)
  if (answers !== undefined) context.recordDuringCommit(answers)
  const next = await written
  if (conversion) await conversion.prepare([next], context.request.signal)
  return new Stored(served, next, false)
}

function deletionCompletes(object: KubeObject, old: KubeObject): boolean {
  if (old.metadata.deletionTimestamp === undefined) return false
  if ((old.metadata.deletionGracePeriodSeconds ?? 0) !== 0) return false
  return !isHeld(object)
}

/** A custom resource may have the same kind. */
export function isNamespace({ apiVersion, kind }: KubeObject): boolean {
  return kind === 'Namespace' && apiVersion === 'v1'
}

/** Whether finalizers, a namespace's own included, keep a deleted object. */
export function isHeld(object: KubeObject): boolean {
  if ((object.metadata.finalizers ?? []).length > 0) return true
  if (!isNamespace(object)) return false
  const { spec } = object as KubeObject & { spec?: { finalizers?: readonly string[] } }
  return (spec?.finalizers ?? []).length > 0
}
