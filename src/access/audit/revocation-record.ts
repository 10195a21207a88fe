// What the audit log keeps of each denial, so that a store that is restored to an earlier state gets back the denials that it lost: the log
// outlives the store.
import { isJsonObject, parseJson } from '../../base/json.ts'
import { writeJson } from '../../base/write-json.ts'
import { type AuditEvent, parseEventLine } from './audit-event.ts'
import { isEventLine, parseRevocationLine } from './log-record.ts'

/**
 * On the audit event of a write of the deny list: JSON of the entries that were set, and null for those that were removed. Without a slash,
 * which every annotation of a webhook or a policy has: none of them can write it.
 */
export const denialsAnnotation = 'bulkhead-denied-credentials'
/** With the name of a DenyRule, on the audit event of its write: JSON of its specification, or null. */
export const denyRuleAnnotation = 'bulkhead-deny-rule.'

const isRevocation = (annotation: string): boolean => annotation === denialsAnnotation || annotation.startsWith(denyRuleAnnotation)

/** The annotations of an event that tell what it denied, or lifted; undefined if it was refused or is about something else. */
export function revocationsOf({ annotations, responseStatus }: AuditEvent): Readonly<Record<string, string>> | undefined {
  if (annotations === undefined || responseStatus === undefined || responseStatus.code >= 300) return undefined
  const found = Object.entries(annotations).filter(([annotation]) => isRevocation(annotation))
  return found.length === 0 ? undefined : Object.fromEntries(found)
}

/** What differs between two states of the deny list, as the annotation has it; undefined for nothing. */
export function denialsChange(before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>): string | undefined {
  const removed = Object.keys(before).filter(key => after[key] === undefined)
  const set = Object.entries(after).filter(([key, value]) => before[key] !== value)
  if (removed.length === 0 && set.length === 0) return undefined
  return writeJson(Object.fromEntries([...removed.map(key => [key, null]), ...set]))
}

/** The state of all denials at the end of a log, from its lines in their order. */
export class LoggedRevocations {
  /** Entries of the deny list by their key, that were not removed again. */
  readonly denials = new Map<string, string>()
  /** Specifications of DenyRules by their name, that were not deleted again. */
  readonly rules = new Map<string, object>()

  /** Throws a SyntaxError for a line that the server did not write. */
  add(line: Buffer): void {
    // Most lines are about something else, and parsing them would take longer than verifying them.
    if (!line.includes(denialsAnnotation) && !line.includes(denyRuleAnnotation)) return
    const event = isEventLine(line) ? parseEventLine(line.toString('utf8')) : undefined
    const changes = event === undefined ? parseRevocationLine(line) : revocationsOf(event)
    for (const [annotation, text] of Object.entries(changes ?? {})) this.#apply(annotation, parseJson(text))
  }

  #apply(annotation: string, value: unknown): void {
    if (annotation === denialsAnnotation && isJsonObject(value)) {
      for (const [key, denial] of Object.entries(value))
        if (typeof denial === 'string') this.denials.set(key, denial)
        else this.denials.delete(key)
      return
    }
    if (annotation.startsWith(denyRuleAnnotation)) this.setRule(annotation.slice(denyRuleAnnotation.length), value)
  }

  /** The whole list as it was later than the log. */
  setDenials(list: Readonly<Record<string, unknown>>): void {
    this.denials.clear()
    for (const [key, denial] of Object.entries(list)) if (typeof denial === 'string') this.denials.set(key, denial)
  }

  /** A rule as it was later; it is gone unless `spec` is an object. */
  setRule(name: string, spec: unknown): void {
    if (isJsonObject(spec)) this.rules.set(name, spec)
    else this.rules.delete(name)
  }
}
