// Joins the audit log and the signer: neither imports the other.
import type { CheckpointSigner } from '../access/audit/checkpoints.ts'
import type { Signer } from '../signer/signer.ts'

/** Asks the signer for the state of the log, before the log is opened. */
export async function checkpointSignerOf(signer: Signer, signal: AbortSignal): Promise<CheckpointSigner> {
  const { epoch, signed } = await signer.auditKey(signal)
  return {
    epoch,
    signed,
    sign: (tree, proof, until) => signer.signAuditCheckpoint(tree, proof, until),
    newest: async until => (await signer.auditKey(until)).signed,
  }
}
