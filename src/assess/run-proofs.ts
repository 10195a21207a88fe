// Runs proofs against a cluster: several at a time, each with a time limit, and each with a result.
import { ApiError } from '../api/status.ts'
import { messageOf } from '../base/user-error.ts'
import { Client } from '../client/client.ts'
import { type Attempt, AttemptLog } from './attempt-log.ts'
import { inParallel } from './in-parallel.ts'
import type { ClusterContext, Outcome, Proof, ProofContext } from './proof.ts'
import { ProofRun } from './proof-run.ts'
import { RightsRecorder } from './rights/proof-role.ts'
import type { Right } from './rights/request-rights.ts'
import { ScratchClusters } from './scratch-clusters.ts'

export interface ProofResult extends Omit<Proof, 'prove' | 'long'> {
  readonly outcome: Outcome
  readonly attempts: readonly Attempt[]
  /** Those of the administrator that it used. */
  readonly rights: readonly Right[]
  /** RFC 3339. */
  readonly started: string
  readonly milliseconds: number
}

export interface RunProofsOptions {
  /** Time limit of each proof; default 6 minutes: none takes one, but on a machine that is busy. */
  readonly limitMs?: number
  /** Number of proofs at a time; default 6: the longest mostly wait. */
  readonly concurrency?: number
  /** Called when a proof ends. */
  onResult?(result: ProofResult): void
}

const longestFirst = (proofs: readonly Proof[]): readonly Proof[] =>
  proofs.toSorted((a, b) => Number(b.long ?? false) - Number(a.long ?? false))

/** Results are in the order of `proofs`. Rejects only if the signal is aborted, or if the cluster does not let a run begin. */
export async function runProofs(
  proofs: readonly Proof[],
  context: ClusterContext,
  options: RunProofsOptions,
  signal: AbortSignal,
): Promise<ProofResult[]> {
  const { limitMs = 360_000, concurrency = 6, onResult } = options
  await using run = await ProofRun.begin(context.client, context.clock, signal)
  const { command } = context.machine
  await using clusters = command === undefined ? undefined : new ScratchClusters(command, context.clock)
  const own = { ...context, run, ...(clusters === undefined ? {} : { clusters }) }
  const results = new Map<Proof, ProofResult>()
  await inParallel(
    longestFirst(proofs),
    async proof => {
      const result = await runOne(proof, own, limitMs, signal)
      signal.throwIfAborted()
      results.set(proof, result)
      onResult?.(result)
    },
    concurrency,
  )
  return proofs.flatMap(proof => results.get(proof) ?? [])
}

async function runOne(proof: Proof, context: Omit<ProofContext, 'attempts'>, limitMs: number, signal: AbortSignal): Promise<ProofResult> {
  const { prove: _prove, long: _long, ...described } = proof
  const began = context.clock.now()
  const attempts = new AttemptLog()
  const transport = new RightsRecorder(context.transport)
  const own = { ...context, attempts, transport, client: new Client(transport) }
  const outcome = await attempt(proof, own, AbortSignal.any([signal, AbortSignal.timeout(limitMs)]))
  const milliseconds = context.clock.now() - began
  return { ...described, outcome, attempts: attempts.all, rights: transport.rights, started: new Date(began).toISOString(), milliseconds }
}

/** An attack that could not be carried out proves nothing, unless an attempt before it did not hold. */
async function attempt(proof: Proof, context: ProofContext, signal: AbortSignal): Promise<Outcome> {
  try {
    return withAttempts(await proof.prove(context, signal), context.attempts.found)
  } catch (err) {
    const why = err instanceof ApiError ? `${err.status.code} ${err.message}` : messageOf(err)
    return withAttempts({ held: false, found: [`the attack could not be carried out: ${why}`], tried: false }, context.attempts.found)
  }
}

/** An attempt that did not hold decides, whatever the proof returned. */
function withAttempts(outcome: Outcome, found: readonly string[]): Outcome {
  if (found.length === 0) return outcome
  return { held: false, found: 'held' in outcome && !outcome.held ? [...outcome.found, ...found] : found }
}
