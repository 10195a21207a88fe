import { attackSealedLog } from '../attacks/audit/sealed-log.ts'
import { outcomeOf, type Proof, skipped } from '../proof.ts'

export const confidentialLogs: Proof = {
  id: 'O13',
  title: 'confidential logs',
  why: 'The audit log says who works on what in every namespace: whoever gets the machine later must not read that',
  attack:
    'In a scratch cluster whose records are sealed to readers, write canaries in the namespaces of two tenants; search all files, and the memory of the server for the data keys while their epoch lasts and after it; read with the identity of each reader',
  expected:
    'No canary in any file; the data keys are in memory during their epoch and nowhere after it; each reader finds the records of its own namespace and no other; the sealed log verifies without any of their keys',
  whenRed:
    'See whether the audit configuration has a list "seal" that covers the namespace, and whether epochs end ("bulkhead audit report")',
  async prove(context, signal) {
    const { clusters, attempts } = context
    if (clusters === undefined) return skipped("no cluster of a proof's own can be started here")
    if (process.geteuid?.() !== 0) return skipped('only root may read the memory of the server')
    const keys = await attackSealedLog(context, clusters, signal)
    return outcomeOf([], `${keys} data keys, in memory during their epoch and gone after it; ${attempts.all.length} comparisons`)
  },
}
