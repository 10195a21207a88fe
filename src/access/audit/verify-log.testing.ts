// Verifies an audit log: every batch is hashed into the next, no file is missing, and signed heads are valid.
import { createPublicKey } from 'node:crypto'
import { join } from 'node:path'
import { LineTooLong, readLines } from '../../base/files/read-lines.ts'
import { parseJson } from '../../base/json.ts'
import { codeOf } from '../../base/user-error.ts'
import type { SealedEnd } from './chain.ts'
import { ChainVerifier } from './chain-verifier.testing.ts'
import { logFileName, logFileNumbers } from './log-files.ts'

export interface AuditLogReport {
  /** The parsed events in order, or the wanted ones; unknown, because the file may contain anything. */
  readonly events: readonly Readonly<Record<string, unknown>>[]
  /** The number of all events. */
  readonly eventCount: number
  readonly batches: number
  readonly signedHeads: number
  /** The sequence of the newest signed seal: nothing before it can be cut off or changed without the signer's key. */
  readonly signedUpTo: number
  /** Lines after the last seal: of a log that is being written, or of a crash. */
  readonly unsealedLines: number
  /** Faults with file and line; empty for an intact log. */
  readonly problems: readonly string[]
}

export interface VerifyAuditLogOptions {
  /** The signer's Ed25519 key (SPKI PEM); without it signatures are not checked and no head counts. */
  readonly auditKey?: string
  /** The newest signed head, fetched before this reads the files; without it a missing end cannot be detected. */
  readonly signedHead?: SealedEnd | undefined
  /** Audit ids: only events with one of them are parsed and returned, so that memory is bounded. Default: all events. */
  readonly wanted?: ReadonlySet<string>
}

/** No record is longer: a body has at most 3 MiB, and its JSON escapes may need more. */
const maxLineBytes = 64 << 20
const maxProblems = 100

export async function verifyAuditLog(directory: string, options: VerifyAuditLogOptions = {}): Promise<AuditLogReport> {
  const { auditKey, signedHead, wanted } = options
  const key = auditKey === undefined ? undefined : createPublicKey(auditKey)
  const numbers = await logFileNumbers(directory)
  const events: Readonly<Record<string, unknown>>[] = []
  const problems: string[] = []
  const report = (problem: string): void => {
    if (problems.length < maxProblems) problems.push(problem)
  }
  let chain = new ChainVerifier(numbers[0] === 1, key, signedHead, report)
  let eventCount = 0

  for (const [index, number] of numbers.entries()) {
    const name = logFileName(number)
    const expected = (numbers[0] ?? 1) + index
    if (number !== expected) report(`${logFileName(expected)} is missing`)
    let at = 0
    try {
      for await (const lines of readLines(join(directory, name), maxLineBytes)) {
        for (const line of lines) {
          if (line.at(-1) !== lineEnd) report(`${name}: the last line is cut`)
          else {
            at++
            const where = `${name}:${at}`
            if (chain.line(line, where)) readEvent(line, where)
          }
        }
      }
    } catch (err) {
      if (err instanceof LineTooLong) report(`${name}:${at + 1}: the line is longer than any record`)
      // Rotation may remove the oldest file before it is read.
      else if (codeOf(err) === 'ENOENT' && index === 0) chain = new ChainVerifier(false, key, signedHead, report)
      else throw err
    }
  }
  chain.finish()

  function readEvent(line: Buffer, where: string): void {
    eventCount++
    if (wanted !== undefined && !wanted.has(auditIdIn(line))) return
    try {
      const event: unknown = parseJson(line.toString('utf8'))
      if (typeof event === 'object' && event !== null) events.push({ ...event })
      else report(`${where}: the line is not an event`)
    } catch {
      report(`${where}: the line is not JSON`)
    }
  }

  const { batches, signedHeads, signedUpTo, unsealedLines } = chain
  return { events, eventCount, batches, signedHeads, signedUpTo, unsealedLines, problems }
}

const lineEnd = 0x0a
const idField = Buffer.from('"auditID":"')

/** The id of an event as the server writes it: near the start of its line, before any text that a client chooses. */
function auditIdIn(line: Buffer): string {
  const at = line.indexOf(idField)
  if (at < 0) return ''
  const from = at + idField.length
  return line.toString('latin1', from, line.indexOf('"', from))
}
