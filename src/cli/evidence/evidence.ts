// `bulkhead evidence`: verifies, exports and identifies reports of proofs, without a running cluster.
import { createPublicKey, type KeyObject } from 'node:crypto'
import { existsSync } from 'node:fs'
import { oscalResults } from '../../assess/evidence/oscal.ts'
import { sarifLog } from '../../assess/evidence/sarif.ts'
import { type VerifiedReport, verifyReport } from '../../assess/evidence/verify-report.ts'
import { UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import { readRegularFile } from '../check/regular-file.ts'
import { findDataDirectory } from '../connection/find-cluster.ts'
import { maxKeyBytes, requireSigningKey } from '../prove/sign-report.ts'
import { printable, printableJson } from '../terminal/printable.ts'
import { formatVerified } from './format.ts'

export interface KeyFlags {
  /** File with the public key. */
  readonly key?: string
  /** The data directory of the cluster whose key it is. */
  readonly dataDir?: string
}

export interface VerifyFlags extends KeyFlags {
  readonly output?: 'text' | 'json'
}

export interface ExportFlags extends KeyFlags {
  readonly format: 'oscal' | 'sarif'
}

type Print = (text: string) => void

/** A report has less than a megabyte, and twice that in base64. */
const maxReportBytes = 4 * 1024 * 1024

/** Returns the exit code: 0 authentic and everything held, 1 not authentic, 3 authentic, but not everything held. */
export function verifyEvidence(flags: VerifyFlags, file: string, print: Print): number {
  const verified = read(flags, file)
  print(flags.output === 'json' ? printableJson(shown(verified)) : formatVerified(verified))
  if (verified.problems.length > 0 || verified.report === undefined) return 1
  return verified.report.result === 'PASSED' && verified.report.details.notRun.length === 0 ? 0 : 3
}

function shown({ report, signedBy, problems }: VerifiedReport) {
  return {
    authentic: problems.length === 0,
    signedBy,
    problems,
    ...(report === undefined ? {} : { result: report.result, ...report.details }),
  }
}

/** Rejects a report that is not authentic: the other forms carry no signature that a reader could verify. */
export function exportEvidence(flags: ExportFlags, file: string, print: Print): number {
  const { report, signedBy, problems } = read(flags, file)
  if (report === undefined || problems.length > 0)
    throw new UserError(`Cannot export "${file}": ${problems.map(printable).join('. ')}. "bulkhead evidence verify" shows more`)
  print(writeJson(flags.format === 'oscal' ? oscalResults(report, signedBy) : sarifLog(report), null, 2))
  return 0
}

/** Prints the public key of the cluster. */
export function evidenceKey({ dataDir }: Pick<KeyFlags, 'dataDir'>, print: Print): number {
  const path = findDataDirectory(dataDir).evidenceKey
  if (!existsSync(path))
    throw new UserError(`There is no "${path}": start the cluster once with "bulkhead up", or name its directory with --data-dir`)
  print(readRegularFile(path, { maxBytes: maxKeyBytes }).trimEnd())
  return 0
}

function read(flags: KeyFlags, file: string): VerifiedReport {
  return verifyReport(readRegularFile(file, { maxBytes: maxReportBytes, followLinks: true }), publicKey(flags))
}

/** Undefined if none is given and no cluster of this machine has one. */
function publicKey({ key, dataDir }: KeyFlags): KeyObject | undefined {
  if (key !== undefined && dataDir !== undefined) throw new UserError('Give either --key or --data-dir: both name the key')
  const path = key ?? findDataDirectory(dataDir).evidenceKey
  if (key === undefined && dataDir === undefined && !existsSync(path)) return undefined
  const pem = readRegularFile(path, { maxBytes: maxKeyBytes, followLinks: true })
  let found: KeyObject
  try {
    found = createPublicKey(pem)
  } catch (err) {
    throw new UserError(`Cannot use "${path}": it contains no PEM public key`, { cause: err })
  }
  requireSigningKey(found, path)
  return found
}
