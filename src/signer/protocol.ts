// Requests and answers of the signer's socket: what goes into frames, and how strangers' input becomes typed.

import { isJsonObject } from '../base/json.ts'
import { PolicyViolation, type SignerMethod } from './policy.ts'
import type { AuditHead, AuthorityName, CertificateRequest } from './signer.ts'

export interface WireRequest {
  readonly id: number
  readonly method: SignerMethod
  readonly params: Readonly<Record<string, unknown>>
}

export type WireAnswer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: { readonly message: string; readonly rule?: string } }

/** At most this many tokens in one request. */
export const maxTokenBatch = 64

const methods: readonly SignerMethod[] = [
  'authority',
  'issueCertificate',
  'tokenKeys',
  'signTokens',
  'wrapKey',
  'unwrapKey',
  'signAuditHead',
  'auditKey',
]

const malformed = (what: string) => new PolicyViolation('form', `The request's ${what} is malformed`)

export function parseRequest(value: unknown): WireRequest {
  if (!isJsonObject(value) || typeof value['id'] !== 'number') throw malformed('id')
  const method = methods.find(name => name === value['method'])
  if (method === undefined) throw malformed('method')
  const params = value['params'] ?? {}
  if (!isJsonObject(params)) throw malformed('params')
  return { id: value['id'], method, params }
}

export function parseAnswer(value: unknown): WireAnswer | undefined {
  if (!isJsonObject(value) || typeof value['id'] !== 'number') return undefined
  const { id, error, result } = value
  if (!isJsonObject(error)) return { id, result }
  const rule = error['rule']
  return { id, error: { message: String(error['message']), ...(typeof rule === 'string' ? { rule } : {}) } }
}

export function bytesParam(params: WireRequest['params'], name: string): Buffer {
  const value = params[name]
  if (typeof value !== 'string') throw malformed(name)
  return Buffer.from(value, 'base64')
}

/** As it goes over the wire and into files. */
export const auditHeadFields = ({ sequence, digest }: AuditHead) => ({ sequence, digest: digest.toString('base64') })

export function auditHeadParam(params: WireRequest['params']): AuditHead {
  const { sequence } = params
  if (typeof sequence !== 'number' || !Number.isSafeInteger(sequence) || sequence < 1) throw malformed('sequence')
  return { sequence, digest: bytesParam(params, 'digest') }
}

export function authorityParam(value: unknown): AuthorityName {
  if (value === 'client' || value === 'serving' || value === 'front-proxy') return value
  throw malformed('authority')
}

export function claimsParam(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (!Array.isArray(value) || value.length > maxTokenBatch || !value.every(isJsonObject)) throw malformed('claims')
  return value
}

export function certificateParam(params: WireRequest['params']): CertificateRequest {
  const { authority, commonName, organizations, dnsNames, ipAddresses, lifetimeSeconds } = params
  if (typeof commonName !== 'string' || typeof lifetimeSeconds !== 'number') throw malformed('certificate request')
  return {
    authority: authorityParam(authority),
    csr: bytesParam(params, 'csr'),
    commonName,
    organizations: texts(organizations),
    dnsNames: texts(dnsNames),
    ipAddresses: texts(ipAddresses),
    lifetimeSeconds,
  }
}

function texts(value: unknown): readonly string[] {
  if (!Array.isArray(value) || !value.every(entry => typeof entry === 'string')) throw malformed('list of names')
  return value
}
