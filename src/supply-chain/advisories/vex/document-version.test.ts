import assert from 'node:assert/strict'
import { test } from 'node:test'
import { documentVersion, newestVersions } from './document-version.ts'

test('documentVersion() reads OpenVEX and CycloneDX, and nothing of what has no identifier', () => {
  const rows: readonly (readonly [document: unknown, version: unknown])[] = [
    [
      { '@id': 'a', version: 2, timestamp: '2026-01-01T00:00:00Z', last_updated: '2026-02-01T00:00:00Z' },
      { id: 'a', number: 2, time: Date.parse('2026-02-01T00:00:00Z') },
    ],
    [
      { '@id': 'a', version: '3' },
      { id: 'a', number: 3, time: 0 },
    ],
    [
      { serialNumber: 'urn:uuid:1', version: 1, metadata: { timestamp: '2026-01-01T00:00:00Z' } },
      { id: 'urn:uuid:1', number: 1, time: Date.parse('2026-01-01T00:00:00Z') },
    ],
    [
      { '@id': 'a', version: 'many', timestamp: 'yesterday' },
      { id: 'a', number: 0, time: 0 },
    ],
    [{ '@id': '', version: 2 }, undefined],
    [{ version: 2 }, undefined],
    ['a', undefined],
  ]
  for (const [document, version] of rows) assert.deepEqual(documentVersion(document), version)
})

test('newestVersions() leaves out what has a newer version, by number and then by time', () => {
  const old = { '@id': 'a', version: 1, timestamp: '2026-03-01T00:00:00Z' }
  const newer = { '@id': 'a', version: 2, timestamp: '2026-01-01T00:00:00Z' }
  const latest = { '@id': 'a', version: 2, timestamp: '2026-02-01T00:00:00Z' }
  const other = { '@id': 'b', version: 1 }
  const unnamed = { version: 1 }
  assert.deepEqual(newestVersions([old, unnamed, latest, other, newer]), [unnamed, latest, other])
  assert.deepEqual(newestVersions([old, { ...old, statements: [] }]), [old, { ...old, statements: [] }])
})
