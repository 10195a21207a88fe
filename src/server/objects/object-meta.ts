// The server's part of metadata: fields that a client cannot set, fields that an update keeps, and what increments the generation.
import type { KubeObject, ManagedFieldsEntry, ObjectMeta } from '../../api/object.ts'
import type { ResourceDefinition, UpdateStrategy } from '../../api/resources/resource.ts'
import { sameValue } from '../../api/same-value.ts'
import { badRequest } from '../../api/status.ts'
import { nameIsDnsSubdomain } from '../../api/validation/names.ts'
import { type ObjectMetaRules, type ObjectMetaUpdateRules, validatesWhole } from '../../api/validation/object-meta.ts'
import { semanticallyEqual } from '../../api/validation/semantic-equality.ts'
import { formatTime } from '../../base/clock.ts'
import type { Identifiers } from './identifiers.ts'

/** Drops the client's values of fields that only the server sets. */
function wipeSystemFields(metadata: ObjectMeta): void {
  delete metadata.creationTimestamp
  delete metadata.uid
  delete metadata.selfLink
  delete metadata.deletionTimestamp
  delete metadata.deletionGracePeriodSeconds
  delete metadata.managedFields
}

/** Prepares a new object's metadata, including objects that are only computed. */
export function receiveNew(metadata: ObjectMeta, requested: string, namespaced: boolean): void {
  wipeSystemFields(metadata)
  matchNamespace(metadata, requested, namespaced)
}

export function stampNew(metadata: ObjectMeta, identifiers: Identifiers, now: number, countsGeneration: boolean): void {
  metadata.uid = identifiers.uid()
  metadata.creationTimestamp = formatTime(now)
  if (countsGeneration) metadata.generation = 1
}

/** Fills the namespace from the path, or refuses another one. A cluster-scoped object loses the one that it was sent with. */
export function matchNamespace(metadata: ObjectMeta, requested: string, namespaced: boolean): void {
  if (!namespaced) {
    delete metadata.namespace
    return
  }
  if (!metadata.namespace) metadata.namespace = requested
  else if (metadata.namespace !== requested) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
}

/** An object sent to its own path, or patched there, may omit its namespace, and must have its name. */
export function matchPlace(metadata: ObjectMeta, place: { readonly namespace: string; readonly name: string }, namespaced: boolean): void {
  matchNamespace(metadata, place.namespace, namespaced)
  if (!metadata.name) throw badRequest(`the name of the object (${place.name} based on URL) was undeterminable: name must be provided`)
  if (metadata.name !== place.name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${place.name})`)
  }
}

/**
 * Fields that an update may omit: filled in from the old object before validation. The server's times are restored; what the
 * server has not set and the client claims is left for validation to refuse.
 */
export function carryOver(metadata: ObjectMeta, old: ObjectMeta): void {
  setOrDelete(metadata, 'generation', old.generation)
  setOrDelete(metadata, 'resourceVersion', old.resourceVersion)
  if (!metadata.uid) setOrDelete(metadata, 'uid', old.uid)
  setOrDelete(metadata, 'creationTimestamp', old.creationTimestamp)
  if (old.deletionTimestamp !== undefined) metadata.deletionTimestamp = old.deletionTimestamp
  if (old.deletionGracePeriodSeconds !== undefined) metadata.deletionGracePeriodSeconds ??= old.deletionGracePeriodSeconds
  delete metadata.selfLink
  // The server keeps field managers: the client's are validated where fields are tracked.
  setOrDelete(metadata, 'managedFields', old.managedFields)
}

export function setManagedFields(metadata: ObjectMeta, entries: ManagedFieldsEntry[] | undefined): void {
  // Deleted first: they come last in the object, as Go prints it.
  delete metadata.managedFields
  if (entries !== undefined && entries.length > 0) metadata.managedFields = entries
}

function setOrDelete<K extends keyof ObjectMeta>(metadata: ObjectMeta, key: K, value: ObjectMeta[K]): void {
  if (value === undefined) delete metadata[key]
  else metadata[key] = value
}

/**
 * Whether anything changed that `metadata.generation` counts: spec where there is one, else everything but metadata and status. What the kind adds
 * counts on the main path only.
 */
export function desiredStateChanged(definition: ResourceDefinition, main: boolean, object: KubeObject, old: KubeObject): boolean {
  const { countsGeneration } = definition
  const rules = typeof countsGeneration === 'object' ? countsGeneration : undefined
  // An amount in another form is no change; in custom resources, amounts are unknown.
  const same = definition.custom === undefined ? semanticallyEqual : sameValue
  if (rules !== undefined && main && !same(rules.parts(object), rules.parts(old))) return true
  if ('spec' in object || rules === undefined) return !same(desiredState(object), desiredState(old))
  return false
}

function desiredState(object: KubeObject): unknown {
  if ('spec' in object) return object.spec
  const { metadata: _metadata, status: _status, ...rest } = object as KubeObject & { status?: unknown }
  return rest
}

/** Sets the time of deletion. As upstream, increments the generation unless no grace period is set. */
export function markDeleted(metadata: ObjectMeta, now: number, graceSeconds: number | undefined): void {
  metadata.deletionTimestamp = formatTime(now + (graceSeconds ?? 0) * 1000)
  if (graceSeconds === undefined) return
  metadata.deletionGracePeriodSeconds = graceSeconds
  if (metadata.generation !== undefined && metadata.generation > 0) metadata.generation += 1
}

function knowsFinalizers(definition: ResourceDefinition): boolean {
  return definition.standardFinalizers !== false && definition.validatesMetadata !== false
}

export function metadataRules(definition: ResourceDefinition): ObjectMetaRules {
  return {
    namespaced: definition.namespaced,
    nameRule: definition.nameRule ?? nameIsDnsSubdomain,
    standardFinalizers: knowsFinalizers(definition),
  }
}

/** `strategy` is that of the path which the update takes. */
export function updateRules(definition: ResourceDefinition, strategy: UpdateStrategy<KubeObject>): ObjectMetaUpdateRules {
  const again = definition.validatesMetadata !== false && (strategy.validatesMetadata ?? ['change'])
  const standardFinalizers = again !== false && definition.standardFinalizers !== false
  return { standardFinalizers, again, ...(validatesWhole(again) ? { whole: metadataRules(definition) } : {}) }
}
