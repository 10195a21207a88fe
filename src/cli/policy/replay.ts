// Evaluates an audit log again under policies that did not exist when it was written.
import { isRecord } from '../../api/schema/compile.ts'
import { writeJson } from '../../base/write-json.ts'
import { resourcePath } from '../../client/resource-ref.ts'
import { openLayouts } from '../check/images/open-layouts.ts'
import type { Manifest } from '../check/manifests.ts'
import type { ObjectValidator } from '../check/object-validator.ts'
import { openOffline } from '../check/offline.ts'
import type { Answer } from '../check/verdict.ts'
import type { LoggedEvent } from './audit-log.ts'
import type { FindCurrent } from './current-objects.ts'
import { objectText } from './report.ts'
import { evaluateOf, featuresOf, manifestOf, prepareServer } from './run-tests.ts'

export interface Replayed {
  /** Number of writes that were evaluated. */
  readonly evaluated: number
  /** Writes whose object neither the log (level Metadata) nor the queried cluster has. */
  readonly unrecorded: number
  /** How many of them used the current object of the cluster. */
  readonly current: number
  readonly refused: readonly RefusedWrite[]
}

export interface RefusedWrite {
  readonly time: string
  readonly user: string
  readonly verb: string
  readonly object: string
  readonly message: string
}

interface Write {
  readonly event: LoggedEvent
  readonly manifest: Manifest
}

const writing: ReadonlySet<string> = new Set(['create', 'update', 'patch'])

/**
 * Evaluates the admitted writes in the order of the log, each as its user. Objects that are admitted again stay, so that a later change is
 * evaluated as an update. A change of an object that the log does not create, or that is refused now, is evaluated as a create.
 */
export async function replay(
  events: AsyncIterable<LoggedEvent>,
  policies: readonly Manifest[],
  { profile, images }: { readonly profile: 'secure' | 'upstream'; readonly images: readonly string[] },
  signal: AbortSignal,
  findCurrent?: FindCurrent,
): Promise<Replayed> {
  const writes: Write[] = []
  const withoutObject: LoggedEvent[] = []
  for await (const event of events) {
    if (!isWrite(event)) continue
    const object = objectOf(event)
    if (object === undefined) withoutObject.push(event)
    else writes.push({ event, manifest: manifestOf(object, 'the audit log') })
  }
  const found = findCurrent === undefined ? [] : await currentOf(withoutObject, writes, findCurrent)
  writes.push(...found)
  await using layouts = new AsyncDisposableStack()
  const registries = await openLayouts(images, layouts, signal)
  await using server = await openOffline(
    { profile, roles: true, features: featuresOf(policies), ...(registries === undefined ? {} : { images: registries }) },
    signal,
  )
  const manifests = writes.map(({ manifest }) => manifest)
  await prepareServer(server, policies, [], manifests, 'default', signal)
  const refused: RefusedWrite[] = []
  const evaluates = new Map<string, ObjectValidator>()
  for (const { event, manifest } of writes) {
    const { username, groups = [] } = event.user
    const who = { user: username, groups }
    const key = writeJson(who)
    const evaluate = evaluates.get(key) ?? (await evaluateOf(server, who, { namespace: 'default', keeps: true, everything: true }, signal))
    evaluates.set(key, evaluate)
    const answer = await evaluateAgain(evaluate, manifest)
    if (answer.outcome === 'admitted') continue
    const message = answer.outcome === 'refused' ? (answer.status.message ?? '') : 'nothing defines this kind'
    refused.push({ time: event.requestReceivedTimestamp ?? '', user: username, verb: event.verb, object: objectText(event), message })
  }
  return { evaluated: writes.length, unrecorded: withoutObject.length - found.length, current: found.length, refused }
}

/** An object with several writes is evaluated once, as its last writer left it, unless the log has it. */
async function currentOf(events: readonly LoggedEvent[], recorded: readonly Write[], find: FindCurrent): Promise<Write[]> {
  const last = new Map(events.map(event => [objectKey(event), event]))
  for (const { event } of recorded) last.delete(objectKey(event))
  const writes: Write[] = []
  for (const event of last.values()) {
    const object = event.objectRef === undefined ? undefined : await find(event.objectRef)
    const plain = object === undefined ? undefined : plainObject(object)
    if (plain !== undefined) writes.push({ event, manifest: manifestOf(plain, 'the cluster') })
  }
  return writes
}

const objectKey = ({ objectRef }: LoggedEvent): string =>
  writeJson([objectRef?.apiGroup ?? '', objectRef?.resource, objectRef?.namespace ?? '', objectRef?.name ?? ''])

function isWrite({ stage, verb, objectRef, responseStatus }: LoggedEvent): boolean {
  const { code = 0 } = responseStatus ?? {}
  return (
    stage === 'ResponseComplete' &&
    writing.has(verb) &&
    objectRef !== undefined &&
    objectRef.subresource === undefined &&
    code >= 200 &&
    code < 300
  )
}

/** The stored object if the log has it, else the sent one; a patch is not an object. */
function objectOf({ verb, requestObject, responseObject }: LoggedEvent): Record<string, unknown> | undefined {
  return plainObject(responseObject) ?? (verb === 'patch' ? undefined : plainObject(requestObject))
}

/** Removes what only the server sets. */
function plainObject(object: unknown): Record<string, unknown> | undefined {
  if (!isObject(object)) return undefined
  const { resourceVersion: _, uid: __, managedFields: ___, ...metadata } = object.metadata
  return { ...object, metadata }
}

function isObject(value: unknown): value is Record<string, unknown> & { metadata: Record<string, unknown> } {
  return isRecord(value) && typeof value['kind'] === 'string' && value['kind'] !== 'Status' && isRecord(value['metadata'])
}

async function evaluateAgain(evaluate: ObjectValidator, manifest: Manifest): Promise<Answer> {
  const created = await evaluate.validate(manifest)
  if (created.outcome !== 'admitted' || manifest.name === '') return created
  // A dry run gives the verdict on an update; this applies it.
  const path = `${resourcePath(created.resource, manifest.namespace ?? 'default', manifest.name)}?fieldManager=bulkhead-replay&force=true`
  const headers = { 'content-type': 'application/apply-patch+yaml' }
  return await evaluate.send({ method: 'PATCH', path, headers, body: Buffer.from(writeJson(manifest.value)) }, created.resource)
}
