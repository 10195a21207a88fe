// What a run of proofs showed, and what that says about the sabotage of the cluster.

/** One proof of a run, as `bulkhead prove --output json` says it. */
export interface ProofReport {
  readonly id: string
  readonly verdict: 'PASS' | 'FAIL' | 'SKIP'
  /** What a proof that failed found, or why it was skipped. */
  readonly found: readonly string[]
}

/** `failure`: the cluster did not start, or its run ended without results. */
export type Observation = { readonly reports: readonly ProofReport[] } | { readonly failure: string }

/** `seen`: each proof failed because an attack succeeded. `broken`: the product no longer works, which says nothing about the proofs. */
export type Verdict = 'seen' | 'missed' | 'broken' | 'skipped'

export interface Result {
  readonly verdict: Verdict
  readonly detail: string
}

/** How runProofs() describes a proof that threw. */
const notTried = /^the attack could not be carried out: /

/** Evaluates a run against a sabotaged cluster. */
export function evaluate(observation: Observation, proofs: readonly string[]): Result {
  if ('failure' in observation) return { verdict: 'broken', detail: observation.failure }
  const reports = proofs.map(id => observation.reports.find(report => report.id === id) ?? { id, verdict: 'SKIP' as const, found: [] })
  const untried = reports.find(({ found }) => found.length > 0 && found.every(text => notTried.test(text)))
  if (untried !== undefined) return { verdict: 'broken', detail: `${untried.id}: ${untried.found[0]}` }
  const green = reports.filter(({ verdict }) => verdict !== 'FAIL')
  if (green.length > 0) return { verdict: 'missed', detail: green.map(({ id, verdict }) => `${id} ${verdict}`).join(', ') }
  const [first] = reports
  return { verdict: 'seen', detail: `${first?.id}: ${first?.found.find(text => !notTried.test(text)) ?? ''}` }
}

/** What is wrong with a run against the product as it is, where each proof must hold; undefined if nothing is. */
export function controlProblem(observation: Observation, proofs: readonly string[]): string | undefined {
  if ('failure' in observation) return observation.failure
  for (const id of proofs) {
    const report = observation.reports.find(candidate => candidate.id === id)
    if (report?.verdict !== 'PASS') return `${id} ${report?.verdict ?? 'gave no result'}: ${report?.found.join('; ') ?? ''}`
  }
  return undefined
}
