// Records the results of a run in the cluster, if this user may.

import { ApiError } from '../../api/status.ts'
import { type RunFacts, recordResults } from '../../assess/evidence/record-results.ts'
import type { ProofResult } from '../../assess/run-proofs.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import type { Client } from '../../client/client.ts'
import { runningBuild } from './report-facts.ts'

/** Undefined if they are recorded, else why not: the verdict of the run does not depend on it. */
export async function keepResults(
  client: Client,
  results: readonly ProofResult[],
  report: RunFacts['report'],
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    await recordResults(client, results, { ...(await runningBuild(client, signal)), report }, signal)
    return undefined
  } catch (err) {
    if (err instanceof ApiError || err instanceof UserError) return `Results not recorded in the cluster: ${messageOf(err)}`
    throw err
  }
}
