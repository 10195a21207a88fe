import type { ProofResult } from '../run-proofs.ts'

export type Verdict = 'PASS' | 'FAIL' | 'SKIP'

export function verdictOf({ outcome }: Pick<ProofResult, 'outcome'>): Verdict {
  if ('skipped' in outcome) return 'SKIP'
  return outcome.held ? 'PASS' : 'FAIL'
}
