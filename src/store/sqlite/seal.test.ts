import assert from 'node:assert/strict'
import { createSecretKey, randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { forEachPacked, type PlainRecord, pack, readRecord } from './record.ts'
import { openRecord, RecordDamaged, sealRecord } from './seal.ts'

const key = createSecretKey(randomBytes(32))
const header = { groupResource: 'secrets', namespace: 'ns', name: 'ü', at: 5, fieldsVersion: 0, labels: { a: 'b' }, extraFields: undefined }
const records: readonly PlainRecord[] = [
  { revision: 2, previous: 0, deleted: false, header, bytes: Buffer.from('{"a":"😀"}') },
  {
    revision: 2 ** 40,
    previous: 2,
    deleted: true,
    header: { ...header, namespace: '', labels: undefined, extraFields: { x: '' } },
    bytes: Buffer.alloc(0),
  },
]

describe('pack()', () => {
  it('gives back what was packed', () => {
    const read: PlainRecord[] = []
    forEachPacked(pack(records), (place, plain) => read.push(readRecord(place, plain)))
    assert.deepEqual(read, records)
  })
})

describe('sealRecord()', () => {
  it('opens in its own place only, under its own key only, and whole only', () => {
    const place = { revision: 7, previous: 3, deleted: false }
    const plain = Buffer.from(pack(records.slice(0, 1)).data)
    const sealed = sealRecord(key, 0, place, plain)
    assert.deepEqual(openRecord(key, place, sealed), plain)
    assert.equal(sealed.includes(plain.subarray(0, 16)), false)
    for (const other of [
      { ...place, revision: 8 },
      { ...place, previous: 4 },
      { ...place, deleted: true },
    ]) {
      assert.throws(() => openRecord(key, other, sealed), RecordDamaged)
    }
    assert.throws(() => openRecord(createSecretKey(randomBytes(32)), place, sealed), RecordDamaged)
    for (let i = 0; i < sealed.length; i++) {
      const changed = Buffer.from(sealed)
      changed.writeUInt8(changed.readUInt8(i) ^ 1, i)
      assert.throws(() => openRecord(key, place, changed), RecordDamaged)
      assert.throws(() => openRecord(key, place, sealed.subarray(0, i)), RecordDamaged)
    }
  })

  it('never uses a nonce twice: one for each revision and epoch', () => {
    const nonces = new Set<string>()
    for (let epoch = 0; epoch < 3; epoch++) {
      for (let revision = 1; revision < 4; revision++) {
        nonces.add(sealRecord(key, epoch, { revision, previous: 0, deleted: false }, Buffer.alloc(1)).toString('hex', 0, 12))
      }
    }
    assert.equal(nonces.size, 9)
  })
})
