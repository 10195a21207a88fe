// Whether a control was proved by attacking it: from the results that `bulkhead prove` records, and not from the configuration.
import { proofResultName } from '../../api/resources/bulkhead/proof-result.ts'
import type { ProofResult } from '../../api/types/bulkhead-v1alpha1.ts'
import type { RunningBuild } from '../../server/paths/build-path.ts'
import type { Control } from './controls.ts'

export interface ProvedControl extends Control {
  /** `on` without a proof of its own; `off` by the configuration, so that no proof can hold. */
  readonly state: 'proved' | 'failed' | 'unproved' | 'on' | 'off'
  /** What the results say, one sentence for each proof. */
  readonly results: readonly string[]
}

/** Pure. `running` is undefined if the server does not report it. */
export function provedControls(
  controls: readonly Control[],
  results: readonly ProofResult[],
  running: RunningBuild | undefined,
): ProvedControl[] {
  const byName = new Map(results.map(result => [result.metadata.name ?? '', result]))
  return controls.map(control => {
    const proofs = control.proofs.map(id => ({ id, ...proofState(byName.get(proofResultName(id)), running) }))
    const states = new Set(proofs.map(({ state }) => state))
    const proved = states.has('failed') ? 'failed' : states.has('unproved') ? 'unproved' : states.has('proved') ? 'proved' : 'on'
    return { ...control, state: control.on ? proved : 'off', results: proofs.map(({ id, text }) => `${id} ${text}`) }
  })
}

function proofState(
  result: ProofResult | undefined,
  running: RunningBuild | undefined,
): { readonly state: 'proved' | 'failed' | 'unproved'; readonly text: string } {
  if (result === undefined) return { state: 'unproved', text: 'was never tried' }
  const { last, passed, failed, skipped } = result.spec
  if (last === 'Failed') return { state: 'failed', text: `failed at ${failed?.time}` }
  if (passed === undefined) return { state: 'unproved', text: `was never proved, skipped at ${skipped?.time}` }
  if (last === 'Skipped') return { state: 'unproved', text: `passed at ${passed.time}, but was skipped at ${skipped?.time}` }
  const passedText = `passed at ${passed.time} by build ${passed.build.slice(0, 12)}`
  if (running === undefined) return { state: 'unproved', text: `${passedText}; the running one is unknown` }
  if (passed.build !== running.build) return { state: 'unproved', text: `${passedText}, not proved since the build changed` }
  if (passed.configuration !== running.configuration)
    return { state: 'unproved', text: `${passedText}, not proved since the configuration changed` }
  return { state: 'proved', text: passedText }
}

/** A sentence for each proof that failed in its latest run. */
export function failedProofs(results: readonly ProofResult[]): string[] {
  return results
    .filter(({ spec }) => spec.last === 'Failed')
    .map(({ spec }) => `Proof ${spec.proof} (${spec.title}) failed at ${spec.failed?.time}: run "bulkhead prove ${spec.proof}"`)
}
