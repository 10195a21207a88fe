// Server-side apply: the configuration is merged into the live object, what its manager no longer sets goes where nobody else has it,
// and fields of other managers are theirs unless the client forces.
import type { KubeObject, ManagedFieldsEntry } from '../../object.ts'
import { isRecord } from '../../schema/compile.ts'
import { parseYaml, YamlError } from '../../schema/yaml.ts'
import { ApiError, badRequest } from '../../status.ts'
import { added, compare, modified, pathsOf, removed } from './compare.ts'
import { applyConflict, type Conflict } from './conflict.ts'
import { difference, emptySet, type FieldSet, intersection, isEmpty, keepFields, sameSet, union, withNamedFields } from './field-set.ts'
import { fieldsOf, listProblems } from './fields-of.ts'
import { lastAppliedFields, renewLastApplied } from './last-applied.ts'
import { type Manager, type Managers, managerKey, readManagers, writeManagers } from './managers.ts'
import { mergeConfiguration } from './merge.ts'
import { removeFields } from './remove.ts'
import type { Shape } from './shape.ts'
import { type FieldWrite, takeFrom, updateManagers, withoutUnowned } from './track-update.ts'

export const applyMediaType = 'application/apply-patch+yaml'

export interface ApplyRequest {
  /** The object that is changed, `write.empty` where it does not exist. Not changed. */
  readonly live: KubeObject
  readonly config: Readonly<Record<string, unknown>>
  readonly force: boolean
  readonly write: FieldWrite
}

export interface Applied {
  /** Not decoded yet: may hold nulls. Shares parts with both inputs. */
  readonly object: Record<string, unknown>
  /** The entries to write; `changed` says whether the object differs from the live one beside them. */
  entries(changed: boolean): ManagedFieldsEntry[] | undefined
}

/** Reads the body of an apply: one object in YAML or JSON. Throws a 400. */
export function parseConfiguration(body: Uint8Array): Record<string, unknown> {
  let value: unknown
  try {
    value = parseYaml(new TextDecoder().decode(body))
  } catch (err) {
    if (err instanceof YamlError) throw badRequest(`error decoding YAML: ${err.message}`)
    throw err
  }
  if (!isRecord(value)) throw badRequest('error decoding YAML: the body of the request is not an object')
  return value
}

/** Refuses a configuration of another version or kind, or one whose lists cannot be merged. */
export function judgeConfiguration(config: Readonly<Record<string, unknown>>, apiVersion: string, kind: string, shape: Shape): void {
  const sentVersion = typeof config['apiVersion'] === 'string' ? config['apiVersion'] : ''
  if (sentVersion !== apiVersion) {
    throw badRequest(`Incorrect version specified in apply patch. Specified patch version: ${sentVersion}, expected: ${apiVersion}`)
  }
  const metadata = isRecord(config['metadata']) ? config['metadata'] : {}
  if (metadata['managedFields'] !== undefined && metadata['managedFields'] !== null) throw badRequest('metadata.managedFields must be nil')
  const sentKind = typeof config['kind'] === 'string' ? config['kind'] : ''
  if (sentKind !== kind) throw badRequest(unusable(config, `no corresponding type for ${apiVersion}, Kind=${sentKind}`))
  const problems = listProblems(config, shape)
  const [only] = problems
  if (only !== undefined) throw typeFailure(config, problems.length === 1 ? only : ['errors:', ...problems.map(p => `  ${p}`)].join('\n'))
}

/** A configuration that is no object of its kind: upstream has no reason for it. */
export function typeFailure(config: Readonly<Record<string, unknown>>, problem: string): ApiError {
  return new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: unusable(config, problem), code: 500 })
}

function unusable(config: Readonly<Record<string, unknown>>, problem: string): string {
  const { namespace, name } = (isRecord(config['metadata']) ? config['metadata'] : {}) as { namespace?: unknown; name?: unknown }
  const where = `${namespace ?? ''}/${name ?? ''}; ${config['apiVersion'] ?? ''}, Kind=${config['kind'] ?? ''}`
  return `failed to create typed patch object (${where}): ${problem}`
}

/** Throws the 409 where others have fields that the configuration changes. */
export function applyConfiguration(request: ApplyRequest): Applied {
  const managers = readManagers(request.live.metadata.managedFields ?? []) ?? new Map()
  const live = withoutManagedFields(request.live)
  if (managers.size === 0) claimForEarlierWriters(managers, live, request.write)
  try {
    return applyOnce(request, live, managers)
  } catch (err) {
    if (!(err instanceof Conflicts)) throw err
    const left = request.write.manager === 'kubectl' ? withoutLastApplied(err.conflicts, live, request.write) : err.conflicts
    if (left.length > 0) throw applyConflict(left)
    return applyOnce({ ...request, force: true }, live, managers)
  }
}

