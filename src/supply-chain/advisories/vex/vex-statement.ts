// A statement about whether a vulnerability concerns a product (VEX), in the form that all formats are read into.
import { UserError } from '../../../base/user-error.ts'
import { writeJson } from '../../../base/write-json.ts'

/** `fixed`: the product contains the fix, whatever its version says. */
export type VexStatus = 'not_affected' | 'affected' | 'fixed' | 'under_investigation'

export interface VexStatement {
  /** The vulnerability and its aliases. */
  readonly vulnerabilities: readonly string[]
  readonly status: VexStatus
  /** Why it is not affected: a label such as `vulnerable_code_not_in_execute_path`, or a sentence. */
  readonly justification?: string
  /** The statement is about these packages or images; never empty. */
  readonly products: readonly VexProduct[]
  /** Milliseconds since 1970; of two statements about the same, the later counts. */
  readonly time: number
  /** For people: the file and the author. */
  readonly origin: string
}

export interface VexProduct {
  /** A package URL of a package or an image, or another identifier of an image. */
  readonly id: string
  /** Package URLs of packages inside of it; empty if all of it is meant. */
  readonly parts: readonly string[]
}

export const vexStatuses: readonly VexStatus[] = ['not_affected', 'affected', 'fixed', 'under_investigation']

export function vexStatusAt(value: unknown, where: string): VexStatus {
  const status = vexStatuses.find(one => one === value)
  if (status === undefined) throw new UserError(`${where} must be ${vexStatuses.join(', ')}, got ${writeJson(value) ?? 'nothing'}`)
  return status
}

/** Bytes of one file of statements. */
export const maxVexBytes = 64 << 20
/** Statements of one file. */
export const maxVexStatements = 50_000
