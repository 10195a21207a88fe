// The options of list, watch and deletecollection, judged as upstream judges ListOptions.
import { type FieldError, forbiddenField, invalidValue, notSupported } from '../api/field-error.ts'
import { apiError, badRequest, invalid } from '../api/status.ts'
import type { Query } from './query.ts'

export type VersionMatch = 'NotOlderThan' | 'Exact'

export interface ListOptions {
  /** 0 where there is none. */
  readonly limit: number
  readonly continueToken: string | undefined
  /** '' and undefined are the same: the newest. */
  readonly resourceVersion: string
  readonly match: VersionMatch | undefined
  readonly sendInitialEvents: boolean | undefined
}

const kind = { group: 'meta.k8s.io', kind: 'ListOptions' }

export function listOptions(query: Query, watch: boolean): ListOptions {
  if (query.raw === '') return { limit: 0, continueToken: undefined, resourceVersion: '', match: undefined, sendInitialEvents: undefined }
  const resourceVersion = query.get('resourceVersion') ?? ''
  const match = query.get('resourceVersionMatch') || undefined
  const continueToken = query.get('continue') || undefined
  const sendInitialEvents = query.get('sendInitialEvents') === undefined ? undefined : query.flag('sendInitialEvents')
  // Judged even of lists, which take no time out.
  query.integer('timeoutSeconds')
  const limit = query.integer('limit') ?? 0
  const errors = watch
    ? judgeWatch(match, sendInitialEvents, resourceVersion)
    : judgeList(match, sendInitialEvents, resourceVersion, continueToken)
  if (errors.length > 0) throw invalid(kind, '', errors)
  if (!watch && continueToken !== undefined && resourceVersion !== '' && resourceVersion !== '0') {
    throw badRequest('specifying resource version is not allowed when using continue')
  }
  return { limit: Math.max(limit, 0), continueToken, resourceVersion, match: versionMatch(match), sendInitialEvents }
}

function versionMatch(value: string | undefined): VersionMatch | undefined {
  return value === 'Exact' || value === 'NotOlderThan' ? value : undefined
}

function judgeList(
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

function judgeWatch(match: string | undefined, initial: boolean | undefined, resourceVersion: string): FieldError[] {
  const errors: FieldError[] = []
  if (match !== undefined) {
    if (initial === undefined) {
      errors.push(
        forbiddenField('resourceVersionMatch', 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'),
      )
    }
    if (match !== 'NotOlderThan') errors.push(notSupported('resourceVersionMatch', match, ['NotOlderThan']))
  } else if (initial !== undefined) {
    errors.push(forbiddenField('resourceVersionMatch', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'))
  }
  if (resourceVersion !== '' && revisionOf(resourceVersion) === undefined) {
    errors.push(
      invalidValue('resourceVersion', resourceVersion, `strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`),
    )
  }
  return errors
}

/** Undefined where the text is no revision. '' and '0' are 0. */
export function revisionOf(resourceVersion: string): number | undefined {
  if (resourceVersion === '') return 0
  const revision = Number(resourceVersion)
  return /^\d+$/.test(resourceVersion) && Number.isSafeInteger(revision) ? revision : undefined
}

/** Throws a 400 where a resourceVersion is no number. */
export function requiredRevision(resourceVersion: string): number {
  const revision = revisionOf(resourceVersion)
  if (revision === undefined) {
    throw badRequest(
      `resourceVersion: Invalid value: ${JSON.stringify(resourceVersion)}: strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`,
    )
  }
  return revision
}

/** A revision that this store has not reached: the client retries. */
export function tooLargeRevision(requested: number, current: number): Error {
  return apiError(504, 'Timeout', `Timeout: Too large resource version: ${requested}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  })
}
