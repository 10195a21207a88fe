// One request in the format of audit.k8s.io/v1, and its line in the log.
import type { StatusDetails } from '../../api/types/meta-v1.ts'
import { parseExactJson } from '../../base/exact-json.ts'
import { writeJson } from '../../base/write-json.ts'
import type { AuditLevel } from './policy.ts'

export interface AuditUser {
  readonly username: string
  readonly uid?: string
  readonly groups: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

export interface AuditEvent {
  readonly level: AuditLevel
  readonly auditID: string
  readonly stage: string
  readonly requestURI: string
  readonly verb: string
  readonly user: AuditUser
  readonly impersonatedUser?: AuditUser
  readonly sourceIPs: readonly string[]
  readonly userAgent?: string
  readonly objectRef?: {
    readonly resource: string
    readonly namespace?: string
    readonly name?: string
    readonly apiGroup?: string
    readonly apiVersion: string
    readonly subresource?: string
  }
  readonly responseStatus?: {
    readonly status?: string
    readonly reason?: string
    readonly message?: string
    readonly details?: StatusDetails
    readonly code: number
  }
  /** For the levels Request and RequestResponse: the JSON as it was sent; for a patch, the patch. */
  readonly requestObject?: unknown
  /** For the level RequestResponse. */
  readonly responseObject?: unknown
  readonly requestReceivedTimestamp: string
  readonly stageTimestamp: string
  readonly annotations?: Readonly<Record<string, string>>
}

const text = writeJson

/** The event as JSON with a line end. Concatenated, because a busy server writes thousands per second and the shape never varies. */
export function eventLine(event: AuditEvent): string {
  let line = `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"${event.level}","auditID":${text(event.auditID)},"stage":${text(event.stage)}`
  line += `,"requestURI":${text(event.requestURI)},"verb":${text(event.verb)},"user":${userText(event.user)}`
  if (event.impersonatedUser) line += `,"impersonatedUser":${userText(event.impersonatedUser)}`
  line += `,"sourceIPs":${text(event.sourceIPs)}`
  if (event.userAgent !== undefined) line += `,"userAgent":${text(event.userAgent)}`
  if (event.objectRef) line += `,"objectRef":${objectText(event.objectRef)}`
  if (event.responseStatus) line += `,"responseStatus":${statusText(event.responseStatus)}`
  if (event.requestObject !== undefined) line += `,"requestObject":${text(event.requestObject)}`
  if (event.responseObject !== undefined) line += `,"responseObject":${text(event.responseObject)}`
  line += `,"requestReceivedTimestamp":${text(event.requestReceivedTimestamp)},"stageTimestamp":${text(event.stageTimestamp)}`
  if (event.annotations) line += `,"annotations":${text(event.annotations)}`
  return `${line}}\n`
}

/** Parses a line of the log; undefined for a line that `eventLine` does not write. Throws a SyntaxError if it is not JSON. */
export function parseEventLine(line: string): AuditEvent | undefined {
  const value: unknown = parseExactJson(line)
  return isEvent(value) ? value : undefined
}

/** Only the server writes the file, so a line marked as an event has the shape of one. */
function isEvent(value: unknown): value is AuditEvent {
  if (typeof value !== 'object' || value === null || !('kind' in value) || value.kind !== 'Event') return false
  return 'auditID' in value && typeof value.auditID === 'string' && 'user' in value && typeof value.user === 'object'
}

function userText({ username, uid, groups, extra }: AuditUser): string {
  const id = uid === undefined ? '' : `,"uid":${text(uid)}`
  const more = extra === undefined ? '' : `,"extra":${text(extra)}`
  return `{"username":${text(username)}${id},"groups":${text(groups)}${more}}`
}

function objectText({ resource, namespace, name, apiGroup, apiVersion, subresource }: NonNullable<AuditEvent['objectRef']>): string {
  let object = `{"resource":${text(resource)}`
  if (namespace !== undefined) object += `,"namespace":${text(namespace)}`
  if (name !== undefined) object += `,"name":${text(name)}`
  if (apiGroup !== undefined) object += `,"apiGroup":${text(apiGroup)}`
  object += `,"apiVersion":${text(apiVersion)}`
  if (subresource !== undefined) object += `,"subresource":${text(subresource)}`
  return `${object}}`
}

function statusText({ status, reason, message, details, code }: NonNullable<AuditEvent['responseStatus']>): string {
  let answer = '{"metadata":{}'
  if (status !== undefined) answer += `,"status":${text(status)}`
  if (message !== undefined) answer += `,"message":${text(message)}`
  if (reason !== undefined) answer += `,"reason":${text(reason)}`
  if (details !== undefined) answer += `,"details":${text(details)}`
  return `${answer},"code":${code}}`
}
