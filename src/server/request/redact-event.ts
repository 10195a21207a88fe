// Takes out of an audit event what the data class of its object keeps out of the log: bodies, values of fields, and texts that quote the object.
import type { AuditEvent } from '../../access/audit/audit-event.ts'
import { refusedByAnnotation } from '../../admission/admission.ts'
import { type Classification, worstOf } from '../../api/data-classes/classify.ts'
import { type DataClass, type Handling, type HandlingOfClasses, leftOutOf, redacted } from '../../api/data-classes/data-class.ts'
import { redactFields } from '../../api/data-classes/redact.ts'
import { isRecord } from '../../api/schema/compile.ts'
import { decisionAnnotation } from './audit-annotations.ts'
import { leftOutAnnotation } from './audit-bodies.ts'

export interface RedactEventParts {
  readonly handling: HandlingOfClasses
  /** Whether the record is sealed to readers. */
  readonly isSealed: boolean
  readonly classification: Classification
  /** Of an object in a list. */
  classifyItem(item: Readonly<Record<string, unknown>>): Classification
}

/** Of annotations that say nothing of what an object holds. All others come from policies and webhooks, or quote the object. */
const plainAnnotations = [
  /^(?:authentication|authorization|flow-control|access)\./,
  /^pod-security\.kubernetes\.io\/(?:enforce-policy|exempt)$/,
  /^bulkhead-den/,
  /^bulkhead\.dev\/(?:break-glass|disruption-budget|proof-failed)/,
]
export const isPlainAnnotation = (annotation: string): boolean =>
  annotation === refusedByAnnotation || annotation === leftOutAnnotation || plainAnnotations.some(form => form.test(annotation))

/** Codes whose messages name objects and versions, and quote no content. */
const plainCodes: readonly (number | undefined)[] = [401, 404, 405, 409, 410, 429, 503, 504, 507]
export const isPlainCode = (code: number | undefined): boolean => plainCodes.includes(code)

/** Whether the log may hold what an object of this class holds. */
const mayRecord = ({ audit }: Handling, isSealed: boolean): boolean => audit === 'record' || (audit === 'sealed' && isSealed)

/** The same event if nothing has to go. */
export function redactEvent(event: AuditEvent, parts: RedactEventParts): AuditEvent {
  const { handling, isSealed, classification } = parts
  const worst = worstOf(classification)
  const text = mayRecord(handling[worst], isSealed) ? event : withoutTexts(event, worst)
  if (text.requestObject === undefined && text.responseObject === undefined) return text
  const { base } = classification
  if (!mayRecord(handling[base], isSealed)) return withoutBodies(text, base)
  const { requestObject, responseObject, objectRef } = text
  if (objectRef?.resource === 'events')
    return { ...text, ...(requestObject === undefined ? {} : { requestObject: withoutMessage(requestObject) }) }
  return {
    ...text,
    ...(requestObject === undefined ? {} : { requestObject: redactBody(requestObject, classification, parts) }),
    ...(responseObject === undefined ? {} : { responseObject: redactAnswer(responseObject, parts) }),
  }
}

function withoutTexts(event: AuditEvent, dataClass: DataClass): AuditEvent {
  const { annotations, responseStatus } = event
  const foreign = Object.keys(annotations ?? {}).filter(annotation => !isPlainAnnotation(annotation))
  const quotes = responseStatus?.message !== undefined && annotations?.[decisionAnnotation] === 'allow' && !isPlainCode(responseStatus.code)
  if (foreign.length === 0 && !quotes) return event
  const left = leftOutOf(dataClass)
  const causes = responseStatus?.details?.causes?.map(cause => ({ ...cause, ...fieldOf(cause), message: left }))
  return {
    ...event,
    ...(foreign.length === 0 ? {} : { annotations: { ...annotations, ...Object.fromEntries(foreign.map(name => [name, left])) } }),
    ...(quotes
      ? {
          responseStatus: {
            ...responseStatus,
            message: left,
            ...(causes === undefined ? {} : { details: { ...responseStatus.details, causes } }),
          },
        }
      : {}),
    ...(quotes && isRecord(event.responseObject) ? { responseObject: { ...event.responseObject, message: left, details: undefined } } : {}),
  }
}

/** What an Event says of its object was not masked yet when it was sent; the stored one was. A patch may set anything. */
function withoutMessage(sent: unknown): unknown {
  if (Array.isArray(sent)) return sent.map((step: unknown) => (isRecord(step) ? withoutMembers(step, ['value']) : step))
  return isRecord(sent) ? withoutMembers(sent, ['message', 'note']) : undefined
}

const withoutMembers = (object: Readonly<Record<string, unknown>>, names: readonly string[]): object =>
  Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)))

/** Keys of maps may be data, too: of a field, only the names that its kind has stay. */
const fieldOf = ({ field }: { readonly field?: string }) => (field === undefined ? {} : { field: field.replace(/\[[^\]]*\]?/g, '[]') })

function withoutBodies({ requestObject, responseObject, ...event }: AuditEvent, dataClass: DataClass): AuditEvent {
  const out = [requestObject === undefined ? [] : ['request'], responseObject === undefined ? [] : ['response']].flat()
  const note = `${out.join(',')}: data class ${dataClass}`
  return { ...event, level: 'Metadata', annotations: { ...event.annotations, [leftOutAnnotation]: note } }
}

/** A JSON patch names its fields elsewhere than its values: none of its values stays. */
function redactBody(body: unknown, classification: Classification, parts: RedactEventParts): unknown {
  const { base, fields } = hidden(classification, parts)
  if (!Array.isArray(body) || fields.length === 0) return redactFields(body, fields)
  return body.map((step: unknown) => (isRecord(step) && 'value' in step ? { ...step, value: redacted(worstOf({ base, fields })) } : step))
}

function redactAnswer(answer: unknown, parts: RedactEventParts): unknown {
  if (!isRecord(answer)) return answer
  const { items } = answer
  if (!Array.isArray(items)) return redactBody(answer, parts.classification, parts)
  return { ...answer, items: items.map((item: unknown) => (isRecord(item) ? redactItem(item, parts) : item)) }
}

function redactItem(item: Readonly<Record<string, unknown>>, parts: RedactEventParts): unknown {
  const classification = parts.classifyItem(item)
  if (mayRecord(parts.handling[classification.base], parts.isSealed)) return redactBody(item, classification, parts)
  const { name, namespace } = isRecord(item['metadata']) ? item['metadata'] : {}
  return { metadata: { name, namespace }, [leftOutAnnotation]: leftOutOf(classification.base) }
}

/** Only the fields that must not be recorded. */
const hidden = ({ base, fields }: Classification, { handling, isSealed }: RedactEventParts): Classification => ({
  base,
  fields: fields.filter(({ dataClass }) => !mayRecord(handling[dataClass], isSealed)),
})
