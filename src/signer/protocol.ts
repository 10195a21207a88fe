// Requests and answers of the signer's socket: the content of frames, and the parsing of untrusted input.

import { isJsonObject, isTexts } from '../base/json.ts'
import { maxProofHashes } from '../base/tlog/verify-proof.ts'
import { authorityNames } from './key-material.ts'
import { PolicyViolation, type SignerMethod } from './policy.ts'
import type { AuditTree, AuthorityName, BackupHead, CertificateRequest, StoreHead, VolumeKeyRequest } from './signer.ts'

export interface WireRequest {
  readonly id: number
  readonly method: SignerMethod
  readonly params: Readonly<Record<string, unknown>>
}

export interface WireFailure {
  readonly message: string
  /** The policy rule that refused. */
  readonly rule?: string
}

export type WireAnswer = { readonly id: number; readonly result: unknown } | { readonly id: number; readonly error: WireFailure }

/** Limit of tokens in one request. Each has its own result: a refused one does not affect the others. */
export const maxTokenBatch = 64

export type TokenResult = { readonly token: string } | { readonly error: Error }

const methods: readonly SignerMethod[] = [
  'authority',
  'issueCertificate',
  'tokenKeys',
  'signTokens',
  'wrapKey',
  'unwrapKey',
  'signAuditCheckpoint',
  'auditKey',
  'keepStoreHead',
  'storeHead',
  'signEvidence',
  'evidenceKey',
  'makeVolumeKey',
  'copyVolumeKey',
  'openVolumeKey',
  'eraseVolumeKey',
  'signBackup',
  'backupHead',
  'keepBackupHead',
  'exportKeys',
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
  return isJsonObject(error) ? { id, error: parseFailure(error) } : { id, result }
}

function parseFailure({ message, rule }: Readonly<Record<string, unknown>>): WireFailure {
  return { message: String(message), ...(typeof rule === 'string' ? { rule } : {}) }
}

/** The error that a caller gets for a failure from the wire. */
export const failureError = ({ message, rule }: WireFailure): Error =>
  rule === undefined ? new Error(message) : new PolicyViolation(rule, message)

/** Undefined if it is not a list of results. A token is a string, a refusal an object. */
export function parseTokenResults(value: unknown): readonly TokenResult[] | undefined {
  if (!Array.isArray(value)) return undefined
  const results: TokenResult[] = []
  for (const item of value) {
    if (typeof item === 'string') results.push({ token: item })
    else if (isJsonObject(item)) results.push({ error: failureError(parseFailure(item)) })
    else return undefined
  }
  return results
}

export function bytesParam(params: WireRequest['params'], name: string): Buffer {
  const value = params[name]
  if (typeof value !== 'string') throw malformed(name)
  return Buffer.from(value, 'base64')
}

/** The form on the wire and in files. */
export const auditTreeFields = ({ size, root }: AuditTree) => ({ size, root: root.toString('base64') })

export function auditTreeParam(params: WireRequest['params']): AuditTree {
  const { size } = params
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 1) throw malformed('size')
  return { size, root: bytesParam(params, 'root') }
}

export function proofParam({ proof }: WireRequest['params']): Buffer[] {
  if (!isTexts(proof) || proof.length > maxProofHashes) throw malformed('proof')
  return proof.map(hash => Buffer.from(hash, 'base64'))
}

const maxDigestBytes = 64

export const storeHeadFields = ({ revision, digest }: StoreHead) => ({ revision, digest: Buffer.from(digest).toString('base64') })

export function storeHeadParam(params: WireRequest['params']): StoreHead {
  const { revision } = params
  if (typeof revision !== 'number' || !Number.isSafeInteger(revision) || revision < 1) throw malformed('revision')
  const digest = bytesParam(params, 'digest')
  if (digest.length > maxDigestBytes) throw malformed('digest')
  return { revision, digest }
}

const targetForm = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

export function targetParam(params: WireRequest['params']): string {
  const { target } = params
  if (typeof target !== 'string' || !targetForm.test(target)) throw malformed('target')
  return target
}

export function backupHeadParam(params: WireRequest['params']): BackupHead {
  const { number, digest } = params
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 1) throw malformed('number')
  if (typeof digest !== 'string' || !/^[0-9a-f]{64}$/.test(digest)) throw malformed('digest')
  return { number, digest }
}

export function authorityParam(value: unknown): AuthorityName {
  const name = authorityNames.find(known => known === value)
  if (name === undefined) throw malformed('authority')
  return name
}

/** The items of a batch, not yet validated. */
export function claimsParam(value: unknown): readonly unknown[] {
  if (!Array.isArray(value) || value.length > maxTokenBatch) throw malformed('claims')
  return value
}

export function claimsItem(value: unknown): Readonly<Record<string, unknown>> {
  if (!isJsonObject(value)) throw malformed('claims')
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

export function textParam(params: WireRequest['params'], name: string): string {
  const value = params[name]
  if (typeof value !== 'string') throw malformed(name)
  return value
}

export const volumeKeyFields = ({ volume, publicKey, certificate, signature }: VolumeKeyRequest) => ({
  volume,
  publicKey: publicKey.toString('base64'),
  certificate,
  signature: signature.toString('base64'),
})

export const volumeKeyParam = (params: WireRequest['params']): VolumeKeyRequest => ({
  volume: textParam(params, 'volume'),
  publicKey: bytesParam(params, 'publicKey'),
  certificate: textParam(params, 'certificate'),
  signature: bytesParam(params, 'signature'),
})

function texts(value: unknown): readonly string[] {
  if (!Array.isArray(value) || !value.every(entry => typeof entry === 'string')) throw malformed('list of names')
  return value
}
