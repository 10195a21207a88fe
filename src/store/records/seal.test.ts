import assert from 'node:assert/strict'
import { createSecretKey, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { forEachRecord, type PlainRecord, pack } from './record.ts'
import { openBlock, RecordDamaged, type SealedBlock, sealBlock } from './seal.ts'

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

const link = randomBytes(32)

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const changed = Buffer.from(bytes)
  changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
  return changed
}

test('a block opens only complete, in its own place and with its own key', () => {
  const block = sealBlock(key, 0, pack(records), link)
  const read: PlainRecord[] = []
  forEachRecord(openBlock(key, block), record => read.push(record))
  assert.deepEqual(read, records)
  assert.equal(Buffer.from(block.sealed).includes('secrets'), false)

  const refused = (other: SealedBlock, message: RegExp, by = key) =>
    assert.throws(
      () => openBlock(by, other),
      (err: unknown) => err instanceof RecordDamaged && message.test(err.message),
    )
  const changed = /^The stored block at revision 2 was changed after it was written\. Restore the data directory from a backup$/
  refused({ ...block, first: 3 }, /at revision 3 was swapped with that of revision 2/)
  refused(block, changed, createSecretKey(randomBytes(32)))
  for (let i = 0; i < block.sealed.length; i++) {
    refused({ ...block, sealed: flipped(block.sealed, i) }, changed)
    refused({ ...block, sealed: block.sealed.subarray(0, i) }, i < 28 ? /is cut short/ : changed)
  }
  refused({ ...block, link: randomBytes(32) }, changed)
  refused({ ...block, link: new Uint8Array() }, changed)
  for (let i = 0; i < block.places.length; i++) {
    refused({ ...block, places: flipped(block.places, i) }, changed)
    refused({ ...block, places: block.places.subarray(0, i) }, changed)
  }
})

test('no two seals of a key have the same nonce', () => {
  const nonces = [0, 1, 255, 256, 2 ** 32, 2 ** 40].map(seals =>
    Buffer.from(sealBlock(key, seals, pack(records), link).sealed)
      .subarray(0, 12)
      .toString('hex'),
  )
  assert.equal(new Set(nonces).size, nonces.length)
})
