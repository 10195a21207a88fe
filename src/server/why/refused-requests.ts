// The newest refused requests, in memory: who was refused a moment ago asks why now.
import type { AuditEvent } from '../../access/audit/audit-event.ts'

/** In all, and of one user: who is refused a thousand times a second pushes out nobody else's. */
const kept = { all: 2000, ofUser: 32 }

export class RefusedRequests {
  readonly #byId = new Map<string, AuditEvent>()
  readonly #idsOf = new Map<string, string[]>()

  keep(event: AuditEvent): void {
    const { auditID, user } = event
    const ids = this.#idsOf.get(user.username) ?? []
    this.#idsOf.set(user.username, ids)
    if (ids.length >= kept.ofUser) this.#byId.delete(ids.shift() ?? '')
    ids.push(auditID)
    this.#byId.set(auditID, event)
    if (this.#byId.size > kept.all) this.#dropOldest()
  }

  find(auditId: string): AuditEvent | undefined {
    return this.#byId.get(auditId)
  }

  /** The newest of whoever authenticated under this name. */
  newestOf(userName: string): AuditEvent | undefined {
    return this.#byId.get(this.#idsOf.get(userName)?.at(-1) ?? '')
  }

  /** The oldest of all is the oldest of its user too. */
  #dropOldest(): void {
    for (const [auditId, { user }] of this.#byId) {
      this.#byId.delete(auditId)
      const ids = this.#idsOf.get(user.username)
      ids?.shift()
      if (ids?.length === 0) this.#idsOf.delete(user.username)
      return
    }
  }
}
