// Verifies an audit log: every batch is hashed into the next, no file is missing, and signed heads are valid.
import { createPublicKey, verify } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseJson } from '../../base/json.ts'
import { batchDigest, genesis, isHeadLine, isSealLine, lostRecords, parseHead, parseSeal, type SealedEnd } from './chain.ts'
import { logFileName, logFileNumbers } from './log-files.ts'

export interface AuditLogReport {
  /** Parsed events in order; unknown, because the file may contain anything. */
  readonly events: readonly Readonly<Record<string, unknown>>[]
  readonly batches: number
  readonly signedHeads: number
  /** The sequence of the newest signed seal: nothing before it can be cut off or changed without the signer's key. */
  readonly signedUpTo: number
  /** Lines after the last seal: of a log that is being written, or of a crash. */
  readonly unsealedLines: number
  /** Faults with file and line; empty for an intact log. */
  readonly problems: readonly string[]
}

/**
 * `auditKey` is the signer's Ed25519 key (SPKI PEM); without it signatures are not checked and no head counts. `signedHead` is the newest
 * signed head, fetched before this reads the files; without it a missing end cannot be detected.
 */
export async function verifyAuditLog(directory: string, auditKey?: string, signedHead?: SealedEnd): Promise<AuditLogReport> {
  const key = auditKey === undefined ? undefined : createPublicKey(auditKey)
  const numbers = await logFileNumbers(directory)
  const events: Readonly<Record<string, unknown>>[] = []
  const problems: string[] = []
  const digests = new Map<number, string>()
  let digest: Buffer | undefined = numbers[0] === 1 ? genesis : undefined
  let sequence: number | undefined = numbers[0] === 1 ? 0 : undefined
  let batches = 0
  let signedHeads = 0
  let signedUpTo = 0
  let pending: string[] = []

  for (const [index, number] of numbers.entries()) {
    const expected = (numbers[0] ?? 1) + index
    if (number !== expected) problems.push(`${logFileName(expected)} is missing`)
    const text = await readFile(join(directory, logFileName(number)), 'utf8')
    const lines = text.split('\n')
    if (lines.pop() !== '') problems.push(`${logFileName(number)}: the last line is cut`)
    for (const [at, line] of lines.entries()) {
      const where = `${logFileName(number)}:${at + 1}`
      if (!isSealLine(line)) {
        pending.push(line)
        if (isHeadLine(line)) checkHead(line, where)
        else readEvent(line, where)
        continue
      }
      const seal = parseSeal(line)
      if (seal === undefined) {
        problems.push(`${where}: the seal is malformed`)
        continue
      }
      // Older files may have been removed by rotation: the first seal then shows where the chain begins.
      digest ??= Buffer.from(seal.previous, 'hex')
      sequence ??= seal.sequence - 1
      const actual = batchDigest(digest, pending.map(entry => `${entry}\n`).join(''))
      if (seal.sequence !== sequence + 1) problems.push(`${where}: seal ${seal.sequence} follows seal ${sequence}`)
      if (seal.previous !== digest.toString('hex')) problems.push(`${where}: the seal does not continue the one before`)
      if (seal.lines !== pending.length || seal.digest !== actual.toString('hex'))
        problems.push(`${where}: lines of this batch were changed`)
      digest = Buffer.from(seal.digest, 'hex')
      sequence = seal.sequence
      digests.set(seal.sequence, seal.digest)
      batches++
      pending = []
    }
  }

  if (signedHead !== undefined) {
    // If the signed batch exists, it counts, and not what comes after it.
    const signed = digests.get(signedHead.sequence)
    const end = { sequence: sequence ?? 0, digest: digest ?? genesis }
    const loss = lostRecords(signed === undefined ? end : { ...signedHead, digest: Buffer.from(signed, 'hex') }, signedHead)
    if (loss !== undefined) problems.push(loss)
  }

  function readEvent(line: string, where: string): void {
    try {
      const event: unknown = parseJson(line)
      if (typeof event === 'object' && event !== null) events.push({ ...event })
      else problems.push(`${where}: the line is not an event`)
    } catch {
      problems.push(`${where}: the line is not JSON`)
    }
  }

  function checkHead(line: string, where: string): void {
    const head = parseHead(line)
    if (head === undefined) return void problems.push(`${where}: the head is malformed`)
    const known = digests.get(head.sequence)
    if (known !== undefined && known !== head.digest) problems.push(`${where}: the signed head is of another log`)
    if (key === undefined) return
    if (!verify(null, Buffer.from(head.digest, 'hex'), key, Buffer.from(head.signature, 'base64'))) {
      return void problems.push(`${where}: the signature of the head is wrong`)
    }
    signedHeads++
    signedUpTo = Math.max(signedUpTo, head.sequence)
  }
  return { events, batches, signedHeads, signedUpTo, unsealedLines: pending.length, problems }
}
