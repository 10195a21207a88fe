// Server-side apply: merges the configuration into the live object, removes fields that its manager no longer sets and no other manager
// owns, and leaves fields of other managers alone unless the client forces.
import { yieldIfDue } from '../../../base/async/turns.ts'
import type { KubeObject, ManagedFieldsEntry } from '../../object.ts'
import { isRecord } from '../../schema/compile.ts'
import type { StructType } from '../../schema/model.ts'
import type { YamlOutcome } from '../../schema/yaml.ts'
import { ApiError, badRequest } from '../../status.ts'
import { jsonType } from '../json-patch.ts'
import { restoreError } from '../restore-error.ts'
import { compare, isUnchanged } from './compare.ts'
import { applyConflict, type Conflict } from './conflict.ts'
import { difference, emptySet, type FieldSet, intersection, isEmpty, sameSet, union, withNamedFields } from './field-set.ts'
import { fieldsOf, nameItems } from './fields-of.ts'
import { lastAppliedFields, renewLastApplied } from './last-applied.ts'
import { type Manager, type Managers, managerKey, readManagers, writeManagers } from './managers.ts'
import { mergeConfiguration } from './merge.ts'
import { UnnamedItem } from './path-element.ts'
import { removeFields } from './remove.ts'
import { followSchema } from './schema-change.ts'
import type { Shape } from './shape.ts'
import { changesOf, dropObsolete, type FieldWrite, give, managersPerStep, takeFrom, withoutUnowned } from './track-update.ts'

export const applyMediaType = 'application/apply-patch+yaml'

export interface ApplyRequest {
  /** The object before, `write.empty` if it does not exist. Not modified. */
  readonly live: KubeObject
  readonly config: Readonly<Record<string, unknown>>
  readonly force: boolean
  readonly write: FieldWrite
  /** Why an object is none of its kind, each as `path: problem`. */
  problemsOf(object: Readonly<Record<string, unknown>>): string[]
}

export interface Applied {
  /** Not decoded yet: may contain nulls. Shares parts with both inputs. */
  readonly object: Record<string, unknown>
  readonly entries: ManagedFieldsEntry[] | undefined
}

export interface ParsedConfiguration {
  readonly config: Record<string, unknown>
  /** Problems that strict decoding of the body finds. */
  readonly duplicate: string | undefined
}

/** Reads the body of an apply: one object in YAML or JSON, or nothing, which is an empty object. Throws a 400. */
export function parseConfiguration(body: YamlOutcome): ParsedConfiguration {
  if (!body.ok) throw badRequest(`error decoding YAML: error converting YAML to JSON: ${body.message}`)
  const { value, duplicate } = body
  if (isRecord(value)) return { config: value, duplicate: duplicate && `error converting YAML to JSON: ${duplicate}` }
  if (value === null || value === undefined) return { config: {}, duplicate: undefined }
  throw badRequest(
    `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${jsonType(value)} into Go value of type map[string]interface {}`,
  )
}

/** Rejects a configuration of another version or kind, or with problems by `problemsOf`. */
export function validateConfiguration(
  config: Readonly<Record<string, unknown>>,
  apiVersion: string,
  kind: string,
  problemsOf: (config: Readonly<Record<string, unknown>>) => string[],
): void {
  const sent = kindText(config)
  if (sent !== kindText({ apiVersion, kind })) throw badRequest(`invalid object type: ${sent}`)
  const metadata = isRecord(config['metadata']) ? config['metadata'] : {}
  if (metadata['managedFields'] !== undefined && metadata['managedFields'] !== null) throw badRequest('metadata.managedFields must be nil')
  const problems = problemsOf(config)
  // Upstream gives no reason.
  if (problems.length > 0) throw withoutReason(`failed to create typed patch object (${nameText(config)}): ${problemText(problems)}`)
}

/** Several have a line each. */
function problemText(problems: readonly string[]): string {
  const [only = ''] = problems
  return problems.length === 1 ? only : ['errors:', ...problems.map(problem => `  ${problem}`)].join('\n')
}

/** The result of a configuration that cannot be decoded. */
export function conversionFailure(
  config: Readonly<Record<string, unknown>>,
  merged: Readonly<Record<string, unknown>>,
  type: StructType,
  problem: string,
): ApiError {
  const why = `unable to convert unstructured object to ${kindText(config)}: ${restoreError(merged, type) ?? problem}`
  return withoutReason(`failed to convert new object (${nameText(config)}) to proper version (${config['apiVersion']}): ${why}`)
}

