import { attackTamperedLog } from '../attacks/audit/tampered-log.ts'
import { attackWitnessOfNode } from '../attacks/audit/witness-of-node.ts'
import { outcomeOf, type Proof, skipped } from '../proof.ts'

export const tamperEvidence: Proof = {
  id: 'O12',
  title: 'tamper-proof logs',
  why: 'Whoever has the rights of the server, or stole its keys, would remove the traces of how',
  attack:
    'In a scratch cluster with epochs of two seconds and a witness, change, delete, insert, swap, cut and remove records, files and tiles of copies of the log; rewrite an earlier epoch and sign all again with every key that is on the disk; ask the signer for another history; change the file while it is written; roll back the whole disk; be nodes of it that have a checkpoint, and that only claim to; and show a node checkpoints of a log that was rolled back, forked, replaced, or has another key',
  expected:
    'The honest log verifies by public keys alone, and each manipulation is named; the signer refuses what does not continue the log; the key of an epoch that is over is in no file; a change of the running log is an alarm and stops writes; the witness and a node with a checkpoint name the rollback, and a claim convicts nobody; a node cosigns nothing but what continues the log',
  whenRed: 'Take the log of an earlier backup and the file of a witness, and see what "bulkhead audit verify --seen" names',
  async prove(context, signal) {
    const { clusters, attempts } = context
    if (clusters === undefined) return skipped("no cluster of a proof's own can be started here")
    const open = context.machine.openWitness
    const shown = open === undefined ? 0 : await attackWitnessOfNode(context, open)
    const count = await attackTamperedLog(context, clusters, signal)
    const nodes =
      open === undefined ? "; the witness of a node was not tried: this machine's cluster cannot be read" : `, ${shown} to a node`
    return outcomeOf([], `${count} copies of a log, ${attempts.all.length} comparisons: each manipulation was named${nodes}`)
  },
}