class Conflicts extends Error {
  readonly conflicts: readonly Conflict[]
  constructor(conflicts: readonly Conflict[]) {
    super('Other managers have fields of this configuration')
    this.conflicts = conflicts
  }
}

function withoutManagedFields(object: KubeObject): KubeObject {
  const { managedFields: _entries, ...metadata } = object.metadata
  return { ...object, metadata }
}

/** What was there before anybody applied belongs to a manager of its own, so that it is not taken silently. */
function claimForEarlierWriters(managers: Managers, live: KubeObject, write: FieldWrite): void {
  if (!live.metadata.uid) return
  const found = compare(write.empty, live, write.shape)
  if (found !== undefined) updateManagers(managers, found, { ...write, manager: 'before-first-apply' })
}

function applyOnce({ config, force, write }: ApplyRequest, live: KubeObject, before: Managers): Applied {
  const managers = new Map(before)
  const identity = { name: write.manager, operation: 'Apply', apiVersion: write.apiVersion, subresource: write.subresource } as const
  const key = managerKey(identity)
  const last = managers.get(key)
  const merged = mergeConfiguration(live, config, write.shape)
  const set = keepFields(fieldsOf(config, write.shape), write.keeps)
  const own: Manager = { ...identity, time: last?.time, set, entry: undefined }
  managers.set(key, own)
  const object = last === undefined ? merged : prune(merged, managers, last.set, write.shape)

  const found = compare(live, object, write.shape)
  const changed = keepFields(pathsOf(found, added | modified), write.keeps)
  const gone = keepFields(pathsOf(found, removed), write.keeps)
  const conflicts: Conflict[] = []
  for (const [other, manager] of managers) {
    const disputed = other === key ? emptySet : intersection(manager.set, changed)
    if (!isEmpty(disputed)) conflicts.push({ key: other, manager, set: disputed })
  }
  if (conflicts.length > 0 && !force) throw new Conflicts(conflicts)
  takeFrom(managers, changed, gone, key)
  const owned = withoutUnowned(set)
  if (isEmpty(owned)) managers.delete(key)
  const result = isRecord(object) ? object : {}
  return {
    object: write.manager === 'kubectl' ? renewLastApplied(result, config) : result,
    entries(differs) {
      if (!isEmpty(owned)) managers.set(key, entered(own, last, owned, differs ? write.time : last?.time))
      return writeManagers(managers)
    },
  }
}

/** The same entry as before where neither its fields nor its time are others. */
function entered(own: Manager, last: Manager | undefined, set: FieldSet, time: string | undefined): Manager {
  const same = last !== undefined && last.apiVersion === own.apiVersion && sameSet(last.set, set)
  const next = { ...own, time, set: same ? last.set : set }
  return same && last.time === time ? { ...next, entry: last.entry } : next
}

/** Removes what the manager applied before and does not any more, unless it belongs to somebody else, too. */
function prune(merged: unknown, managers: Managers, last: FieldSet, shape: Shape): unknown {
  if (isEmpty(last)) return merged
  const lastNamed = withNamedFields(last, shape)
  let managed = emptySet
  for (const { set } of managers.values()) managed = union(managed, set)
  const mergedSet = withNamedFields(fieldsOf(merged, shape), shape)
  const bare = withNamedFields(fieldsOf(removeFields(merged, lastNamed, shape), shape), shape)
  // Back comes what somebody still has, and what somebody's item needs to be an item.
  const kept = removeFields(merged, difference(mergedSet, union(bare, withNamedFields(managed, shape))), shape)
  const keptSet = withNamedFields(fieldsOf(kept, shape), shape)
  // And what nobody ever applied: it was never this manager's to remove.
  return removeFields(merged, intersection(difference(mergedSet, keptSet), lastNamed), shape)
}

/** What `kubectl apply` without the server wrote last is kubectl's own: applying it from now on is no conflict. */
function withoutLastApplied(conflicts: readonly Conflict[], live: KubeObject, write: FieldWrite): Conflict[] {
  const allowed = lastAppliedFields(live, write.apiVersion, write.shape)
  return conflicts.map(conflict => ({ ...conflict, set: difference(conflict.set, allowed) })).filter(({ set }) => !isEmpty(set))
}
