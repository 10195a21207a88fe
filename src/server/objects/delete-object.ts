// The order of a deletion: preconditions, admission, grace period and finalizers, store.
import type { AdmissionRequest } from '../../admission/admission.ts'
import { groupResource, type KubeObject } from '../../api/object.ts'
import type { ResourceDefinition } from '../../api/resources/resource.ts'
import { conflict, notFound } from '../../api/status.ts'
import { yieldIfDue } from '../../base/async/turns.ts'
import { copyJson } from '../../base/data/copy-json.ts'
import { type Entry, WriteConflict } from '../../store/store.ts'
import type { Deletion, PropagationPolicy } from '../request/delete-options.ts'
import { deleteOptions } from '../request/operation-options.ts'
import type { ResourceContext } from '../request/request-context.ts'
import { markDeleted } from './object-meta.ts'
import { isHeld, isNamespace } from './update-object.ts'
import { WriteAdmission } from './write-admission.ts'
import { mayRetry } from './write-attempts.ts'
import type { WriteParts } from './write-parts.ts'

export interface Deleted {
  /** The last stored state, or the new one if the object waits for its grace period or finalizers. */
  readonly object: KubeObject
  /** Undefined for a dry run, and if another request removed the object. */
  readonly entry: Entry | undefined
  /** Whether the object was removed. */
  readonly gone: boolean
}

interface Progress {
  /** The object whose grace period this deletion ended. */
  ended?: KubeObject
}

const orphan = 'orphan'
const foreground = 'foregroundDeletion'
/** Kinds whose dependents stay by default, as upstream's legacy defaults; with the warning for clients that set no policy. */
const orphansByDefault = new Map<string, string | undefined>([
  ['replicationcontrollers', undefined],
  [
    'jobs.batch',
    'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
  ],
])
/** The garbage collector ignores these: they would wait for it forever. */
const neverOwners = new Set(['events', 'events.events.k8s.io'])

/** Warns a client without a policy if the default leaves dependents behind. */
export function warnOfOrphans({ served, warn }: ResourceContext, deletion: Deletion): void {
  const warning = orphansByDefault.get(served.groupResource)
  if (warning !== undefined && deletion.propagation === undefined) warn(warning)
}

export async function deleteObject(parts: WriteParts, context: ResourceContext, name: string, deletion: Deletion): Promise<Deleted> {
  const { served, info } = context
  const namespace = served.definition.namespaced ? info.namespace : ''
  const progress: Progress = {}
  for (let attempt = 1; ; attempt++) {
    const entry = served.collection.newest(namespace, name)
    if (entry === undefined) {
      if (progress.ended) return goneAs(progress.ended)
      throw notFound(served.named, name)
    }
    if (served.conversion) await served.conversion.prepare([entry], context.request.signal)
    context.pace.takes(entry.byteLength)
    const object = served.view.object(entry)
    await yieldIfDue(context.pace)
    if (progress.ended && progress.ended.metadata.uid !== object.metadata.uid) return goneAs(progress.ended)
    checkDeletionPreconditions(served.definition, object, deletion)
    const request = admissionRequest(context, namespace, name, object, deletion)
    await parts.admission.mutate(request, context.request.signal)
    await parts.admission.validate(request, context.request.signal)
    try {
      return await apply(parts, context, entry, object, deletion, progress)
    } catch (err) {
      if (!(err instanceof WriteConflict) || !(await mayRetry(err, attempt))) throw err
    }
  }
}

/** An object removed by another request between this deletion's two writes is gone as requested; that request also released its reservations. */
function goneAs(object: KubeObject): Deleted {
  return { object, entry: undefined, gone: true }
}

