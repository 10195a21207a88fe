// Kubernetes' bootstrap tokens as their Secrets have them: which Secrets those are, and what they say. Pure; no key is trusted to be there.
import { Secret } from '../../base/config/secret.ts'
import { parseTime } from '../go-text/go-time.ts'
import type { Secret as SecretObject } from '../types/core-v1.ts'

export const tokenSecretNamespace = 'kube-system'
export const tokenSecretType = 'bootstrap.kubernetes.io/token'
export const tokenSecretPrefix = 'bootstrap-token-'

export interface BootstrapToken {
  /** Six characters, and no secret. */
  readonly id: string
  /** Sixteen characters. */
  readonly secret: Secret
  /** In milliseconds since the epoch; undefined for one without an end. What cannot be read ended long ago. */
  readonly expires: number | undefined
  /** Whether its holder may authenticate by it. */
  readonly authenticates: boolean
  /** Whether it signs the cluster's description for those who join. */
  readonly signs: boolean
  /** Beside the group of all bootstrap tokens; undefined where one has a name that is not allowed. */
  readonly groups: readonly string[] | undefined
}

const idForm = /^[a-z0-9]{6}$/
const secretForm = /^[a-z0-9]{16}$/
const tokenForm = /^([a-z0-9]{6})\.([a-z0-9]{16})$/
const groupForm = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/
/** Longer than any time that somebody writes down. */
const maxTimeLength = 64

/** The two parts of a token; undefined for every other text. */
export function parseBootstrapToken(token: string): { readonly id: string; readonly secret: Secret } | undefined {
  const [, id, secret] = tokenForm.exec(token) ?? []
  return id === undefined || secret === undefined ? undefined : { id, secret: new Secret(secret) }
}

export const isTokenSecret = ({ type, metadata }: SecretObject): boolean =>
  type === tokenSecretType && metadata.namespace === tokenSecretNamespace

/** Undefined where the Secret holds no token, or one that is not well-formed or about to go. */
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

/** As `BootstrapToken.expires`, of a Secret of that type whatever else is wrong with it. */
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
