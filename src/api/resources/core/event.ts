// Event, v1: validated by the older rules; the events.k8s.io/v1 form has stricter ones.
import { type FieldError, invalidValue, required } from '../../field-error.ts'
import type { Event } from '../../types/core-v1.ts'
import { exceedsBytes } from '../../validation/byte-length.ts'
import { dns1123Subdomain, nameIsPathSegment, qualifiedName } from '../../validation/names.ts'
import { pushMessages } from '../../validation/object-meta.ts'
import { translateTimestampSince } from '../printing.ts'
import { defineResource } from '../resource.ts'

const lengths = { reportingInstance: 128, action: 128, reason: 128, message: 1024 }

export const event = defineResource<Event>({
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
  shortNames: ['ev'],
  nameRule: nameIsPathSegment,
  validatesMetadata: false,
  columns: [
    { name: 'Last Seen', type: 'string', cell: lastSeenCell },
    { name: 'Type', type: 'string', cell: ({ type }) => type ?? '' },
    { name: 'Reason', type: 'string', cell: ({ reason }) => reason ?? '' },
    { name: 'Object', type: 'string', cell: objectCell },
    { name: 'Subobject', type: 'string', priority: 1, cell: ({ involvedObject }) => involvedObject?.fieldPath ?? '' },
    { name: 'Source', type: 'string', priority: 1, cell: sourceCell },
    { name: 'Message', type: 'string', cell: ({ message }) => (message ?? '').trim() },
    { name: 'First Seen', type: 'string', priority: 1, cell: firstSeenCell },
    { name: 'Count', type: 'string', priority: 1, cell: ({ series, count }) => (series === undefined ? count || 1 : (series.count ?? 0)) },
    { name: 'Name', type: 'string', format: 'name', priority: 1, cell: ({ metadata }) => metadata.name ?? '' },
  ],
  validate: object => validateEvent(object, 'reportingComponent'),
  validateUpdate: object => validateEvent(object, 'reportingComponent'),
  fieldSelectors: {
    values(object) {
      const involved = object.involvedObject ?? {}
      return {
        'involvedObject.kind': involved.kind ?? '',
        'involvedObject.namespace': involved.namespace ?? '',
        'involvedObject.name': involved.name ?? '',
        'involvedObject.uid': involved.uid ?? '',
        'involvedObject.apiVersion': involved.apiVersion ?? '',
        'involvedObject.resourceVersion': involved.resourceVersion ?? '',
        'involvedObject.fieldPath': involved.fieldPath ?? '',
        reason: object.reason ?? '',
        reportingComponent: object.reportingComponent ?? '',
        source: object.source?.component || object.reportingComponent || '',
        type: object.type ?? '',
      }
    },
  },
  allowCreateOnUpdate: true,
})

/** The common rules of both groups. */
export function validateEvent(object: Event, controllerField: 'reportingComponent' | 'reportingController'): FieldError[] {
  const errors: FieldError[] = []
  const own = object.metadata.namespace ?? ''
  const involved = object.involvedObject?.namespace ?? ''
  const mismatch = (): void => {
    errors.push(invalidValue('involvedObject.namespace', involved, 'does not match event.namespace'))
  }
  if (object.eventTime) {
    if (involved === '' && own !== 'default' && own !== 'kube-system') mismatch()
    validateReported(object, controllerField, errors)
  } else if (involved === '' ? own !== '' && own !== 'default' : involved !== own) mismatch()
  pushMessages(errors, 'namespace', own, dns1123Subdomain(own))
  return errors
}

function validateReported(object: Event, controllerField: string, errors: FieldError[]): void {
  const controller = object.reportingComponent ?? ''
  if (controller === '') errors.push(required(controllerField))
  pushMessages(errors, controllerField, controller, qualifiedName(controller))
  for (const field of ['reportingInstance', 'action', 'reason'] as const) {
    const value = object[field] ?? ''
    if (value === '') errors.push(required(field))
    if (exceedsBytes(value, lengths[field])) errors.push(invalidValue(field, '', `can have at most ${lengths[field]} characters`))
  }
  if (exceedsBytes(object.message ?? '', lengths.message)) {
    errors.push(invalidValue('message', '', `can have at most ${lengths.message} characters`))
  }
}

function firstSeenCell(object: Event, now: number): string {
  return translateTimestampSince(object.firstTimestamp || object.eventTime, now)
}

function lastSeenCell(object: Event, now: number): string {
  if (object.series !== undefined) return translateTimestampSince(object.series.lastObservedTime, now)
  return object.lastTimestamp ? translateTimestampSince(object.lastTimestamp, now) : firstSeenCell(object, now)
}

function objectCell({ involvedObject }: Event): string {
  const kind = (involvedObject?.kind ?? '').toLowerCase()
  return involvedObject?.name ? `${kind}/${involvedObject.name}` : kind
}

function sourceCell(object: Event): string {
  const component = object.source?.component || object.reportingComponent || ''
  const instance = object.source?.host || object.reportingInstance || ''
  return instance === '' ? component : `${component}, ${instance}`
}
