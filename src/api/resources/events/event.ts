// events.k8s.io/v1 Event: the newer form of the core group's Event, which is the stored form.
import { type FieldError, invalidValue, required, type UpdateFaults } from '../../field-error.ts'
import type { KubeObject } from '../../object.ts'
import type { Event as CoreEvent, ObjectReference } from '../../types/core-v1.ts'
import type { Event } from '../../types/events-v1.ts'
import { goString, goStruct, goTime, invalidShown } from '../../validation/go-syntax.ts'
import { immutableMessage } from '../../validation/object-meta.ts'
import { semanticallyEqual } from '../../validation/semantic-equality.ts'
import { event as coreEvent, validateEvent } from '../core/event.ts'
import { defineResource } from '../resource.ts'

const zeroTime = '0001-01-01T00:00:00Z'
const types = ['Normal', 'Warning']

const regardedFields = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath']

export const event = defineResource<Event>({
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
  shortNames: ['ev'],
  validatesMetadata: ['none', 'change'],
  allowCreateOnUpdate: true,
  columns: coreEvent.columns.map(column => ({
    ...column,
    cell: (object: Event, now: number) => column.cell(toCore(object), now),
  })),
  storedAs: {
    version: 'v1',
    group: '',
    toStored: toCore,
    // The store contains events only in the core group's form.
    fromStored: object => fromCore(object as KubeObject & CoreEvent),
  },
  fieldSelectors: {
    values: object => coreEvent.fieldSelectors?.values?.(toCore(object)) ?? {},
    names: {
      reason: 'reason',
      type: 'type',
      reportingController: 'reportingComponent',
      ...Object.fromEntries(regardedFields.map(name => [`regarding.${name}`, `involvedObject.${name}`])),
    },
  },
  writing: { validateFirst: object => validateEvent(toCore(object), 'reportingController') },
  validate,
  validateUpdate,
})

export function toCore(object: Event): CoreEvent {
  const { regarding, note, deprecatedSource, deprecatedFirstTimestamp, deprecatedLastTimestamp, deprecatedCount, ...rest } = object
  const { reportingController, reportingInstance, ...same } = rest
  return {
    ...same,
    apiVersion: 'v1',
    kind: 'Event',
    involvedObject: regarding ?? {},
    ...(note === undefined ? {} : { message: note }),
    source: deprecatedSource ?? {},
    firstTimestamp: deprecatedFirstTimestamp ?? null,
    lastTimestamp: deprecatedLastTimestamp ?? null,
    ...(deprecatedCount ? { count: deprecatedCount } : {}),
    reportingComponent: reportingController ?? '',
    reportingInstance: reportingInstance ?? '',
  } as CoreEvent
}

export function fromCore(object: CoreEvent): Event {
  const { involvedObject, message, source, firstTimestamp, lastTimestamp, count, reportingComponent, reportingInstance, ...rest } = object
  return {
    ...rest,
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    eventTime: object.eventTime ?? null,
    regarding: involvedObject ?? {},
    ...(message === undefined ? {} : { note: message }),
    deprecatedSource: source ?? {},
    deprecatedFirstTimestamp: firstTimestamp ?? null,
    deprecatedLastTimestamp: lastTimestamp ?? null,
    ...(count ? { deprecatedCount: count } : {}),
    ...(reportingComponent ? { reportingController: reportingComponent } : {}),
    ...(reportingInstance ? { reportingInstance } : {}),
  } as Event
}

/** Paths are those of the stored form, as upstream. */
function validate(object: Event): FieldError[] {
  const errors: FieldError[] = []
  validateSeries(object, errors)
  if (!object.eventTime) errors.push(required('eventTime'))
  if (object.type !== undefined && !types.includes(object.type)) {
    errors.push(invalidValue('type', '', `has invalid value: ${object.type}`))
  } else if (object.type === undefined) {
    errors.push(invalidValue('type', '', 'has invalid value: '))
  }
  const unset = (field: string, isSet: boolean): void => {
    if (isSet) errors.push(invalidValue(field, '', 'needs to be unset'))
  }
  unset('firstTimestamp', Boolean(object.deprecatedFirstTimestamp))
  unset('lastTimestamp', Boolean(object.deprecatedLastTimestamp))
  unset('count', (object.deprecatedCount ?? 0) !== 0)
  unset('source', Boolean(object.deprecatedSource?.component || object.deprecatedSource?.host))
  return errors
}

function validateSeries({ series }: Event, errors: FieldError[]): void {
  if (series === undefined) return
  if (series.count < 2) errors.push(invalidValue('series.count', '', 'should be at least 2'))
  if (!series.lastObservedTime) errors.push(required('series.lastObservedTime'))
}

/** Immutable fields in upstream's order, which checks the reason twice: the name in this version, and the stored one that messages show. */
const fixed = [
  ['regarding', 'involvedObject'],
  ['reason', 'reason'],
  ['note', 'message'],
  ['deprecatedSource', 'source'],
  ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'],
  ['deprecatedCount', 'count'],
  ['reason', 'reason'],
  ['type', 'type'],
  ['eventTime', 'eventTime'],
  ['action', 'action'],
  ['related', 'related'],
  ['reportingController', 'reportingController'],
  ['reportingInstance', 'reportingInstance'],
] as const

/** Structures and times in Go's form; undefined for other members. */
function shownInGo(name: (typeof fixed)[number][0], object: Event): string | undefined {
  switch (name) {
    case 'regarding':
      return goReference(object.regarding ?? {})
    case 'related':
      return object.related === undefined ? '"null"' : goReference(object.related)
    case 'deprecatedSource': {
      const { component, host } = object.deprecatedSource ?? {}
      return goStruct('core.EventSource', { Component: goString(component), Host: goString(host) })
    }
    case 'deprecatedFirstTimestamp':
    case 'deprecatedLastTimestamp':
    case 'eventTime':
      return goTime(object[name] ?? zeroTime)
    case 'deprecatedCount':
      return String(object.deprecatedCount ?? 0)
    default:
      return undefined
  }
}

function goReference({ kind, namespace, name, uid, apiVersion, resourceVersion, fieldPath }: ObjectReference): string {
  return goStruct('core.ObjectReference', {
    Kind: goString(kind),
    Namespace: goString(namespace),
    Name: goString(name),
    UID: goString(uid),
    APIVersion: goString(apiVersion),
    ResourceVersion: goString(resourceVersion),
    FieldPath: goString(fieldPath),
  })
}

/** Only an event's series may change. The rules of both groups come before metadata, these after it. */
function validateUpdate(object: Event, old: Event): UpdateFaults {
  const errors: FieldError[] = []
  if (!semanticallyEqual(object.series, old.series)) validateSeries(object, errors)
  for (const [name, stored] of fixed) {
    if (semanticallyEqual(object[name] || undefined, old[name] || undefined)) continue
    const shown = shownInGo(name, object)
    errors.push(
      shown === undefined ? invalidValue(stored, object[name] ?? '', immutableMessage) : invalidShown(stored, shown, immutableMessage),
    )
  }
  return [validateEvent(toCore(object), 'reportingController'), errors]
}