function withoutReason(message: string): ApiError {
  return new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 })
}

function nameText(config: Readonly<Record<string, unknown>>): string {
  const metadata = isRecord(config['metadata']) ? config['metadata'] : {}
  return `${textOrNone(metadata['namespace'])}/${textOrNone(metadata['name'])}; ${kindText(config)}`
}

/** An invalid name is not shown. */
const textOrNone = (value: unknown): string => (typeof value === 'string' ? value : '')

/** Go's form of a kind: `apps/v1, Kind=Deployment`, `/v1, Kind=Pod`. */
function kindText({ apiVersion, kind }: Readonly<Record<string, unknown>>): string {
  const version = textOrNone(apiVersion)
  return `${version.includes('/') ? version : `/${version}`}, Kind=${textOrNone(kind)}`
}

/** Rejects with the 409 if other managers own fields that the configuration changes. Yields between steps, which take long for large objects. */
export async function applyConfiguration(request: ApplyRequest): Promise<Applied> {
  const { budget } = request.write
  const managers = readManagers(request.live.metadata.managedFields ?? []) ?? new Map()
  const live = withoutManagedFields(request.live)
  validateLive(request, live, managers)
  await yieldIfDue(budget)
  followSchema(managers, request.write)
  await yieldIfDue(budget)
  if (managers.size === 0) await claimForEarlierWriters(managers, live, request.write)
  try {
    return await applyOnce(request, live, managers)
  } catch (err) {
    if (!(err instanceof Conflicts)) throw err
    const left = request.write.manager === 'kubectl' ? withoutLastApplied(err.conflicts, live, request.write) : err.conflicts
    if (left.length > 0) throw applyConflict(left)
    return await applyOnce({ ...request, force: true }, live, managers)
  }
}