/** Throws the 409 if the client wants to delete another object than this one. */
export function checkDeletionPreconditions({ group, plural, kind }: ResourceDefinition, object: KubeObject, deletion: Deletion): void {
  const { metadata } = object
  const differs = (what: string, wanted: string, actual = '', hint: string): Error => {
    if (isNamespace(object)) {
      // These look before the rules of every object do.
      const text = `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${actual}`
      return conflict({ group, plural }, metadata.name ?? '', text)
    }
    const text = `the ${what} in the precondition (${wanted}) does not match the ${what} in record (${actual}). ${hint}`
    // Upstream names the kind here, not the resource.
    return conflict({ group, plural: kind }, metadata.name ?? '', text)
  }
  if (deletion.uid !== undefined && deletion.uid !== metadata.uid) {
    throw differs('UID', deletion.uid, metadata.uid, 'The object might have been deleted and then recreated')
  }
  if (deletion.resourceVersion !== undefined && deletion.resourceVersion !== metadata.resourceVersion) {
    throw differs('ResourceVersion', deletion.resourceVersion, metadata.resourceVersion, 'The object might have been modified')
  }
}

function admissionRequest(
  context: ResourceContext,
  namespace: string,
  name: string,
  oldObject: KubeObject,
  deletion: Deletion,
): AdmissionRequest {
  const { dryRun } = deletion
  const ofCollection = context.info.verb === 'deletecollection'
  const asked = { operation: 'DELETE', subresource: '', namespace, name, ofCollection, object: undefined, oldObject, dryRun } as const
  return new WriteAdmission(context, asked, () => deleteOptions(deletion))
}

async function apply(
  parts: WriteParts,
  context: ResourceContext,
  entry: Entry,
  current: KubeObject,
  deletion: Deletion,
  progress: Progress,
): Promise<Deleted> {
  const plan = planDeletion(context, current, deletion)
  if (plan.step === 'pending') return { object: current, entry, gone: false }
  const { served } = context
  const gone = plan.step === 'remove'
  const { marked } = plan
  if (deletion.dryRun) return { object: marked ?? current, entry: undefined, gone }
  const last = marked === undefined ? entry : await write(parts, context, entry, marked)
  if (!gone) return { object: served.view.object(last), entry: last, gone }
  if (marked !== undefined) progress.ended = marked
  const deleted = await write(parts, context, last, undefined)
  const object = served.view.object(deleted)
  const { group, plural } = served.definition
  await parts.reservations.get(groupResource(group, plural))?.release(object)
  return { object, entry: deleted, gone }
}

/** Writes or removes; the result can be converted to a view. */
async function write(
  parts: WriteParts,
  { served, request, user }: ResourceContext,
  expected: Entry,
  object: KubeObject | undefined,
): Promise<Entry> {
  const { namespace, name } = expected
  const { collection, conversion } = served
  if (conversion && object) await conversion.prepareToStore(object, request.signal)
  parts.writtenBytes?.count(user, namespace, expected.byteLength)
  const written = await collection.write({ namespace, name, expected, object: object && served.toStored(object) })
  if (conversion) await conversion.prepare([written], request.signal)
  return written
}

type Plan =
  /** A deletion under way that this one does not change. */
  | { readonly step: 'pending' }
  | { readonly step: 'mark'; readonly marked: KubeObject }
  /** Kinds with a grace period are marked before they are removed, so that watchers see both; others are removed unchanged. */
  | { readonly step: 'remove'; readonly marked?: KubeObject }

/** The effect of a deletion on an object now; pure except for the request's own time. */
function planDeletion(context: Pick<ResourceContext, 'served' | 'now'>, current: KubeObject, deletion: Deletion): Plan {
  const { definition } = context.served
  const object = copyJson(current)
  const { metadata } = object
  const graceful = definition.deletion?.graceSeconds !== undefined
  if (metadata.deletionTimestamp !== undefined) return planAgain(context, object, deletion)
  // Legacy `orphanDependents=false` means Foreground for namespaces, as upstream.
  const propagation = isNamespace(object) && deletion.orphansExplicitlyOff === true ? 'Foreground' : deletion.propagation
  setFinalizers(metadata, finalizersFor(context, object, propagation))
  if (isNamespace(object)) terminate(object)
  const grace = definition.deletion?.graceSeconds?.(object, deletion.graceSeconds) ?? 0
  markDeleted(metadata, context.now, definition.deletion?.skipsGracePeriod === true ? undefined : grace)
  definition.deletion?.begin?.(object, context.now)
  if (grace > 0 || isHeld(object)) return { step: 'mark', marked: object }
  return graceful ? { step: 'remove', marked: object } : { step: 'remove' }
}

