// Makes the log tamper-evident: each batch of lines ends with a seal that hashes it together with everything before, and seals are signed.
import { createHash } from 'node:crypto'
import { parseJson } from '../../base/json.ts'

const sealVersion = 'audit.bulkhead.dev/v1'

/** The digest before the first batch. */
export const genesis: Buffer = Buffer.alloc(32)

export interface Seal {
  readonly kind: 'Seal'
  readonly apiVersion: typeof sealVersion
  /** Counts batches across all files, from 1. */
  readonly sequence: number
  readonly lines: number
  readonly previous: string
  readonly digest: string
}

/** A signature of the digest of an earlier seal; it is a line of a later batch. */
export interface Head {
  readonly kind: 'Head'
  readonly apiVersion: typeof sealVersion
  readonly sequence: number
  readonly digest: string
  readonly keyId: string
  /** Ed25519 signature of the 32 bytes of the digest, base64. */
  readonly signature: string
}

/** The newest seal of a log. */
export interface SealedEnd {
  readonly sequence: number
  readonly digest: Buffer
}

/**
 * The fault of a log with newest seal `end` after `signed` was signed; undefined if there is none. A log without a seal ends with batch 0.
 */
export function lostRecords(end: SealedEnd, signed: SealedEnd | undefined): string | undefined {
  if (signed === undefined) return undefined
  if (end.sequence < signed.sequence)
    return `records are lost: the log ends with batch ${end.sequence}, and batch ${signed.sequence} of it was signed`
  if (end.sequence === signed.sequence && !end.digest.equals(signed.digest))
    return `batch ${end.sequence} is not the one of that number that was signed`
  return undefined
}

/** SHA-256 of the digest before, then of the batch's lines with their line ends. */
export function batchDigest(previous: Buffer, lines: Buffer | string): Buffer {
  return createHash('sha256').update(previous).update(lines).digest()
}

export function sealLine(sequence: number, lines: number, previous: Buffer, digest: Buffer): string {
  const seal: Seal = {
    kind: 'Seal',
    apiVersion: sealVersion,
    sequence,
    lines,
    previous: previous.toString('hex'),
    digest: digest.toString('hex'),
  }
  return `${JSON.stringify(seal)}\n`
}

export function headLine(sequence: number, digest: Buffer, keyId: string, signature: Buffer): string {
  const head: Head = {
    kind: 'Head',
    apiVersion: sealVersion,
    sequence,
    digest: digest.toString('hex'),
    keyId,
    signature: signature.toString('base64'),
  }
  return `${JSON.stringify(head)}\n`
}

export const isSealLine = (line: string): boolean => line.startsWith('{"kind":"Seal"')
export const isHeadLine = (line: string): boolean => line.startsWith('{"kind":"Head"')

type Fields = Readonly<Record<string, unknown>>

function fieldsOf(line: string): Fields | undefined {
  try {
    const value: unknown = parseJson(line)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}

/** Undefined for a line that is not a well-formed seal. */
export function parseSeal(line: string): Seal | undefined {
  const { sequence, lines, previous, digest } = fieldsOf(line) ?? {}
  if (typeof sequence !== 'number' || typeof lines !== 'number' || !isDigest(previous) || !isDigest(digest)) return undefined
  return { kind: 'Seal', apiVersion: sealVersion, sequence, lines, previous, digest }
}

export function parseHead(line: string): Head | undefined {
  const { sequence, digest, keyId, signature } = fieldsOf(line) ?? {}
  if (typeof sequence !== 'number' || !isDigest(digest) || typeof keyId !== 'string' || typeof signature !== 'string') return undefined
  return { kind: 'Head', apiVersion: sealVersion, sequence, digest, keyId, signature }
}

const isDigest = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
