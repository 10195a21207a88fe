// A client's preconditions of a change: the object's name, uid and version.
import type { ObjectMeta } from '../../api/object.ts'
import { type ApiError, conflict, invalid, staleConflict } from '../../api/status.ts'
import { invalidShown } from '../../api/validation/go-syntax.ts'
import { writeJson } from '../../base/write-json.ts'
import { plainFailure } from '../http/plain-failure.ts'
import type { ServedResource } from '../resource/served-resource.ts'
import { matchPlace } from './object-meta.ts'

export interface Place {
  readonly namespace: string
  readonly name: string
  /** The client sent a whole object: its uid is a precondition, and for some kinds it must contain a resourceVersion. */
  readonly replaces?: boolean
  /** The body is a view of the object, such as a Scale: the object keeps its version if the client names none. */
  readonly isView?: boolean
  readonly dryRun: boolean
}

const maxVersion = 2n ** 64n - 1n

/** Throws if the sent metadata requires another object than `old`. Returns whether it names a version. */
export function checkPreconditions(served: ServedResource, place: Place, metadata: ObjectMeta, old: ObjectMeta): boolean {
  const { replaces = false, isView = false, name } = place
  matchPlace(metadata, place, served.definition.namespaced)
  if (replaces) checkUid(served, place, metadata, old)
  if (replaces && !isView) requireVersion(served, name, metadata)
  const wanted = versionOf(metadata)
  if (wanted === '') return false
  if (wanted !== old.resourceVersion) throw staleConflict(served.named, name)
  return true
}

/** Some kinds require a version for replacement; a patch may not remove it. */
export function requireVersion(served: ServedResource, name: string, metadata: ObjectMeta): void {
  if (served.definition.allowUnconditionalUpdate === false && versionOf(metadata) === '') throw versionRequired(served.named, name)
}

/** Also called for a missing object, which has no uid. */
export function checkUid(served: ServedResource, place: Place, { uid }: ObjectMeta, old: ObjectMeta): void {
  if (!uid || uid === old.uid) return
  throw failed(served, place, `UID in precondition: ${uid}, UID in object meta: ${old.uid ?? ''}`)
}

/** As `checkUid`, for a version that a client demands beside the change. */
export function checkVersion(served: ServedResource, place: Place, { resourceVersion: wanted }: ObjectMeta, old: ObjectMeta): void {
  if (!wanted || wanted === old.resourceVersion) return
  const text = `ResourceVersion in precondition: ${wanted}, ResourceVersion in object meta: ${old.resourceVersion ?? ''}`
  throw failed(served, place, text)
}

/** In the words of upstream's storage, which shows its key; a dry run fails before the key gets its prefix. */
function failed(served: ServedResource, place: Place, text: string): ApiError {
  const key = `Key: ${place.dryRun ? '' : '/registry'}${storageKey(served, place)}, ResourceVersion: 0`
  return conflict(
    served.named,
    place.name,
    `StorageError: invalid object, Code: 4, ${key}, AdditionalErrorMsg: Precondition failed: ${text}`,
  )
}

/** The client's version, without leading zeros; '' if there is none. As upstream, fails on text that is no number. */
function versionOf({ resourceVersion = '' }: ObjectMeta): string {
  if (resourceVersion === '') return ''
  const fail = (why: string): Error => plainFailure(`strconv.ParseUint: parsing ${writeJson(resourceVersion)}: ${why}`)
  if (!/^\d+$/.test(resourceVersion)) throw fail('invalid syntax')
  const version = BigInt(resourceVersion)
  if (version > maxVersion) throw fail('value out of range')
  return version === 0n ? '' : String(version)
}

/** Upstream names the resource here, not the kind, and prints the version as the number that it is there. */
function versionRequired({ group, plural }: ServedResource['named'], name: string): ApiError {
  return invalid({ group, kind: plural }, name, [invalidShown('metadata.resourceVersion', '0x0', 'must be specified for an update')])
}

/** Older names of resources, which stay in the keys that upstream's messages show. */
const storedNames: Readonly<Record<string, string>> = {
  endpoints: 'services/endpoints',
  'ingresses.networking.k8s.io': 'ingress',
  nodes: 'minions',
  replicationcontrollers: 'controllers',
  services: 'services/specs',
}

/** Groups whose storage keys contain the group's name, as for custom resources. */
const keyedByGroup = new Set(['apiextensions.k8s.io', 'apiregistration.k8s.io'])

function storageKey({ definition, groupResource }: ServedResource, { namespace, name }: Place): string {
  const { group, plural, custom } = definition
  const stored = storedNames[groupResource] ?? (custom !== undefined || keyedByGroup.has(group) ? `${group}/${plural}` : plural)
  return `/${[stored, ...(namespace === '' ? [] : [namespace]), name].join('/')}`
}
