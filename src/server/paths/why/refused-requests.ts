// The newest refused requests, in memory: who was refused a moment ago asks why now.
import { type AuditEvent, eventLine, parseEventLine } from '../../../access/audit/audit-event.ts'
import { limitHolder } from '../../../access/limit-holder.ts'

export const whyPath = '/bulkhead/v1/why'
/**
 * In all, of one user, and of all ServiceAccounts of one namespace: who is refused a thousand times a second pushes out nobody else's. Clients decide
 * how long URLs and messages are.
 */
const kept = { all: 2000, characters: 16 * 2 ** 20, ofUser: 32, ofHolder: 256 }

interface RecordedRefusal {
  readonly userName: string
  /** As whom the user acted. */
  readonly actingAs: string | undefined
  /** Of the audit log: the event itself would keep its request's URL and headers, and the texts that its own were cut from. */
  readonly line: string
}

export class RefusedRequests {
  readonly #byId = new Map<string, RecordedRefusal>()
  readonly #idsOf = new Map<string, string[]>()
  /** By whom limits count, the oldest first. */
  readonly #idsOfHolder = new Map<string, Set<string>>()
  #characters = 0

  /** Questions about requests are left out: the next one would be answered with the last. */
  keep(event: AuditEvent): void {
    if (event.requestURI.startsWith(whyPath)) return
    const { auditID } = event
    const userName = event.user.username
    const ids = this.#idsOf.get(userName) ?? []
    this.#idsOf.set(userName, ids)
    if (ids.length >= kept.ofUser) this.#drop(ids.shift() ?? '')
    ids.push(auditID)
    this.#drop(auditID)
    const line = eventLine(event)
    this.#byId.set(auditID, { userName, actingAs: event.impersonatedUser?.username, line })
    this.#recordForHolder(userName, auditID)
    this.#characters += line.length
    while (this.#byId.size > kept.all || this.#characters > kept.characters) this.#dropOldest()
  }

  find(auditId: string): AuditEvent | undefined {
    const found = this.#byId.get(auditId)
    return found && parseEventLine(found.line)
  }

  /** The newest of whoever authenticated under this name. */
  newestOf(userName: string): AuditEvent | undefined {
    return this.find(this.#idsOf.get(userName)?.at(-1) ?? '')
  }

  /** The newest of whoever authenticated under this name, or acted as this user. */
  newestFor(userName: string): AuditEvent | undefined {
    let newest = ''
    for (const [auditId, kept] of this.#byId) if (kept.userName === userName || kept.actingAs === userName) newest = auditId
    return this.find(newest)
  }

  /** The newest of whoever authenticated under this name that was kept after the request `auditId`; without one, the newest. */
  newestAfter(userName: string, auditId: string | undefined): AuditEvent | undefined {
    const newest = this.#idsOf.get(userName)?.at(-1) ?? ''
    if (auditId === undefined) return this.find(newest)
    for (const id of this.#byId.keys()) {
      if (id === auditId) return this.find(newest)
      if (id === newest) return undefined
    }
    return undefined
  }

  #recordForHolder(userName: string, auditId: string): void {
    const holder = limitHolder(userName)
    const ids = this.#idsOfHolder.get(holder) ?? new Set()
    this.#idsOfHolder.set(holder, ids.add(auditId))
    const [oldest] = ids
    if (ids.size > kept.ofHolder && oldest !== undefined) this.#dropWithUser(oldest)
  }

  #dropOldest(): void {
    const [oldest] = this.#byId.keys()
    if (oldest !== undefined) this.#dropWithUser(oldest)
  }

  /** The oldest of all, or of whom limits count, is the oldest of its user too. */
  #dropWithUser(auditId: string): void {
    const userName = this.#byId.get(auditId)?.userName ?? ''
    this.#drop(auditId)
    const ids = this.#idsOf.get(userName)
    ids?.shift()
    if (ids?.length === 0) this.#idsOf.delete(userName)
  }

  #drop(auditId: string): void {
    const found = this.#byId.get(auditId)
    if (found === undefined) return
    this.#characters -= found.line.length
    this.#byId.delete(auditId)
    const holder = limitHolder(found.userName)
    const ids = this.#idsOfHolder.get(holder)
    ids?.delete(auditId)
    if (ids?.size === 0) this.#idsOfHolder.delete(holder)
  }
}
