// The AdmissionReview for a webhook, and the meaning of its answer: admission.k8s.io/v1 and v1beta1.
import type { KubeObject } from '../../api/object.ts'
import type { ResourceDefinition } from '../../api/resources/resource.ts'
import { isRecord } from '../../api/schema/compile.ts'
import { ApiError, type Reason, type Status } from '../../api/status.ts'
import type { StatusDetails } from '../../api/types/meta-v1.ts'
import { parseExactJson } from '../../base/exact-json.ts'
import { writeJson } from '../../base/write-json.ts'
import type { AdmissionRequest } from '../admission.ts'
import { namespaceOf } from '../matching/rule.ts'
import { kindIn, requestedName, resourceOf, userInfo, versioned } from '../request-facts.ts'

const versions = ['v1', 'v1beta1'] as const
export type ReviewVersion = (typeof versions)[number]

/** The first version that both sides support; undefined if there is none. */
export function reviewVersion(accepted: readonly string[]): ReviewVersion | undefined {
  return accepted.map(version => versions.find(known => known === version)).find(version => version !== undefined)
}

/** The part of the review that is the same for all webhooks, as JSON without braces. */
export function reviewedRequest(request: AdmissionRequest, version: ResourceDefinition): string {
  const { resource, subresource, user, operation, dryRun, options } = request
  const name = requestedName(request)
  const namespace = namespaceOf(request)
  const fields = {
    kind: kindIn(request, version),
    resource: resourceOf(version),
    ...(subresource === '' ? {} : { subResource: subresource }),
    requestKind: kindIn(request, resource),
    requestResource: resourceOf(resource),
    ...(subresource === '' ? {} : { requestSubResource: subresource }),
    ...(name === '' ? {} : { name }),
    ...(namespace === '' ? {} : { namespace }),
    operation,
    userInfo: userInfo(user),
    object: shown(request, request.object, version),
    oldObject: shown(request, request.oldObject, version),
    dryRun,
    options: options ?? null,
  }
  return writeJson(fields).slice(1, -1)
}

function shown(request: AdmissionRequest, object: KubeObject | undefined, version: ResourceDefinition): object | null {
  if (object === undefined) return null
  if (request.operation !== 'CONNECT') return versioned(request, object, version)
  // The options of a connection are not stored objects: their types have no metadata.
  const { metadata: _, ...options } = object
  return options
}

export function reviewBody(version: ReviewVersion, uid: string, request: string): Buffer {
  return Buffer.from(`{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/${version}","request":{"uid":${writeJson(uid)},${request}}}`)
}

export interface ReviewAnswer {
  readonly allowed: boolean
  /** The webhook's message about its refusal. */
  readonly result: Readonly<Record<string, unknown>> | undefined
  /** A JSON patch as text; undefined if nothing changes. */
  readonly patch: string | undefined
  readonly annotations: Readonly<Record<string, string>>
  readonly warnings: readonly string[]
}

/** An invalid answer; the message is the end of upstream's. */
export class InvalidAnswer extends Error {
  /** Whether it could not be parsed at all. */
  readonly unreadable: boolean

  constructor(message: string, unreadable = false) {
    super(message)
    this.name = 'InvalidAnswer'
    this.unreadable = unreadable
  }
}

/** Throws InvalidAnswer. The caller has limited the size of `body`. */
export function readAnswer(body: Buffer, version: ReviewVersion, uid: string, mutating: boolean): ReviewAnswer {
  const review = parsed(body)
  const { response, kind, apiVersion } = review
  if (!isRecord(response)) throw new InvalidAnswer('webhook response was absent')
  if (version === 'v1') {
    if (response['uid'] !== uid) throw new InvalidAnswer(`expected response.uid=${writeJson(uid)}, got ${quoted(response['uid'])}`)
    const wanted = 'admission.k8s.io/v1, Kind=AdmissionReview'
    const given = `${typeof apiVersion === 'string' ? apiVersion : '/'}, Kind=${typeof kind === 'string' ? kind : ''}`
    if (given !== wanted) throw new InvalidAnswer(`expected webhook response of ${wanted}, got ${given}`)
  }
  const { allowed = false, status, warnings = [], auditAnnotations = {} } = response
  if (typeof allowed !== 'boolean') throw unreadable('response.allowed is not a boolean')
  return {
    allowed,
    result: isRecord(status) ? status : undefined,
    patch: patchOf(response, version, mutating),
    annotations: isRecord(auditAnnotations) ? texts(auditAnnotations) : {},
    warnings: Array.isArray(warnings) ? warnings.filter(warning => typeof warning === 'string') : [],
  }
}

const unreadable = (why: string): InvalidAnswer => new InvalidAnswer(`couldn't decode the answer: ${why}`, true)

function parsed(body: Buffer): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = parseExactJson(body.toString())
  } catch {
    // The content is not shown, because it may be any page.
    throw unreadable('it is not JSON')
  }
  if (!isRecord(value)) throw unreadable('it is not an object')
  return value
}

const quoted = (value: unknown): string => writeJson(typeof value === 'string' ? value : '')

function texts(values: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}

function patchOf(response: Readonly<Record<string, unknown>>, version: ReviewVersion, mutating: boolean): string | undefined {
  const { patch = null, patchType = null } = response
  if (patch !== null && typeof patch !== 'string') throw unreadable('response.patch is not a string')
  const given = patch !== null && patch !== ''
  if (version === 'v1beta1') return mutating && given ? decoded(patch) : undefined
  if (!mutating) {
    if (given) throw new InvalidAnswer('validating webhook may not return response.patch')
    if (patchType !== null) throw new InvalidAnswer('validating webhook may not return response.patchType')
    return undefined
  }
  if (given && patchType === null) throw new InvalidAnswer('webhook returned response.patch but not response.patchType')
  if (!given && patchType !== null) throw new InvalidAnswer('webhook returned response.patchType but not response.patch')
  if (!given) return undefined
  if (patchType === '') throw new InvalidAnswer('webhook returned invalid response.patchType of ""')
  if (patchType !== 'JSONPatch') throw new InvalidAnswer(`unsupported patch type ${quoted(patchType)}`)
  return decoded(patch)
}

const decoded = (base64: string): string => Buffer.from(base64, 'base64').toString()

/** The client's message about a refusal: the webhook's name and its own words, never with a success code. */
export function rejection(name: string, result: Readonly<Record<string, unknown>> = {}): ApiError {
  const { code, message = '', reason = '', details, metadata } = result
  const refused = `admission webhook ${writeJson(name)} denied the request`
  const why = typeof message === 'string' && message !== '' ? message : reason
  const status: Status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: isRecord(metadata) ? metadata : {},
    status: 'Failure',
    message: typeof why === 'string' && why !== '' ? `${refused}: ${why}` : `${refused} without explanation`,
    ...(typeof reason === 'string' && reason !== '' ? { reason: reason as Reason } : {}),
    ...(isRecord(details) ? { details: details as StatusDetails } : {}),
    code: typeof code === 'number' && Number.isInteger(code) && code >= 400 && code <= 599 ? code : 400,
  }
  return new ApiError(status)
}
