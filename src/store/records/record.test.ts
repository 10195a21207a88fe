import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { forEachRecord, joinPacked, type PackedRecords, type PlainRecord, pack, recordPlaces, splitPacked } from './record.ts'

/** Names of custom metrics, ClusterRoles and fields may contain nearly anything, such as quotes, escapes and separators of the header. */
const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.stringMatching(/^["\\\\,:{}[\]a-zé]*$/), fc.constant(''))
const map = fc.option(fc.dictionary(text, text, { minKeys: 1, maxKeys: 4, noNullPrototype: true }), { nil: undefined })
const plain = { noNullPrototype: true }
const header = fc.record(
  {
    groupResource: fc.constantFrom('pods', 'deployments.apps'),
    ...{ namespace: text, name: text, at: fc.nat(), fieldsVersion: fc.nat(9), labels: map, extraFields: map },
  },
  plain,
)
const bytes = fc.uint8Array().map(content => Buffer.from(content))
const record = fc.record({ revision: fc.nat(), previous: fc.nat(), deleted: fc.boolean(), header, bytes }, plain)

test('forEachRecord() returns what pack() got', () => {
  fc.assert(
    fc.property(fc.array(record), records => {
      const read: PlainRecord[] = []
      forEachRecord(pack(records), one => read.push(one))
      assert.deepEqual(read, records)
    }),
    { numRuns: 500 },
  )
})

function readAll(packed: PackedRecords): PlainRecord[] {
  const read: PlainRecord[] = []
  forEachRecord(packed, one => read.push(one))
  return read
}

test('splitPacked and joinPacked keep all records, and joinPacked() leaves out the given revisions', () => {
  fc.assert(
    fc.property(
      fc.array(record, { minLength: 1 }),
      fc.integer({ min: 1, max: 500 }),
      fc.integer({ min: 1, max: 3 }),
      (records, maxBytes, every) => {
        const pieces = [...splitPacked(pack(records), maxBytes)]
        assert.deepEqual(pieces.flatMap(readAll), records)
        // Each piece ends with the record that makes it large enough.
        for (const { keys } of pieces) {
          const lengths = [...recordPlaces(keys)].map(({ length }) => length)
          assert.ok(lengths.length === 1 || lengths.slice(0, -1).reduce((sum, length) => sum + length, 0) < maxBytes, lengths.join())
        }
        assert.deepEqual(readAll(joinPacked(pieces)), records)
        const isLeftOut = (revision: number) => revision % every === 0
        assert.deepEqual(
          readAll(joinPacked(pieces, isLeftOut)),
          records.filter(({ revision }) => !isLeftOut(revision)),
        )
      },
    ),
    { numRuns: 300 },
  )
})

test('objects with the same labels share them when they are read', () => {
  const common = { groupResource: 'pods', namespace: 'n', at: 1, fieldsVersion: 1, extraFields: undefined }
  const of = (name: string, app: string): PlainRecord => ({
    ...{ revision: 1, previous: 0, deleted: false, bytes: Buffer.from('{}') },
    header: { ...common, name, labels: { app } },
  })
  const labels: unknown[] = []
  forEachRecord(pack([of('a', 'x'), of('b', 'x'), of('c', 'y')]), read => labels.push(read.header.labels))
  assert.equal(labels[0], labels[1])
  assert.deepEqual(labels, [{ app: 'x' }, { app: 'x' }, { app: 'y' }])
})

test('a record is read correctly after one whose key equals its text', () => {
  const common = { groupResource: 'pods', namespace: 'n', at: 1, fieldsVersion: 1, extraFields: undefined }
  const of = (key: string): PlainRecord => ({
    ...{ revision: 1, previous: 0, deleted: false, bytes: Buffer.from('{}') },
    header: { ...common, name: 'a', labels: { first: '', [key]: '' } },
  })
  const keys: string[] = []
  forEachRecord(pack([of('a\\'), of('a"')]), ({ header }) => keys.push(...Object.keys(header.labels ?? {})))
  assert.deepEqual(keys, ['first', 'a\\', 'first', 'a"'])
})
