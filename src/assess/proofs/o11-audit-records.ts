import { checkDurability } from '../attacks/audit/durable-file.ts'
import { attackReports } from '../attacks/audit/forged-reports.ts'
import { attackRunningAudit } from '../attacks/audit/running-audit.ts'
import { attackScratchAudit } from '../attacks/audit/scratch-audit.ts'
import { outcomeOf, type Proof, skipped } from '../proof.ts'

export const auditRecords: Proof = {
  id: 'O11',
  long: true,
  title: 'authentic audit records',
  why: 'What is not recorded, or is recorded of somebody else, cannot be investigated later',
  attack:
    'Write with every verb, as others and refused, and look for each record before the next request; in a scratch cluster, kill the server between write and record, take the log away from it, start it with a log that is cut or older, use the break-glass group, and forge reports of proofs',
  expected:
    'Each record exists before the answer, says who did what as whom, and is in a Merkle log with valid signatures; no acknowledged write is lost; break-glass use is an alarm, and a forged report is none',
  whenRed: 'Keep a copy of the audit log, and see what "bulkhead audit verify" names: records are missing or were changed',
  async prove(context, signal) {
    const { machine, clusters, attempts } = context
    const { readAuditLog } = machine
    if (readAuditLog === undefined) return skipped('the audit log is not on this machine or not readable by this user')
    const [running, scratch] = await Promise.all([
      attackRunningAudit(context, readAuditLog, signal),
      clusters === undefined ? undefined : attackScratchAudit(context, clusters, signal),
      clusters === undefined ? undefined : attackReports(context, clusters, signal),
    ])
    await checkDurability(context)
    const crashed =
      scratch === undefined
        ? 'no server was killed'
        : `${scratch.acknowledged} writes acknowledged by servers that were killed, each recorded and stored`
    return outcomeOf(
      running.problems.slice(0, 5),
      `${running.sent} requests of ${running.kinds} kinds, all recorded by ${attempts.all.length} comparisons; ${running.count} events in a valid tree; ${crashed}`,
    )
  },
}
