// The options of list, watch and deletecollection, validated like upstream's ListOptions.
import { type FieldError, forbiddenField, notSupported } from '../../api/field-error.ts'
import { type ApiError, apiError, badRequest, invalid } from '../../api/status.ts'
import { writeJson } from '../../base/write-json.ts'
import { plainFailure } from '../http/plain-failure.ts'
import type { Query } from './query.ts'

export type VersionMatch = 'NotOlderThan' | 'Exact'

export interface ListOptions {
  /** 0 without a limit. */
  readonly limit: number
  readonly continueToken: string | undefined
  /** '' and undefined both mean the newest. */
  readonly resourceVersion: string
  readonly match: VersionMatch | undefined
  readonly sendInitialEvents: boolean | undefined
}

const kind = { group: 'meta.k8s.io', kind: 'ListOptions' }

/** Decided by the options, so the deprecated path `/watch/…` is validated as a list. */
export function listOptions(query: Query): ListOptions {
  if (query.raw === '') return { limit: 0, continueToken: undefined, resourceVersion: '', match: undefined, sendInitialEvents: undefined }
  const resourceVersion = query.get('resourceVersion') ?? ''
  const match = query.get('resourceVersionMatch') || undefined
  const continueToken = query.get('continue') || undefined
  const sendInitialEvents = query.get('sendInitialEvents') === undefined ? undefined : query.flag('sendInitialEvents')
  // Validated also for lists, which do not use it.
  query.integer('timeoutSeconds')
  const limit = query.integer('limit') ?? 0
  const errors = query.flag('watch')
    ? validateWatch(match, sendInitialEvents, continueToken)
    : validateList(match, sendInitialEvents, resourceVersion, continueToken)
  if (errors.length > 0) throw invalid(kind, '', errors)
  return { limit: Math.max(limit, 0), continueToken, resourceVersion, match: versionMatch(match), sendInitialEvents }
}

function versionMatch(value: string | undefined): VersionMatch | undefined {
  return value === 'Exact' || value === 'NotOlderThan' ? value : undefined
}

function validateList(
  match: string | undefined,
  initial: boolean | undefined,
  resourceVersion: string,
  continueToken: string | undefined,
): FieldError[] {
  const errors: FieldError[] = []
  if (match !== undefined) {
    if (resourceVersion === '') {
      errors.push(forbiddenField('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided'))
    }
    if (continueToken !== undefined) {
      errors.push(forbiddenField('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided'))
    }
    if (versionMatch(match) === undefined) errors.push(notSupported('resourceVersionMatch', match, ['Exact', 'NotOlderThan', '']))
    if (match === 'Exact' && resourceVersion === '0') {
      errors.push(forbiddenField('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'))
    }
  }
  if (initial !== undefined) errors.push(forbiddenField('sendInitialEvents', 'sendInitialEvents is forbidden for list'))
  return errors
}

function validateWatch(match: string | undefined, initial: boolean | undefined, continueToken: string | undefined): FieldError[] {
  const errors: FieldError[] = []
  const forbid = (why: string) => errors.push(forbiddenField('resourceVersionMatch', why))
  if (initial !== undefined && match !== 'NotOlderThan') forbid('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan')
  if (match === undefined) return errors
  if (initial === undefined) forbid('resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided')
  if (match !== 'NotOlderThan') errors.push(notSupported('resourceVersionMatch', match, ['NotOlderThan']))
  if (continueToken !== undefined) forbid('resourceVersionMatch is forbidden when continue is provided')
  return errors
}

/** A resourceVersion that a store may have reached. */
export const versionPattern: RegExp = /^[1-9]\d{0,15}$/

const maxRevision = 2n ** 64n - 1n

/**
 * '' and '0' are 0. Above 2^53, which no store reaches, only the magnitude is right. Throws if a resourceVersion is not a number: upstream's error has no reason
 * then, but is a 400 for lists.
 */
export function requiredRevision(resourceVersion: string, list = false): number {
  if (resourceVersion === '') return 0
  if (/^\d+$/.test(resourceVersion) && BigInt(resourceVersion) <= maxRevision) return Number(resourceVersion)
  const quoted = writeJson(resourceVersion)
  const why = `strconv.ParseUint: parsing ${quoted}: ${/^\d+$/.test(resourceVersion) ? 'value out of range' : 'invalid syntax'}`
  const message = `resourceVersion: Invalid value: ${quoted}: ${why}`
  throw list ? badRequest(`invalid resource version: ${message}`) : plainFailure(message)
}

/**
 * The error for a revision that the store has not reached. Clients retry if the error says when, so it does for requests of at least that revision,
 * and not for requests of exactly that revision.
 */
export function tooLargeRevision(resourceVersion: string, current: number, exact = false): ApiError {
  return apiError(504, 'Timeout', `Timeout: Too large resource version: ${BigInt(resourceVersion)}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    ...(exact ? {} : { retryAfterSeconds: 1 }),
  })
}
