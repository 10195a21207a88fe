// Every failure that a client can see: an ApiError with a Kubernetes Status, created by a function named after its reason.

import { type FieldError, formatFieldError } from './field-error.ts'
import { aggregated } from './go-text/aggregate-message.ts'
import { goQuote } from './go-text/go-quote.ts'
import type { StatusDetails } from './types/meta-v1.ts'

export interface Status {
  kind: 'Status'
  apiVersion: 'v1'
  metadata: Record<string, unknown>
  status: 'Success' | 'Failure'
  message?: string
  reason?: Reason
  details?: StatusDetails
  code: number
}

export type Reason =
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Gone'
  | 'Invalid'
  | 'ServerTimeout'
  | 'Timeout'
  | 'TooManyRequests'
  | 'BadRequest'
  | 'MethodNotAllowed'
  | 'NotAcceptable'
  | 'RequestEntityTooLarge'
  | 'UnsupportedMediaType'
  | 'InternalError'
  | 'Expired'
  | 'ServiceUnavailable'
  | 'InsufficientStorage'
  | 'StoreReadError'
  | 'Unknown'

export class ApiError extends Error {
  readonly status: Status
  /** Whether the message may quote an object whose content stays out of logs: loggers leave it out. */
  readonly quotesClassified: boolean
  constructor(status: Status, options: ErrorOptions & { readonly quotesClassified?: boolean } = {}) {
    super(status.message ?? status.reason ?? 'unknown', options)
    this.quotesClassified = options.quotesClassified ?? false
    this.name = 'ApiError'
    this.status = status
  }
}

export function isReason(err: unknown, reason: Reason): err is ApiError {
  return err instanceof ApiError && err.status.reason === reason
}

/** Identifies a resource in a message: group may be ''. */
export interface Named {
  group: string
  plural: string
}

const qualified = ({ group, plural }: Named): string => (group === '' ? plural : `${plural}.${group}`)
const detailsOf = ({ group, plural }: Named, name: string): StatusDetails => ({
  ...(name === '' ? {} : { name }),
  ...(group === '' ? {} : { group }),
  kind: plural,
})

export function apiError(code: number, reason: Reason, message: string, details?: StatusDetails, options?: ErrorOptions): ApiError {
  const status: Status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(details ? { details } : {}),
    code,
  }
  return new ApiError(status, options)
}

export const notFound = (resource: Named, name: string): ApiError =>
  apiError(404, 'NotFound', `${qualified(resource)} ${goQuote(name)} not found`, detailsOf(resource, name))
/** No route matches this path. */
export const unknownPath = (): ApiError => apiError(404, 'NotFound', 'the server could not find the requested resource', {})
/** The API path does not support this method. */
export const unknownMethod = (): ApiError =>
  apiError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {})
/** `deleting`: the object with this name is being deleted. */
export const alreadyExists = (resource: Named, name: string, deleting = false): ApiError =>
  apiError(409, 'AlreadyExists', `${going(deleting)}${qualified(resource)} ${goQuote(name)} already exists`, detailsOf(resource, name))
/** For an object with a generateName. */
export const noUniqueName = (resource: Named, name: string, deleting = false): ApiError => {
  const why = 'already exists, the server was not able to generate a unique name for the object'
  const details = { ...detailsOf(resource, name), retryAfterSeconds: 1 }
  return apiError(409, 'AlreadyExists', `${going(deleting)}${qualified(resource)} ${goQuote(name)} ${why}`, details)
}
const going = (deleting: boolean): string => (deleting ? 'object is being deleted: ' : '')
export const conflict = (resource: Named, name: string, why: string): ApiError =>
  apiError(409, 'Conflict', `Operation cannot be fulfilled on ${qualified(resource)} ${goQuote(name)}: ${why}`, detailsOf(resource, name))
export const staleConflict = (resource: Named, name: string): ApiError =>
  conflict(resource, name, 'the object has been modified; please apply your changes to the latest version and try again')
/** `why` is the whole text after the colon. */
export const forbidden = (resource: Named, name: string, why: string): ApiError =>
  apiError(
    403,
    'Forbidden',
    name === '' ? `${qualified(resource)} is forbidden: ${why}` : `${qualified(resource)} ${goQuote(name)} is forbidden: ${why}`,
    detailsOf(resource, name),
  )
export const unauthorized = (): ApiError => apiError(401, 'Unauthorized', 'Unauthorized')
export const badRequest = (message: string): ApiError => apiError(400, 'BadRequest', message)
export const methodNotAllowed = (
  resource: Named,
  verb: string,
  message = `${verb} is not supported on resources of kind "${qualified(resource)}"`,
): ApiError => apiError(405, 'MethodNotAllowed', message, detailsOf(resource, ''))
export const notAcceptable = (message: string): ApiError => apiError(406, 'NotAcceptable', message)
export const unsupportedMediaType = (message: string): ApiError => apiError(415, 'UnsupportedMediaType', message)
export const tooLarge = (message: string): ApiError => apiError(413, 'RequestEntityTooLarge', `Request entity too large: ${message}`)
export const expired = (message: string): ApiError => apiError(410, 'Expired', message)
export const timedOut = (message: string, retryAfterSeconds = 1): ApiError =>
  apiError(504, 'Timeout', `Timeout: ${message}`, { retryAfterSeconds })
export const tooManyRequests = (message: string, retryAfterSeconds = 1): ApiError =>
  apiError(429, 'TooManyRequests', message, { retryAfterSeconds })
/** As WebDAV; Kubernetes has no reason for exhausted storage. */
export const insufficientStorage = (message: string): ApiError => apiError(507, 'InsufficientStorage', message)
export const serviceUnavailable = (message: string): ApiError => apiError(503, 'ServiceUnavailable', message)
export const internalError = (message: string, options?: ErrorOptions): ApiError =>
  apiError(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] }, options)

/** 422 with one cause per field error, in the order of the list, in upstream's aggregate wording. */
export function invalid(kind: { group: string; kind: string }, name: string, errors: readonly FieldError[]): ApiError {
  const shown = firstFaults(errors)
  const texts = shown.map(formatFieldError)
  const more = errors.length - shown.length
  if (more > 0) texts.push(`${more} more faults, which are too long to be shown`)
  const qualifiedKind = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`
  return apiError(422, 'Invalid', `${qualifiedKind} ${goQuote(name)} is invalid: ${aggregated(texts)}`, {
    ...(name === '' ? {} : { name }),
    ...(kind.group === '' ? {} : { group: kind.group }),
    ...(kind.kind === '' ? {} : { kind: kind.kind }),
    causes: shown.map(e => ({ reason: e.type, message: e.message, field: e.field })),
  })
}

/** Limit of characters of all errors: there can be one for each item of a list, each can show the whole list, and all are serialized at once. */
const maxFaults = 256 * 1024

/** The first ones that fit, at least one. */
function firstFaults(errors: readonly FieldError[]): readonly FieldError[] {
  let characters = 0
  const end = errors.findIndex(({ field, message }) => {
    characters += field.length + message.length
    return characters > maxFaults
  })
  return end < 0 ? errors : errors.slice(0, Math.max(end, 1))
}
