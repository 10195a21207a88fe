import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isTimeZone } from './time-zone.ts'
import { timeZoneLinks } from './time-zone-links.ts'

test('isTimeZone() accepts every listed name and every link', () => {
  assert.deepEqual(
    [...Intl.supportedValuesOf('timeZone'), ...timeZoneLinks].filter(name => !isTimeZone(name)),
    [],
  )
  assert.ok(isTimeZone('Asia/Calcutta') && isTimeZone('Asia/Kolkata') && isTimeZone('UTC') && isTimeZone('Etc/GMT+1'))
})

const none = {
  'in other letters': ['europe/berlin', 'us/eastern', 'US/EASTERN', 'utc', 'Etc/utc'],
  "of the runtime's own": ['PST', 'JST', 'BST', 'SystemV/PST8', 'US/Pacific-New'],
  'that are no names': ['', 'Local', '+02:00', 'UTC+1', 'Mars/Olympus', 'constructor'],
}
for (const [name, zones] of Object.entries(none)) {
  test(`isTimeZone() rejects names ${name}`, () => assert.deepEqual(zones.filter(isTimeZone), []))
}
