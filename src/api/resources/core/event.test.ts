import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Event } from '../../types/core-v1.ts'
import { event } from './event.ts'
import { row, validateNew } from './new-object.fixture.ts'

const of = (fields: Partial<Event>): Event => ({
  metadata: { name: 'a', namespace: 'b' },
  involvedObject: { kind: 'Pod', name: 'p', namespace: 'b' },
  reportingComponent: '',
  reportingInstance: '',
  ...fields,
})
const reported = {
  eventTime: '2025-12-31T23:59:00.000000Z',
  reportingComponent: 'x.io/c',
  reportingInstance: 'i',
  action: 'Do',
  reason: 'R',
}

describe('Event', () => {
  const rows: readonly (readonly [name: string, event: Event, fields: readonly string[]])[] = [
    ['is in the namespace of its object', of({}), []],
    ['is nowhere else', of({ involvedObject: { namespace: 'c' } }), ['involvedObject.namespace']],
    ['of a cluster-scoped object is in default', of({ involvedObject: {} }), ['involvedObject.namespace']],
    [
      'with a time says who reports what',
      of({ eventTime: reported.eventTime }),
      ['reportingComponent', 'reportingComponent', 'reportingComponent', 'reportingInstance', 'action', 'reason'],
    ],
    ['with all of it is fine', of(reported), []],
    ['is short in bytes', of({ ...reported, message: 'ä'.repeat(600), reason: 'ä'.repeat(64) }), ['message']],
    ['is short', of({ ...reported, message: 'x'.repeat(1025), action: 'x'.repeat(129) }), ['action', 'message']],
  ]
  for (const [name, object, fields] of rows) test(name, () => assert.deepEqual(validateNew(event, object).fields, fields))

  test('shows when it was last seen, and counts at least one', () => {
    const single = row(event, of({ ...reported, message: ' hi ' }))
    assert.deepEqual(
      [single['Last Seen'], single['Count'], single['Object'], single['Source'], single['Message']],
      ['60s', 1, 'pod/p', 'x.io/c, i', 'hi'],
    )
    const series = row(
      event,
      of({ series: { count: 7, lastObservedTime: '2025-12-31T23:59:50.000000Z' }, firstTimestamp: '2025-12-31T23:50:00Z' }),
    )
    assert.deepEqual([series['Last Seen'], series['First Seen'], series['Count']], ['10s', '10m', 7])
  })

  test('can be selected by its regarding object', () => {
    const fields = event.fieldSelectors?.values?.(of({ source: { component: 'kubelet' }, type: 'Warning' }))
    assert.equal(fields?.['involvedObject.name'], 'p')
    assert.equal(fields?.['source'], 'kubelet')
    assert.equal(fields?.['type'], 'Warning')
  })
})
