// The audit log of a cluster in one process: the newest events, in memory.
import type { AuditEvent } from '../access/audit/audit-event.ts'
import type { AuditSink } from '../server/request/audit-event.ts'

const kept = 100_000

export class MemoryAudit implements AuditSink {
  #events: AuditEvent[] = []

  get events(): readonly AuditEvent[] {
    return this.#events
  }

  async find(auditId: string): Promise<AuditEvent | undefined> {
    return this.#events.findLast(event => event.auditID === auditId)
  }

  record(event: AuditEvent): undefined {
    this.#events.push(event)
    // Removes half at a time, so that a long test rarely pays for it.
    if (this.#events.length > kept) this.#events = this.#events.slice(kept / 2)
  }
}
