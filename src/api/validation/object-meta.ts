// Validation of the common metadata, as upstream's `api/validation` on create and on update.
import { writeJson } from '../../base/write-json.ts'
import { type FieldError, forbiddenField, invalidValue, required, tooLong, type UpdateFaults } from '../field-error.ts'
import type { ManagedFieldsEntry, ObjectMeta, OwnerReference } from '../object.ts'
import { exceedsBytes } from './byte-length.ts'
import { goString, goStrings, goStruct, goTime, invalidShown } from './go-syntax.ts'
import { labelValue, type NameRule, nameIsDnsLabel, nameIsPathSegment, qualifiedName } from './names.ts'

export const immutableMessage = 'field is immutable'
export const negativeMessage = 'must be greater than or equal to 0'

const annotationsLimit = 256 * 1024
const orphanFinalizer = 'orphan'
const foregroundFinalizer = 'foregroundDeletion'

export interface ObjectMetaRules {
  readonly namespaced: boolean
  readonly nameRule: NameRule
  /** Kinds of the core group (and those that share its code) also reject unqualified finalizers that are not standard ones. */
  readonly standardFinalizers?: boolean
}

/** Validates the metadata of a new object, after its name was generated and its namespace set. */
export function validateObjectMeta(meta: ObjectMeta, rules: ObjectMetaRules, path = 'metadata'): FieldError[] {
  const errors: FieldError[] = []
  if (meta.generateName) pushMessages(errors, `${path}.generateName`, meta.generateName, rules.nameRule(meta.generateName, true))
  if (!meta.name) errors.push(required(`${path}.name`, 'name or generateName is required'))
  else pushMessages(errors, `${path}.name`, meta.name, rules.nameRule(meta.name, false))
  if (rules.namespaced) {
    if (!meta.namespace) errors.push(required(`${path}.namespace`))
    else pushMessages(errors, `${path}.namespace`, meta.namespace, nameIsDnsLabel(meta.namespace, false))
  } else if (meta.namespace) errors.push(forbiddenField(`${path}.namespace`, 'not allowed on this type'))
  if ((meta.generation ?? 0) < 0) errors.push(invalidValue(`${path}.generation`, meta.generation, negativeMessage))
  validateLabels(meta.labels, `${path}.labels`, errors)
  validateAnnotations(meta.annotations, `${path}.annotations`, errors)
  validateOwnerReferences(meta.ownerReferences, `${path}.ownerReferences`, errors)
  validateFinalizers(meta.finalizers, `${path}.finalizers`, errors)
  validateManagedFields(meta.managedFields, `${path}.managedFields`, errors)
  if (rules.standardFinalizers !== false) validateFinalizersAreKnown(meta.finalizers, `${path}.finalizers`, errors)
  return errors
}

/** What the update rules of metadata need to know about the kind. */
export interface ObjectMetaUpdateRules {
  /** As in `ObjectMetaRules`. */
  readonly standardFinalizers?: boolean
  /** Default: `change`. */
  readonly again?: MetadataAgain
  /** The rules of a new object of the kind, for kinds whose own rules validate the whole again. */
  readonly whole?: ObjectMetaRules
}

/**
 * The parts of metadata that a kind's update rules validate, one after the other: changes, or all of it as in a new object. `none` is
 * nothing: the first list of the kind's own errors then precedes all others.
 */
export type MetadataAgain = readonly ('change' | 'whole' | 'none')[] | false

export const validatesWhole = (again: MetadataAgain): boolean => again !== false && again.includes('whole')

/**
 * Validates an update's changes of metadata. Both objects have their name, namespace and resourceVersion. The list is upstream's: it
 * applies every object's rules, those for updates, and the kind's, one after the other, and each reports an invalid label again. An
 * unchanged `generateName` was validated with the name generated from it. `own` are the errors of the kind's rules beyond metadata, which
 * have their place in the list.
 */
export function validateObjectMetaUpdate(
  meta: ObjectMeta,
  old: ObjectMeta,
  path = 'metadata',
  { standardFinalizers = true, again = ['change'], whole }: ObjectMetaUpdateRules = {},
  own: UpdateFaults = [],
): FieldError[] {
  const change: FieldError[] = []
  validateChange(meta, old, path, change)
  const prefix: FieldError[] = []
  const { generateName } = meta
  const isNewPrefix = generateName && generateName !== old.generateName
  if (isNewPrefix) pushMessages(prefix, `${path}.generateName`, generateName, nameIsPathSegment(generateName, true))
  const values: FieldError[] = []
  validateLabels(meta.labels, `${path}.labels`, values)
  validateAnnotations(meta.annotations, `${path}.annotations`, values)
  validateOwnerReferences(meta.ownerReferences, `${path}.ownerReferences`, values)
  const finalizers: FieldError[] = []
  validateFinalizers(meta.finalizers, `${path}.finalizers`, finalizers)
  const managers: FieldError[] = []
  validateManagedFields(meta.managedFields, `${path}.managedFields`, managers)
  const known: FieldError[] = []
  if (standardFinalizers) validateFinalizersAreKnown(meta.finalizers, `${path}.finalizers`, known)
  const count = change.length + values.length + finalizers.length + managers.length + known.length
  if (count === 0 && !isNewPrefix) return [own].flat(2)
  const ofUpdate = [...change, ...values, ...managers]
  const ofWhole = whole && validatesWhole(again) ? validateObjectMeta(meta, whole, path) : []
  const validated = { change: [...ofUpdate, ...known], whole: ofWhole, none: [] }
  const ofKind = inPlace(
    (again || []).map(part => validated[part]),
    own,
  )
  return [...prefix, ...values, ...finalizers, ...managers, ...ofUpdate, ...ofKind]
}