/** A second deletion may shorten the grace period. Once that is over, it may change the policy for dependents. */
function planAgain(context: Pick<ResourceContext, 'served'>, object: KubeObject, deletion: Deletion): Plan {
  const { metadata } = object
  const left = metadata.deletionGracePeriodSeconds ?? 0
  if (left === 0) return planDependents(context, object, deletion)
  const { graceSeconds = left } = deletion
  const grace = graceSeconds < 0 ? 1 : graceSeconds
  if (context.served.definition.deletion?.graceSeconds === undefined || grace >= left) return { step: 'pending' }
  setFinalizers(metadata, finalizersFor(context, object, deletion.propagation))
  const began = Date.parse(metadata.deletionTimestamp ?? '') - left * 1000
  const { generation } = metadata
  markDeleted(metadata, began, grace)
  if (generation !== undefined) metadata.generation = generation
  return { step: grace > 0 || isHeld(object) ? 'mark' : 'remove', marked: object }
}

/** Held only by finalizers: the newest deletion's policy decides over those of garbage collection. */
function planDependents(context: Pick<ResourceContext, 'served'>, object: KubeObject, deletion: Deletion): Plan {
  const { metadata } = object
  const before = metadata.finalizers
  // A namespace ends by its own finalizers first.
  if (isNamespace(object) && isHeld({ ...object, metadata: { ...metadata, finalizers: [] } })) return { step: 'pending' }
  setFinalizers(metadata, finalizersFor(context, object, deletion.propagation))
  if (!isHeld(object)) return { step: 'remove' }
  return metadata.finalizers === before ? { step: 'pending' } : { step: 'mark', marked: object }
}

function setFinalizers(metadata: KubeObject['metadata'], finalizers: string[] | undefined): void {
  if (finalizers === undefined) delete metadata.finalizers
  else metadata.finalizers = finalizers
}

function terminate(namespace: KubeObject): void {
  const withStatus = namespace as KubeObject & { status?: { phase?: string } }
  withStatus.status = { ...withStatus.status, phase: 'Terminating' }
}

/** The finalizers of garbage collection follow the propagation policy; without one, existing ones stay. */
function finalizersFor(
  context: Pick<ResourceContext, 'served'>,
  object: KubeObject,
  propagation: PropagationPolicy | undefined,
): string[] | undefined {
  const current = object.metadata.finalizers
  const has = (name: string): boolean => current?.includes(name) ?? false
  const policy = policyFor(context.served.groupResource, has, propagation)
  const wanted = policy === 'Orphan' ? orphan : policy === 'Foreground' ? foreground : undefined
  if (wanted === undefined ? !has(orphan) && !has(foreground) : has(wanted) && !has(wanted === orphan ? foreground : orphan)) return current
  const kept = (current ?? []).filter(name => name !== orphan && name !== foreground)
  if (wanted !== undefined) kept.push(wanted)
  return kept.length > 0 ? kept : undefined
}

function policyFor(resource: string, hasFinalizer: (name: string) => boolean, asked: PropagationPolicy | undefined): PropagationPolicy {
  if (neverOwners.has(resource)) return 'Background'
  if (asked !== undefined) return asked
  if (hasFinalizer(orphan)) return 'Orphan'
  if (hasFinalizer(foreground)) return 'Foreground'
  return orphansByDefault.has(resource) ? 'Orphan' : 'Background'
}
