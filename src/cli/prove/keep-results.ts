// Records the results of a run in the cluster, if this user may.

import { proofResultName } from '../../api/resources/bulkhead/proof-result.ts'
import { ApiError } from '../../api/status.ts'
import { type RunFacts, recordResults } from '../../assess/evidence/record-results.ts'
import type { ProofResult } from '../../assess/run-proofs.ts'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import type { Client } from '../../client/client.ts'
import { EventRecorder } from '../../client/event-recorder.ts'
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
    await reportFailures(client, results)
    return undefined
  } catch (err) {
    if (err instanceof ApiError || err instanceof UserError) return `Results not recorded in the cluster: ${messageOf(err)}`
    throw err
  }
}

/** An Event about the result of each proof that failed. */
async function reportFailures(client: Client, results: readonly ProofResult[]): Promise<void> {
  await using events = new EventRecorder({
    client,
    ...{ component: 'bulkhead-prove', clock: systemClock, log: silentLogger, random: Math.random },
  })
  for (const { id, title, outcome } of results) {
    if (!('held' in outcome) || outcome.held) continue
    const about = { apiVersion: 'bulkhead.dev/v1alpha1', kind: 'ProofResult', name: proofResultName(id) }
    events.record(about, 'Warning', 'ProofFailed', `${id} ${title}: ${outcome.found[0] ?? ''}`)
  }
  await events.flushed()
}