/** Places each list of a kind's own errors after the validation of metadata that it follows; a single one after all. */
function inPlace(validated: readonly (readonly FieldError[])[], own: UpdateFaults): FieldError[] {
  const lists = own.filter(part => Array.isArray(part))
  if (lists.length === 0) return [validated, own].flat(2)
  return validated.flatMap((part, index) => [...part, ...(lists[index] ?? [])])
}

function validateChange(meta: ObjectMeta, old: ObjectMeta, path: string, errors: FieldError[]): void {
  if (old.deletionTimestamp) {
    const before = new Set(old.finalizers)
    const extra = (meta.finalizers ?? []).filter(finalizer => !before.has(finalizer))
    if (extra.length > 0) {
      const found = goStrings([...new Set(extra)].sort())
      const text = `no new finalizers can be added if the object is being deleted, found new finalizers ${found}`
      errors.push(forbiddenField(`${path}.finalizers`, text))
    }
  }
  if (!meta.resourceVersion)
    errors.push(invalidValue(`${path}.resourceVersion`, meta.resourceVersion ?? '', 'must be specified for an update'))
  if ((meta.generation ?? 0) < (old.generation ?? 0)) {
    errors.push(invalidValue(`${path}.generation`, meta.generation ?? 0, 'must not be decremented'))
  }
  immutable(errors, `${path}.name`, meta.name ?? '', old.name ?? '')
  immutable(errors, `${path}.namespace`, meta.namespace ?? '', old.namespace ?? '')
  immutable(errors, `${path}.uid`, meta.uid ?? '', old.uid ?? '')
  immutableTime(errors, `${path}.creationTimestamp`, meta.creationTimestamp, old.creationTimestamp)
  immutableTime(errors, `${path}.deletionTimestamp`, meta.deletionTimestamp, old.deletionTimestamp)
  immutable(errors, `${path}.deletionGracePeriodSeconds`, meta.deletionGracePeriodSeconds, old.deletionGracePeriodSeconds)
}

/** One `Invalid value` per message. */
export function pushMessages(errors: FieldError[], path: string, value: unknown, messages: readonly string[]): void {
  for (const message of messages) errors.push(invalidValue(path, value, message))
}

export function validateLabels(labels: Readonly<Record<string, string>> | undefined, path: string, errors: FieldError[]): void {
  if (labels === undefined) return
  for (const key in labels) {
    const value = labels[key] ?? ''
    pushMessages(errors, path, key, qualifiedName(key))
    pushMessages(errors, path, value, labelValue(value))
  }
}

export function validateAnnotations(annotations: Readonly<Record<string, string>> | undefined, path: string, errors: FieldError[]): void {
  if (annotations === undefined) return
  let size = 0
  for (const key in annotations) {
    pushMessages(errors, path, key, qualifiedName(key.toLowerCase()))
    size += Buffer.byteLength(key) + Buffer.byteLength(annotations[key] ?? '')
  }
  if (size > annotationsLimit) errors.push(tooLong(path, annotationsLimit))
}

function validateOwnerReferences(owners: readonly OwnerReference[] | undefined, path: string, errors: FieldError[]): void {
  let firstController = ''
  // Once: each error shows all of them.
  let shown: string | undefined
  for (const owner of owners ?? []) {
    validateOwnerReference(owner, path, errors)
    if (owner.controller !== true) continue
    const controller = `${owner.kind}/${owner.name}`
    if (firstController === '') firstController = controller
    else {
      const text = `Only one reference can have Controller set to true. Found "true" in references for ${firstController} and ${controller}`
      shown ??= writeJson(owners)
      errors.push(invalidShown(path, shown, text))
    }
  }
}

