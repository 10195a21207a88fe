// For tests: a run of three proofs, and its report signed by a signer in memory.
import { formatEnvelope, statementType } from '../../base/dsse.ts'
import { createMemorySigner } from '../../signer/memory-signer.ts'
import type { Attempt } from '../attempt-log.ts'
import type { Outcome } from '../proof.ts'
import type { ProofResult } from '../run-proofs.ts'
import { formatStatement, type ReportFacts } from './report.ts'

export const attempt = (name: string, held = true): Attempt => ({ name, sent: 'POST /x', expected: '403', answered: 'answered 403', held })

export function resultOf(id: string, outcome: Outcome, attempts: readonly Attempt[] = []): ProofResult {
  return {
    ...{ id, title: `title of ${id}`, why: 'reason', attack: 'attack', expected: 'refusal', whenRed: 'remedy' },
    ...{ started: '2026-01-01T00:00:00.000Z', milliseconds: 7, outcome, attempts, rights: [] },
  }
}

export const threeResults: readonly ProofResult[] = [
  resultOf('A3', { held: true, evidence: 'all refused' }, [attempt('a'), attempt('b')]),
  resultOf('C3', { held: false, found: ['c: answered 201'] }, [attempt('c', false)]),
  resultOf('C4', { skipped: true, reason: 'no node' }),
]

export const reportFacts: ReportFacts = {
  ...{ bulkhead: '0.1.0', build: 'b'.repeat(64), configuration: 'c'.repeat(64), keyId: undefined, notRun: [] },
  cluster: { uid: 'uid', server: 'https://127.0.0.1:6443', authority: 'd'.repeat(64) },
  by: { user: 'bulkhead-admin', machineUser: 'root' },
  host: { name: 'host', kernel: '6.1', architecture: 'x64', node: 'v26', isOfCluster: true },
  nodes: [{ name: 'n1', runtime: 'containerd://1.7', kernel: '6.1' }],
  ...{ started: '2026-01-01T00:00:00.000Z', finished: '2026-01-01T00:01:00.000Z' },
}

export async function signedReport(results: readonly ProofResult[], facts: Partial<ReportFacts> = {}) {
  await using signer = createMemorySigner()
  const { signal } = new AbortController()
  const { keyId, publicKey } = await signer.evidenceKey(signal)
  const payload = formatStatement({ ...reportFacts, keyId, ...facts }, results)
  const { signature } = await signer.signEvidence(payload, signal)
  const text = formatEnvelope({ payloadType: statementType, payload, signatures: [{ keyid: keyId, sig: signature }] })
  return { text, payload, keyId, publicKey, signature }
}
