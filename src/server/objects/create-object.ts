// The order of a creation: defaults, field management, mutating admission, preparation, validation, validating admission, store.

import type { AdmissionRequest } from '../../admission/admission.ts'
import type { FieldError } from '../../api/field-error.ts'
import { groupResource, type KubeObject, type ManagedFieldsEntry } from '../../api/object.ts'
import type { ResourceDefinition } from '../../api/resources/resource.ts'
import { alreadyExists, badRequest, noUniqueName } from '../../api/status.ts'
import { validateObjectMeta } from '../../api/validation/object-meta.ts'
import { yieldIfDue } from '../../base/async/turns.ts'
import { copyJson } from '../../base/data/copy-json.ts'
import { WriteConflict } from '../../store/store.ts'
import { plainFailure } from '../http/plain-failure.ts'
import { createOptions } from '../request/operation-options.ts'
import type { ResourceContext } from '../request/request-context.ts'
import { Stored, type Written } from '../resource/write-result.ts'
import { annotateAudit } from './annotate-audit.ts'
import { generatedName } from './identifiers.ts'
import { invalidObject } from './invalid-object.ts'
import { metadataRules, receiveNew, setManagedFields, stampNew } from './object-meta.ts'
import { dropDuplicateOwners } from './owner-references.ts'
import { strategyContext } from './strategy-context.ts'
import { WriteAdmission } from './write-admission.ts'
import { writeObject } from './write-object.ts'
import { type Reservation, ReservationLost, type WriteParts } from './write-parts.ts'

/** As `TrackFields`, for a new object. */
export type TrackNewFields = (
  object: KubeObject,
  sent: readonly ManagedFieldsEntry[] | undefined,
) => Promise<ManagedFieldsEntry[] | undefined>

/** A generated name that is taken is drawn again this often. */
const nameAttempts = 8

/** `object` is decoded and defaulted; it is modified and kept. `track` computes its field managers; without it there are none. */
export async function createObject(
  parts: WriteParts,
  context: ResourceContext,
  object: KubeObject,
  dryRun: boolean,
  track?: TrackNewFields,
): Promise<Written> {
  const { served, info } = context
  const { definition } = served
  if (definition.custom?.hasRules === true) context.pace.takesRules()
  const { metadata } = object
  context.noteState?.(metadata)
  const sent = metadata.managedFields
  receiveNew(metadata, info.namespace, definition.namespaced)
  if (info.verb !== 'patch') dropDuplicateOwners(metadata, context.warn)
  if (definition.writing?.generatesNames === false && !metadata.name && metadata.generateName) metadata.name = metadata.generateName
  const prefix = metadata.name ? '' : (metadata.generateName ?? '')
  if (prefix !== '') metadata.name = generatedName(prefix, parts.identifiers)
  stampNew(metadata, parts.identifiers, context.now, definition.countsGeneration !== false)

  definition.writing?.dropEmpty?.(object, undefined)
  // Before admission: a plug-in's additions have no manager, so that a later apply of the object does not remove them.
  if (track) {
    setManagedFields(metadata, await track(object, sent))
    await yieldIfDue(context.pace)
  }
  const { subresource, namespace } = info
  const asked = { operation: 'CREATE', subresource, namespace, name: metadata.name ?? '', object, oldObject: undefined, dryRun } as const
  const admission = new WriteAdmission(context, asked, () => createOptions(context))
  await parts.admission.mutate(admission, context.request.signal)
  dropDuplicateOwners(object.metadata, context.warn, true)
  await yieldIfDue(context.pace)
  const reservation = parts.reservations.get(groupResource(definition.group, definition.plural))?.beginCreate(object, dryRun)
  let success = false
  try {
    definition.writing?.dropEmpty?.(object, undefined)
    definition.prepareForCreate?.(object, strategyContext(context))
    await definition.custom?.validateInTurns(object, undefined, context.pace)
    const errors = validateNewObject(definition, object)
    if (errors.length > 0) throw invalidObject(definition, metadata.name ?? '', errors, object)
    for (const warning of definition.warnings?.(object, undefined) ?? []) context.warn(warning)
    annotateAudit(definition, object, context.annotate)
    await yieldIfDue(context.pace)
    await parts.admission.validate(admission, context.request.signal)
    await yieldIfDue(context.pace)
    const written = await store(parts, context, object, { prefix, dryRun, reservation, admission })
    success = !dryRun
    return written
  } finally {
    if (reservation) await reservation.finish(success)
    parts.admission.finish?.(admission, success)
  }
}

/** Metadata is validated first, except for kinds whose own rules omit it: theirs is validated once everything else is valid. */
export function validateNewObject(definition: ResourceDefinition, object: KubeObject): FieldError[] {
  // An object that claims another kind is not validated further.
  const wrongType = definition.custom?.validateType(object) ?? []
  if (wrongType.length > 0) return wrongType
  const metadata = () => validateObjectMeta(object.metadata, metadataRules(definition))
  const first = definition.writing?.validateFirst?.(object) ?? []
  const rest = definition.validate?.(object) ?? []
  if (definition.validatesMetadata !== false) return [...first, ...metadata(), ...rest]
  return rest.length > 0 ? rest : metadata()
}

interface Creation {
  /** For a generated name. */
  readonly prefix: string
  readonly dryRun: boolean
  readonly reservation: Reservation | undefined
  readonly admission: AdmissionRequest
}

async function store(
  parts: WriteParts,
  context: ResourceContext,
  object: KubeObject,
  { prefix, dryRun, reservation, admission }: Creation,
): Promise<Written> {
  const { served } = context
  const { metadata } = object
  const namespace = metadata.namespace ?? ''
  // Upstream's storage reports this, after validation and not for a dry run.
  if (namesVersion(metadata.resourceVersion) && !dryRun) throw plainFailure('resourceVersion should not be set on objects to be created')
  delete metadata.resourceVersion
  for (let attempt = 1; ; attempt++) {
    const name = metadata.name ?? ''
    if (name === '') throw badRequest('name or generateName is required')
    const present = served.collection.newest(namespace, name)
    if (present === undefined) {
      if (dryRun) return { object, entry: undefined, created: true }
      try {
        if (served.conversion) await served.conversion.prepareToStore(object, context.request.signal)
        const claimed = reservation?.claim()
        if (claimed) await claimed
        const request = {
          namespace,
          name,
          expected: undefined,
          object: served.toStored(reservation ? copyJson(object) : object),
          reservation,
        }
        const written = writeObject(parts, context, request, admission)
        context.recordDuringCommit(201, name)
        const entry = await written
        if (served.conversion) await served.conversion.prepare([entry], context.request.signal)
        return new Stored(served, entry, true)
      } catch (err) {
        if (err instanceof ReservationLost && reservation?.renew !== undefined && attempt < nameAttempts) {
          reservation.renew()
          delete metadata.resourceVersion
          continue
        }
        if (!(err instanceof WriteConflict)) throw err
      }
    }
    if (prefix === '' || attempt >= nameAttempts) {
      // As upstream, of every object with a prefix: the client may have given the name beside it.
      const taken = metadata.generateName ? noUniqueName : alreadyExists
      throw taken(served.named, name, present?.object.metadata.deletionTimestamp !== undefined)
    }
    metadata.name = generatedName(prefix, parts.identifiers)
  }
}

/** Zero counts as no version, and so does a text that is no number. */
function namesVersion(resourceVersion: string | undefined): boolean {
  return resourceVersion !== undefined && /^\d{1,20}$/.test(resourceVersion) && BigInt(resourceVersion) !== 0n
}