function validateOwnerReference(owner: OwnerReference, path: string, errors: FieldError[]): void {
  const [group, version] = splitApiVersion(owner.apiVersion ?? '')
  if (version === '') errors.push(invalidValue(`${path}.apiVersion`, owner.apiVersion ?? '', 'version must not be empty'))
  if (!owner.kind) errors.push(invalidValue(`${path}.kind`, owner.kind ?? '', 'kind must not be empty'))
  if (!owner.name) errors.push(invalidValue(`${path}.name`, owner.name ?? '', 'name must not be empty'))
  if (!owner.uid) errors.push(invalidValue(`${path}.uid`, owner.uid ?? '', 'uid must not be empty'))
  if (group === '' && version === 'v1' && owner.kind === 'Event') {
    errors.push(invalidShown(path, goOwner(owner), '/v1, Kind=Event is disallowed from being an owner'))
  }
}

/** Go prints a set flag as an address, so only its presence is shown. */
function goOwner({ apiVersion, kind, name, uid, controller, blockOwnerDeletion }: OwnerReference): string {
  const flag = (value: boolean | undefined): string => (value === undefined ? '(*bool)(nil)' : `(*bool)(${value})`)
  return goStruct('v1.OwnerReference', {
    APIVersion: goString(apiVersion),
    Kind: goString(kind),
    Name: goString(name),
    UID: goString(uid),
    Controller: flag(controller),
    BlockOwnerDeletion: flag(blockOwnerDeletion),
  })
}

/** `[group, version]`; both empty if there is more than one slash, which upstream cannot parse either. */
function splitApiVersion(apiVersion: string): [group: string, version: string] {
  const parts = apiVersion.split('/')
  if (parts.length === 1) return ['', parts[0] ?? '']
  return parts.length === 2 ? [parts[0] ?? '', parts[1] ?? ''] : ['', '']
}

function validateFinalizers(finalizers: readonly string[] | undefined, path: string, errors: FieldError[]): void {
  if (finalizers === undefined) return
  for (const finalizer of finalizers) pushMessages(errors, path, finalizer, qualifiedName(finalizer))
  if (finalizers.includes(orphanFinalizer) && finalizers.includes(foregroundFinalizer)) {
    errors.push(invalidValue(path, finalizers, `finalizer ${orphanFinalizer} and ${foregroundFinalizer} cannot be both set`))
  }
}

/** A finalizer without a domain must be one of Kubernetes' three. */
function validateFinalizersAreKnown(finalizers: readonly string[] | undefined, path: string, errors: FieldError[]): void {
  finalizers?.forEach((finalizer, index) => {
    validateFinalizerIsKnown(finalizer, `${path}[${index}]`, errors)
  })
}

export function validateFinalizerIsKnown(finalizer: string, path: string, errors: FieldError[]): void {
  if (finalizer.includes('/') || finalizer === 'kubernetes' || finalizer === orphanFinalizer || finalizer === foregroundFinalizer) return
  errors.push(invalidValue(path, finalizer, 'name is neither a standard finalizer name nor is it fully qualified'))
}

function validateManagedFields(entries: readonly ManagedFieldsEntry[] | undefined, path: string, errors: FieldError[]): void {
  entries?.forEach((entry, index) => {
    const at = `${path}[${index}]`
    if (entry.operation !== 'Apply' && entry.operation !== 'Update') {
      errors.push(invalidValue(`${at}.operation`, entry.operation ?? '', 'must be `Apply` or `Update`'))
    }
    if (entry.fieldsType && entry.fieldsType !== 'FieldsV1') {
      errors.push(invalidValue(`${at}.fieldsType`, entry.fieldsType, 'must be `FieldsV1`'))
    }
    validateFieldManager(entry.manager ?? '', `${at}.manager`, errors)
    if (exceedsBytes(entry.subresource ?? '', 256)) errors.push(tooLong(`${at}.subresource`, 256))
  })
}

/** The name of a field manager, in `managedFields` and in a request's `fieldManager` option. */
export function validateFieldManager(manager: string, path: string, errors: FieldError[]): void {
  if (exceedsBytes(manager, 128)) errors.push(tooLong(path, 128))
  let position = 0
  for (const character of manager) {
    if (character !== ' ' && /[\p{C}\p{Z}]/u.test(character)) {
      const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
      errors.push(invalidValue(path, manager, `invalid character U+${code} (at position ${position})`))
    }
    position += Buffer.byteLength(character)
  }
}

/** `field is immutable` if two scalars differ. */
export function immutable(errors: FieldError[], path: string, value: unknown, old: unknown): void {
  if (value !== old) errors.push(invalidValue(path, value, immutableMessage))
}

/** Times are compared as instants: clients may write another zone or omit zero fractions. */
function immutableTime(errors: FieldError[], path: string, value: string | null | undefined, old: string | null | undefined): void {
  const now = value || undefined
  const before = old || undefined
  if (now === before || (now !== undefined && before !== undefined && Date.parse(now) === Date.parse(before))) return
  errors.push(now === undefined ? invalidValue(path, now, immutableMessage) : invalidShown(path, goTime(now), immutableMessage))
}
