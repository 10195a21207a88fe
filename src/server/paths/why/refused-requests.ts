// The latest refused requests, in memory, because users usually ask why right after a refusal.
import { type AuditEvent, eventLine, parseEventLine } from '../../../access/audit/audit-event.ts'
import { limitHolder } from '../../../access/limit-subject.ts'
import { proofAgent } from '../../../base/proof-agent.ts'

export const whyPath = '/bulkhead/v1/why'
/**
 * Limits in all, per user, and per namespace of ServiceAccounts: a client that is refused a thousand times a second evicts only its own. Clients decide
 * how long URLs and messages are, so characters are limited too.
 */
const kept = { all: 2000, characters: 16 * 2 ** 20, ofUser: 32, ofHolder: 256, ofProofs: 256 }
/** Longer events of proofs are only in the audit log. */
const maxProofCharacters = 4096

interface RecordedRefusal {
  readonly userName: string
  /** The impersonated user. */
  readonly actingAs: string | undefined
  /** A copy of the event: the event itself would hold its request's URL and headers, and the texts that its own were cut from. */
  readonly line: string
}

export class RefusedRequests {
  readonly #byId = new Map<string, RecordedRefusal>()
  readonly #idsOf = new Map<string, string[]>()
  /** By the user or namespace for the limits, the oldest first. */
  readonly #idsOfHolder = new Map<string, Set<string>>()
  #characters = 0
  /** Of proofs, by audit id, the oldest first: a run is refused thousands of times, and must not evict what people ask about. */
  readonly #ofProofs = new Map<string, string>()

  /** Requests to explain are not recorded: the next one would explain the last one. */
  keep(event: AuditEvent): void {
    if (event.requestURI.startsWith(whyPath)) return
    if (event.userAgent?.startsWith(proofAgent) === true) return void this.#keepOfProof(event)
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
    const line = this.#byId.get(auditId)?.line ?? this.#ofProofs.get(auditId)
    return line === undefined ? undefined : parseEventLine(line)
  }

  /** The latest request authenticated as this user. */
  newestOf(userName: string): AuditEvent | undefined {
    return this.find(this.#idsOf.get(userName)?.at(-1) ?? '')
  }

  /** The latest request authenticated as this user, or impersonating this user. */
  newestFor(userName: string): AuditEvent | undefined {
    let newest = ''
    for (const [auditId, kept] of this.#byId) if (kept.userName === userName || kept.actingAs === userName) newest = auditId
    return this.find(newest)
  }

  /** The latest request authenticated as this user that was recorded after the request `auditId`; without `auditId`, the latest. */
  newestAfter(userName: string, auditId: string | undefined): AuditEvent | undefined {
    const newest = this.#idsOf.get(userName)?.at(-1) ?? ''
    if (auditId === undefined) return this.find(newest)
    for (const id of this.#byId.keys()) {
      if (id === auditId) return this.find(newest)
      if (id === newest) return undefined
    }
    return undefined
  }

  #keepOfProof(event: AuditEvent): void {
    const line = eventLine(event)
    if (line.length > maxProofCharacters) return
    this.#ofProofs.set(event.auditID, line)
    const [oldest] = this.#ofProofs.keys()
    if (this.#ofProofs.size > kept.ofProofs && oldest !== undefined) this.#ofProofs.delete(oldest)
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

  /** The oldest of all, or of one limit, is also the oldest of its user. */
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
