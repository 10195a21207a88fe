// What goes wrong in a call of the driver.

import { type CsiCode, isCsiCode } from '../../src/base/csi/csi-error.ts'
import type { CsiMethod } from '../../src/base/csi/csi-methods.ts'
import { Refusal } from '../../src/base/csi/csi-server.testing.ts'
import { isJsonObject } from '../../src/base/json.ts'

export interface Fault {
  /** Never answers, and does nothing. */
  readonly hang?: boolean
  /** Waits first. */
  readonly slowMs?: number
  /** Answers with the code, and does nothing. */
  readonly code?: CsiCode
  readonly details?: string
  /** Does the work, and answers with UNAVAILABLE. */
  readonly loseAnswer?: boolean
  /** Does the work, and never answers. */
  readonly hangAfter?: boolean
  /** Answers with this, and does nothing. */
  readonly wrong?: object
  /** For so many calls; default: until it is removed. */
  readonly times?: number
}

export type Faults = Map<CsiMethod, Fault>

export async function withFault(fault: Fault | undefined, work: () => Promise<object>, signal: AbortSignal): Promise<object> {
  if (fault === undefined) return await work()
  const { hang, slowMs, code, details, loseAnswer, hangAfter, wrong } = fault
  if (hang === true) return await forever(signal)
  if (slowMs !== undefined) await new Promise(resolve => setTimeout(resolve, slowMs))
  if (code !== undefined) throw new Refusal(code, details ?? 'a fault of the test')
  if (wrong !== undefined) return wrong
  const answer = await work()
  if (loseAnswer === true) throw new Refusal('UNAVAILABLE', 'the answer was lost')
  return hangAfter === true ? await forever(signal) : answer
}

function forever(signal: AbortSignal): Promise<object> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Refusal('CANCELLED', 'cancelled')), { once: true }))
}

/** Reads `{"NodeStageVolume": {"hang": true}}` of a file that a test wrote. */
export function readFault(value: unknown, method: CsiMethod): Fault | undefined {
  const found = isJsonObject(value) ? value[method] : undefined
  if (!isJsonObject(found)) return undefined
  const { hang, slowMs, code, details, loseAnswer, hangAfter, wrong } = found
  return {
    ...(hang === true ? { hang } : {}),
    ...(typeof slowMs === 'number' ? { slowMs } : {}),
    ...(isCsiCode(code) ? { code } : {}),
    ...(typeof details === 'string' ? { details } : {}),
    ...(loseAnswer === true ? { loseAnswer } : {}),
    ...(hangAfter === true ? { hangAfter } : {}),
    ...(isJsonObject(wrong) ? { wrong } : {}),
  }
}
