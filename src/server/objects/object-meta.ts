// The part of metadata that belongs to the server: what a client may not set, what an update carries over, when generation counts.
import type { KubeObject, ManagedFieldsEntry, ObjectMeta } from '../../api/object.ts'
import type { ResourceDefinition, UpdateStrategy } from '../../api/resources/resource.ts'
import { sameValue } from '../../api/same-value.ts'
import { badRequest } from '../../api/status.ts'
import { nameIsDnsSubdomain } from '../../api/validation/names.ts'
import { type ObjectMetaRules, type ObjectMetaUpdateRules, validatesWhole } from '../../api/validation/object-meta.ts'
import { semanticallyEqual } from '../../api/validation/semantic-equality.ts'
import { formatTime } from '../../base/clock.ts'
import type { Identifiers } from './identifiers.ts'

/** Forgets what a client sent for the fields that only the server sets. */
function wipeSystemFields(metadata: ObjectMeta): void {
  delete metadata.creationTimestamp
  delete metadata.uid
  delete metadata.selfLink
  delete metadata.deletionTimestamp
  delete metadata.deletionGracePeriodSeconds
  delete metadata.managedFields
}

/** What every creation does to the metadata that a client sent, those whose answer is only computed included. */
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

/** What is sent to an object's own path, or is made of it by a patch, may leave its namespace out, and must say its name. */
export function matchPlace(metadata: ObjectMeta, place: { readonly namespace: string; readonly name: string }, namespaced: boolean): void {
  matchNamespace(metadata, place.namespace, namespaced)
  if (!metadata.name) throw badRequest(`the name of the object (${place.name} based on URL) was undeterminable: name must be provided`)
  if (metadata.name !== place.name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${place.name})`)
  }
}

/**
 * What an update may leave out: filled in from the old object before validation looks at it. Times that the server has set are put back; what the
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
  // Field managers are the server's to keep: what a client sent for them is validated where fields are tracked.
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
  // The same amount written another way is no other wish; of custom resources nobody knows what is an amount.
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

/** Sets the time of deletion. Counts as a change of what is wanted, as upstream has it, but where no grace period is marked. */
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
