// Records in the cluster what came of each proof, for `bulkhead status`, metrics and whoever asks when a control was last proved.
import { maxFoundLines, maxFoundText, proofResultName } from '../../api/resources/bulkhead/proof-result.ts'
import { isReason } from '../../api/status.ts'
import type { ProofResultSpec, ProofRun, ProofResult as ResultObject } from '../../api/types/bulkhead-v1alpha1.ts'
import type { Client } from '../../client/client.ts'
import { proofResults } from '../../client/resources.ts'
import type { ProofResult } from '../run-proofs.ts'
import { verdictOf } from './verdict.ts'

export interface RunFacts {
  /** Digests of the server that was attacked, SHA-256 in hexadecimal. */
  readonly build: string
  readonly configuration: string
  /** SHA-256 of the report, if one was written. */
  readonly report?: string | undefined
}

const verdicts = { PASS: 'Passed', FAIL: 'Failed', SKIP: 'Skipped' } as const
const fields = { PASS: 'passed', FAIL: 'failed', SKIP: 'skipped' } as const

/** Pure. What a run changes of the object: the latest runs with another verdict stay. */
export function recordOf(result: ProofResult, { build, configuration, report }: RunFacts): ProofResultSpec {
  const { id, title, outcome, started, milliseconds, attempts } = result
  const verdict = verdictOf(result)
  const run: ProofRun = {
    ...{ time: started.replace(/\.\d+Z$/, 'Z'), build, configuration, attempts: attempts.length, milliseconds: Math.round(milliseconds) },
    ...(report === undefined ? {} : { report }),
    ...('skipped' in outcome ? { reason: outcome.reason.slice(0, maxFoundText) } : {}),
    ...('held' in outcome && !outcome.held
      ? { found: outcome.found.slice(0, maxFoundLines).map(line => line.slice(0, maxFoundText)) }
      : {}),
  }
  return { proof: id, title, last: verdicts[verdict], [fields[verdict]]: run }
}

export async function recordResults(client: Client, results: readonly ProofResult[], facts: RunFacts, signal: AbortSignal): Promise<void> {
  for (const result of results) await record(client, recordOf(result, facts), signal)
}

async function record(client: Client, spec: ProofResultSpec, signal: AbortSignal): Promise<void> {
  const name = proofResultName(spec.proof)
  const field = spec.last.toLowerCase() as 'passed' | 'failed' | 'skipped'
  // Null removes what an earlier run with this verdict had and this one has not.
  const run = { report: null, found: null, reason: null, ...spec[field] }
  try {
    await client.patch(proofResults, '', name, { spec: { ...spec, [field]: run } }, { type: 'merge' }, signal)
  } catch (err) {
    if (!isReason(err, 'NotFound')) throw err
    await client.create(proofResults, '', { metadata: { name }, spec } satisfies ResultObject, signal)
  }
}
