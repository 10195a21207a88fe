// An audit log judged again under policies that were not there when it was written.
import { isRecord } from '../../api/schema/compile.ts'
import { resourcePath } from '../../client/resource-ref.ts'
import type { Judge } from '../check/judge.ts'
import type { Manifest } from '../check/manifests.ts'
import { openOffline } from '../check/offline.ts'
import type { Answer } from '../check/verdict.ts'
import type { LoggedEvent } from './audit-log.ts'
import { objectText } from './report.ts'
import { featuresOf, judgeOf, manifestOf, prepareServer } from './run-tests.ts'

export interface Replayed {
  /** Writes that were judged again. */
  readonly judged: number
  /** Writes of which the log does not hold the object: its level is Metadata. */
  readonly unrecorded: number
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
 * Writes that were admitted, in the order of the log, each as its user. What is admitted again stays, so that a later change is judged as a change; of
 * an object that the log does not make, and of one that is refused now, each change is judged as a creation.
 */
export async function replay(
  events: AsyncIterable<LoggedEvent>,
  policies: readonly Manifest[],
  profile: 'secure' | 'upstream',
  signal: AbortSignal,
): Promise<Replayed> {
  const writes: Write[] = []
  let unrecorded = 0
  for await (const event of events) {
    if (!isWrite(event)) continue
    const object = objectOf(event)
    if (object === undefined) unrecorded++
    else writes.push({ event, manifest: manifestOf(object, 'the audit log') })
  }
  await using server = await openOffline({ profile, roles: true, features: featuresOf(policies) }, signal)
  const manifests = writes.map(({ manifest }) => manifest)
  await prepareServer(server, policies, [], manifests, 'default', signal)
  const refused: RefusedWrite[] = []
  const judges = new Map<string, Judge>()
  for (const { event, manifest } of writes) {
    const { username, groups = [] } = event.user
    const who = { user: username, groups }
    const key = JSON.stringify(who)
    const judge = judges.get(key) ?? (await judgeOf(server, who, { namespace: 'default', keeps: true, everything: true }, signal))
    judges.set(key, judge)
    const answer = await judgeAgain(judge, manifest)
    if (answer.outcome === 'admitted') continue
    const message = answer.outcome === 'refused' ? (answer.status.message ?? '') : 'nothing defines this kind'
    refused.push({ time: event.requestReceivedTimestamp ?? '', user: username, verb: event.verb, object: objectText(event), message })
  }
  return { judged: writes.length, unrecorded, refused }
}

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

/** What was stored where the log has it, else what was sent; a patch is no object. Without what only the server sets. */
function objectOf({ verb, requestObject, responseObject }: LoggedEvent): Record<string, unknown> | undefined {
  const object = isObject(responseObject) ? responseObject : verb !== 'patch' && isObject(requestObject) ? requestObject : undefined
  if (object === undefined) return undefined
  const { resourceVersion: _, uid: __, managedFields: ___, ...metadata } = object.metadata
  return { ...object, metadata }
}

function isObject(value: unknown): value is Record<string, unknown> & { metadata: Record<string, unknown> } {
  return isRecord(value) && typeof value['kind'] === 'string' && value['kind'] !== 'Status' && isRecord(value['metadata'])
}

async function judgeAgain(judge: Judge, manifest: Manifest): Promise<Answer> {
  const created = await judge.judge(manifest)
  if (created.outcome !== 'admitted' || manifest.name === '') return created
  // The judge tells of a change as a dry run; it is made here.
  const path = `${resourcePath(created.resource, manifest.namespace ?? 'default', manifest.name)}?fieldManager=bulkhead-replay&force=true`
  const headers = { 'content-type': 'application/apply-patch+yaml' }
  return await judge.send({ method: 'PATCH', path, headers, body: Buffer.from(JSON.stringify(manifest.value)) }, created.resource)
}
