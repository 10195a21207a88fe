// The request and answer of a token webhook: a TokenReview.
import { isJsonObject, isTexts } from '../../base/json.ts'
import { writeJson } from '../../base/write-json.ts'
import { authenticatedGroup, type UserInfo } from '../access.ts'
import { statusOfReview } from './review-answer.ts'

export type TokenReviewVersion = 'v1' | 'v1beta1'

export function tokenReviewBody(token: string, audiences: readonly string[], version: TokenReviewVersion): Buffer {
  const head = { kind: 'TokenReview', apiVersion: `authentication.k8s.io/${version}`, metadata: { creationTimestamp: null } }
  return Buffer.from(writeJson({ ...head, spec: { token, audiences }, status: { user: {} } }))
}

export type ReviewedIdentity =
  | { readonly outcome: 'authenticated'; readonly user: UserInfo; readonly audiences: readonly string[] }
  | { readonly outcome: 'unknown' }
  /** The webhook's error message is not repeated, because it may contain the token. */
  | { readonly outcome: 'refused' }

/** Undefined if it is not a review of this version. Without `audiences`, the webhook chooses: the API server's. */
export function readTokenReview(body: Buffer, version: TokenReviewVersion): ReviewedIdentity | undefined {
  const status = statusOfReview(body, 'TokenReview', `authentication.k8s.io/${version}`)
  if (status === undefined) return undefined
  const { authenticated = false, error = '', user = {}, audiences = [] } = status
  if (typeof authenticated !== 'boolean' || typeof error !== 'string' || !isTexts(audiences)) return undefined
  if (!authenticated) return { outcome: error === '' ? 'unknown' : 'refused' }
  const read = isJsonObject(user) ? userOf(user) : undefined
  return read && { outcome: 'authenticated', user: read, audiences }
}

function userOf({ username, uid = '', groups = [], extra = {} }: Readonly<Record<string, unknown>>): UserInfo | undefined {
  if (typeof username !== 'string' || username === '' || typeof uid !== 'string' || !isTexts(groups) || !isJsonObject(extra))
    return undefined
  const entries = Object.entries(extra).filter((entry): entry is [string, readonly string[]] => isTexts(entry[1]))
  if (entries.length !== Object.keys(extra).length) return undefined
  return {
    name: username,
    ...(uid === '' ? {} : { uid }),
    groups: groups.includes(authenticatedGroup) ? groups : [...groups, authenticatedGroup],
    ...(entries.length === 0 ? {} : { extra: Object.fromEntries(entries) }),
  }
}
