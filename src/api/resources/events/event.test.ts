import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Event } from '../../types/events-v1.ts'
import { validateNew, validateUpdate } from '../core/new-object.fixture.ts'
import { event, fromCore, toCore } from './event.ts'

const newEvent = (): Event => ({
  apiVersion: 'events.k8s.io/v1',
  kind: 'Event',
  metadata: { name: 'web.1', namespace: 'shop' },
  eventTime: '2026-01-01T00:00:00.000000Z',
  reportingController: 'example.com/controller',
  reportingInstance: 'controller-0',
  action: 'Scaling',
  reason: 'Scaled',
  note: 'Scaled up',
  type: 'Normal',
  regarding: { kind: 'Deployment', name: 'web', namespace: 'shop' },
  deprecatedSource: {},
  deprecatedFirstTimestamp: null,
  deprecatedLastTimestamp: null,
})

test('event is stored in the core form and read back unchanged', () => {
  const stored = toCore(newEvent())
  assert.equal(stored.apiVersion, 'v1')
  assert.equal(stored.message, 'Scaled up')
  assert.deepEqual(stored.involvedObject, newEvent().regarding)
  assert.deepEqual(fromCore(stored), newEvent())
})

const refusals: { name: string; change: Partial<Event>; field: string }[] = [
  { name: 'no time', change: { eventTime: null }, field: 'eventTime' },
  { name: 'no reason', change: { reason: '' }, field: 'reason' },
  { name: 'an unknown type', change: { type: 'Odd' }, field: 'type' },
  { name: 'a deprecated count', change: { deprecatedCount: 2 }, field: 'count' },
  { name: 'a series of one', change: { series: { count: 1, lastObservedTime: '2026-01-01T00:00:00.000000Z' } }, field: 'series.count' },
]
for (const { name, change, field } of refusals) {
  test(`event rejects ${name}`, () => assert.deepEqual(validateNew(event, { ...newEvent(), ...change }).fields, [field]))
}

test('event reports its series before its time', () => {
  const odd = { eventTime: null, type: 'Odd', series: { count: 1, lastObservedTime: '2026-01-01T00:00:00.000000Z' } }
  assert.deepEqual(validateNew(event, { ...newEvent(), ...odd }).fields, ['series.count', 'eventTime', 'type'])
})

test('event reports twice that its reason is immutable', () => {
  const fields = validateUpdate(event, newEvent(), next => Object.assign(next, { reason: 'Other', note: 'n', type: 'Warning' })).fields
  assert.deepEqual(fields, ['reason', 'message', 'reason', 'type'])
})

test('an event of the older form is immutable too', () => {
  const { object } = validateNew(event, newEvent())
  const fields = validateUpdate(event, object, next =>
    Object.assign(next, { deprecatedCount: 2, deprecatedSource: { component: 'c' } }),
  ).fields
  assert.deepEqual(fields, ['source', 'count'])
})

test('event may change only its series', () => {
  const series = { count: 2, lastObservedTime: '2026-01-01T00:00:01.000000Z' }
  assert.deepEqual(validateUpdate(event, newEvent(), next => Object.assign(next, { series })).fields, [])
  assert.deepEqual(validateUpdate(event, newEvent(), next => Object.assign(next, { note: 'Other' })).fields, ['message'])
})

test('event shows a removed related object as nil', () => {
  const { errors } = validateUpdate(event, { ...newEvent(), related: { kind: 'Pod', name: 'p' } }, next => delete next.related)
  assert.deepEqual(errors, ['related: Invalid value: "null": field is immutable'])
})

test('event is validated by the rules of both groups before its metadata, and by its own rules after it', () => {
  const object = { ...newEvent(), action: '', note: 'Other' }
  const faults = event.validateUpdate?.(object, newEvent()) ?? []
  assert.deepEqual(event.validatesMetadata, ['none', 'change'])
  assert.deepEqual(
    faults.map(part => [part].flat().map(({ field }) => field)),
    [['action'], ['message', 'action']],
  )
})
