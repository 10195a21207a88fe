// The claims of a ServiceAccount token: upstream's, parsed strictly.
import { isJsonObject } from '../../base/json.ts'

export interface BoundReference {
  readonly name: string
  readonly uid: string
}

export interface KubernetesClaims {
  readonly namespace: string
  readonly serviceaccount: BoundReference
  readonly pod?: BoundReference
  readonly secret?: BoundReference
  readonly node?: BoundReference
  /** Seconds since the epoch after which use causes a warning: the token was requested for a shorter time than it lasts. */
  readonly warnafter?: number
}

/** Times in seconds since the epoch. */
export interface ServiceAccountClaims {
  readonly aud: readonly string[]
  readonly exp: number
  readonly iat: number
  readonly nbf: number
  readonly iss: string
  readonly jti: string
  readonly sub: string
  readonly 'kubernetes.io': KubernetesClaims
}

export const accountUserPrefix = 'system:serviceaccount:'
export const accountUser = (namespace: string, name: string): string => `${accountUserPrefix}${namespace}:${name}`
export const accountGroups = (namespace: string): string[] => ['system:serviceaccounts', `system:serviceaccounts:${namespace}`]

/** Undefined if anything is missing, has another type, or contradicts the subject. */
export function readClaims(value: unknown): ServiceAccountClaims | undefined {
  if (!isJsonObject(value)) return undefined
  const { exp, iat, nbf, iss, jti, sub } = value
  const aud = typeof value['aud'] === 'string' ? [value['aud']] : value['aud']
  if (!Array.isArray(aud) || aud.length === 0 || !aud.every(entry => typeof entry === 'string')) return undefined
  if (typeof exp !== 'number' || typeof iat !== 'number' || typeof nbf !== 'number') return undefined
  if (!Number.isFinite(exp) || !Number.isFinite(iat) || !Number.isFinite(nbf)) return undefined
  if (typeof iss !== 'string' || typeof jti !== 'string' || jti === '' || typeof sub !== 'string') return undefined
  const kubernetes = readKubernetes(value['kubernetes.io'])
  if (kubernetes === undefined || sub !== accountUser(kubernetes.namespace, kubernetes.serviceaccount.name)) return undefined
  return { aud, exp, iat, nbf, iss, jti, sub, 'kubernetes.io': kubernetes }
}

function readKubernetes(value: unknown): KubernetesClaims | undefined {
  if (!isJsonObject(value) || typeof value['namespace'] !== 'string' || value['namespace'] === '') return undefined
  const serviceaccount = readReference(value['serviceaccount'])
  if (serviceaccount === undefined) return undefined
  const bound: { pod?: BoundReference; secret?: BoundReference; node?: BoundReference } = {}
  for (const kind of ['pod', 'secret', 'node'] as const) {
    if (value[kind] === undefined) continue
    const reference = readReference(value[kind])
    if (reference === undefined) return undefined
    bound[kind] = reference
  }
  const { warnafter } = value
  return { namespace: value['namespace'], serviceaccount, ...bound, ...(typeof warnafter === 'number' ? { warnafter } : {}) }
}

function readReference(value: unknown): BoundReference | undefined {
  if (!isJsonObject(value)) return undefined
  const { name, uid } = value
  return typeof name === 'string' && name !== '' && typeof uid === 'string' && uid !== '' ? { name, uid } : undefined
}