/** Items without a name, which a few kinds allow, cannot be owned. */
function validateLive({ config, problemsOf, write }: ApplyRequest, live: KubeObject, managers: Managers): void {
  try {
    nameItems(live, write.shape)
  } catch (err) {
    if (!(err instanceof UnnamedItem)) throw err
    const why = `(${nameText({ ...live, apiVersion: config['apiVersion'], kind: config['kind'] })})`
    const problem = problemText(problemsOf({ ...live }))
    if (managers.size > 0) throw withoutReason(`failed to create typed live object ${why}: ${problem}`)
    throw withoutReason(`failed to create manager for existing fields: failed to convert new object ${why} to smd typed: ${problem}`)
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

/** Fields from before the first apply get a manager of their own, so that they are not taken silently. */
async function claimForEarlierWriters(managers: Managers, live: KubeObject, write: FieldWrite): Promise<void> {
  if (!live.metadata.uid) return
  const found = compare(write.empty, live, write.shape)
  if (found !== undefined) await give(managers, changesOf(write.empty, live, found, write), { ...write, manager: 'before-first-apply' })
}

async function applyOnce({ config, force, write }: ApplyRequest, live: KubeObject, before: Managers): Promise<Applied> {
  const { budget } = write
  const managers = new Map(before)
  dropObsolete(managers, write)
  const identity = { name: write.manager, operation: 'Apply', apiVersion: write.apiVersion, subresource: write.subresource } as const
  const key = managerKey(identity)
  const last = managers.get(key)
  const merged = mergeConfiguration(live, config, write.shape)
  await yieldIfDue(budget)
  const applied = fieldsOf(config, write.shape)
  const set = write.filter?.(applied) ?? applied
  const own: Manager = { ...identity, time: last?.time, set, entry: undefined }
  managers.set(key, own)
  await yieldIfDue(budget)
  const object = last === undefined || hasAll(own, last) ? merged : await prune(merged, managers, last, write)

  const next = isRecord(object) ? { metadata: {}, ...object } : { metadata: {} }
  await yieldIfDue(budget)
  const unchanged = isUnchanged(live, object, write.shape)
  await yieldIfDue(budget)
  // A single manager cannot conflict, nor can an apply without changes.
  if (managers.size > 1 && !unchanged) {
    const changes = changesOf(live, next, compare(live, object, write.shape), write)
    await yieldIfDue(budget)
    const conflicts: Conflict[] = []
    const perStep = managersPerStep(managers)
    let looked = 0
    for (const [other, manager] of managers) {
      if (looked > 0 && looked % perStep === 0) await yieldIfDue(budget)
      looked += 1
      const disputed = other === key ? emptySet : intersection(manager.set, (await changes(manager.apiVersion))?.changed ?? emptySet)
      if (!isEmpty(disputed)) conflicts.push({ key: other, manager, set: disputed })
    }
    if (conflicts.length > 0 && !force) throw new Conflicts(conflicts)
    await takeFrom(managers, changes, budget, key)
    await yieldIfDue(budget)
  }
  const owned = withoutUnowned(set)
  await yieldIfDue(budget)
  if (isEmpty(owned)) managers.delete(key)
  else managers.set(key, entered(own, last, owned, unchanged ? last?.time : write.time))
  const result = isRecord(object) ? object : {}
  return { object: write.manager === 'kubectl' ? renewLastApplied(result, config) : result, entries: writeManagers(managers) }
}

/** The same entry as before if neither its fields nor its time changed. */
function entered(own: Manager, last: Manager | undefined, set: FieldSet, time: string | undefined): Manager {
  const same = last !== undefined && last.apiVersion === own.apiVersion && sameSet(last.set, set)
  const next = { ...own, time, set: same ? last.set : set }
  return same && last.time === time ? { ...next, entry: last.entry } : next
}

/** Whether a manager still applies everything that it applied before: then nothing needs pruning. */
function hasAll(own: Manager, last: Manager): boolean {
  return own.apiVersion === last.apiVersion && isEmpty(difference(last.set, own.set))
}

/** Removes fields that the manager no longer applies, unless another manager owns them too. */
async function prune(merged: unknown, managers: Managers, last: Manager, write: FieldWrite): Promise<unknown> {
  if (isEmpty(last.set)) return merged
  const then = versionFor(last.apiVersion, write)
  const mergedThen = await then.convert(merged)
  const lastNamed = withNamedFields(last.set, then.shape)
  let pruned = await then.restore(removeFields(mergedThen, lastNamed, then.shape))
  // Restores what another manager still owns, and the keys of items that still exist.
  for (const [apiVersion, managed] of setsByVersion(managers, last.apiVersion)) {
    const { shape, convert, restore } = versionFor(apiVersion, write)
    const whole = await convert(merged)
    const bare = withNamedFields(fieldsOf(await convert(pruned), shape), shape)
    const gone = difference(withNamedFields(fieldsOf(whole, shape), shape), union(bare, withNamedFields(managed, shape)))
    pruned = await restore(removeFields(whole, gone, shape))
  }
  const keptSet = withNamedFields(fieldsOf(await then.convert(pruned), then.shape), then.shape)
  const mergedSet = withNamedFields(fieldsOf(mergedThen, then.shape), then.shape)
  // And fields that were never applied: this manager may not remove them.
  return then.restore(removeFields(mergedThen, intersection(difference(mergedSet, keptSet), lastNamed), then.shape))
}

interface VersionOfValue {
  readonly shape: Shape
  convert(value: unknown): Promise<unknown>
  restore(value: unknown): Promise<unknown>
}

/** Values stay as they are in the version of the write. */
function versionFor(apiVersion: string, write: FieldWrite): VersionOfValue {
  const version = apiVersion === write.apiVersion ? undefined : write.version(apiVersion)
  if (version === undefined) return { shape: write.shape, convert: async value => value, restore: async value => value }
  const objectOf = (value: unknown): KubeObject => (isRecord(value) ? { metadata: {}, ...value } : { metadata: {} })
  return { shape: version.shape, convert: value => version.convert(objectOf(value)), restore: value => version.restore(objectOf(value)) }
}

/** The managers' sets, by version; `first` comes first. */
function setsByVersion(managers: Managers, first: string): Map<string, FieldSet> {
  const sets = new Map([[first, emptySet]])
  for (const { apiVersion, set } of managers.values()) sets.set(apiVersion, union(sets.get(apiVersion) ?? emptySet, set))
  return sets
}

/** Fields of the last client-side `kubectl apply` belong to kubectl: applying them on the server is no conflict. */
function withoutLastApplied(conflicts: readonly Conflict[], live: KubeObject, write: FieldWrite): Conflict[] {
  const allowed = lastAppliedFields(live, write)
  return conflicts.map(conflict => ({ ...conflict, set: difference(conflict.set, allowed) })).filter(({ set }) => !isEmpty(set))
}
