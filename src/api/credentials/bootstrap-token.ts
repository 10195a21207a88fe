// Reads Kubernetes' bootstrap tokens from their Secrets. Pure; any key may be missing.
import { Secret } from '../../base/config/secret.ts'
import { parseTime } from '../go-text/go-time.ts'
import type { Secret as SecretObject } from '../types/core-v1.ts'

export const tokenSecretNamespace = 'kube-system'
export const tokenSecretType = 'bootstrap.kubernetes.io/token'
export const tokenSecretPrefix = 'bootstrap-token-'

export interface BootstrapToken {
  /** Six characters, not secret. */
  readonly id: string
  /** Sixteen characters. */
  readonly secret: Secret
  /** In milliseconds since the epoch; undefined without an expiry. An unreadable expiry counts as long past. */
  readonly expires: number | undefined
  /** Whether it can authenticate. */
  readonly authenticates: boolean
  /** Whether it signs the cluster-info ConfigMap for joining nodes. */
  readonly signs: boolean
  /** Beyond the group of all bootstrap tokens; undefined if one has an invalid name. */
  readonly groups: readonly string[] | undefined
}

const idForm = /^[a-z0-9]{6}$/
const secretForm = /^[a-z0-9]{16}$/
const tokenForm = /^([a-z0-9]{6})\.([a-z0-9]{16})$/
const groupForm = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/
/** Longer than any valid time. */
const maxTimeLength = 64

/** The two parts of a token; undefined for any other text. */
export function parseBootstrapToken(token: string): { readonly id: string; readonly secret: Secret } | undefined {
  const [, id, secret] = tokenForm.exec(token) ?? []
  return id === undefined || secret === undefined ? undefined : { id, secret: new Secret(secret) }
}

export const isTokenSecret = ({ type, metadata }: SecretObject): boolean =>
  type === tokenSecretType && metadata.namespace === tokenSecretNamespace

/** Undefined if the Secret contains no token, a malformed one, or is being deleted. */
export function bootstrapTokenOf(object: SecretObject): BootstrapToken | undefined {
  const { name = '', deletionTimestamp } = object.metadata
  if (!isTokenSecret(object) || !name.startsWith(tokenSecretPrefix) || deletionTimestamp !== undefined) return undefined
  const id = name.slice(tokenSecretPrefix.length)
  const secret = textOf(object, 'token-secret')
  if (!idForm.test(id) || textOf(object, 'token-id') !== id || !secretForm.test(secret)) return undefined
  return {
    id,
    secret: new Secret(secret),
    expires: tokenExpiry(object),
    authenticates: textOf(object, 'usage-bootstrap-authentication') === 'true',
    signs: textOf(object, 'usage-bootstrap-signing') === 'true',
    groups: groupsIn(textOf(object, 'auth-extra-groups')),
  }
}

/** As `BootstrapToken.expires`, for a Secret of that type, even if it is otherwise invalid. */
export function tokenExpiry(object: SecretObject): number | undefined {
  const text = textOf(object, 'expiration')
  if (text === '') return undefined
  const time = text.length > maxTimeLength ? undefined : parseTime(text)
  return time?.ok && time.text !== null ? Date.parse(time.text) : Number.NEGATIVE_INFINITY
}

function groupsIn(text: string): readonly string[] | undefined {
  if (text === '') return []
  const groups = text.split(',')
  return groups.every(group => groupForm.test(group)) ? [...new Set(groups)].sort() : undefined
}

function textOf({ data }: SecretObject, key: string): string {
  return Buffer.from(data?.[key] ?? '', 'base64').toString('utf8')
}
