// Reads a log of format 1, in which each record had its own row and seal, and rewrites it in blocks.
import type { KeyObject } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { joinPacked, type PackedRecords, packPlain } from '../records/record.ts'
import { openSealed, RecordDamaged } from '../records/seal.ts'
import type { DataKeys } from './data-keys.ts'

interface Row {
  readonly revision: number
  readonly previous: number
  readonly deleted: number
  readonly data_key: number
  readonly sealed: Uint8Array
}

/**
 * Passes on all records in revision order, in blocks of about `blockBytes`, and drops the table. Must be called within a transaction.
 * Throws `RecordDamaged`.
 */
export function upgradeFromFormat1(db: DatabaseSync, keys: DataKeys, blockBytes: number, write: (block: PackedRecords) => void): void {
  let block: PackedRecords[] = []
  let bytes = 0
  const handOver = () => {
    if (block.length > 0) write(joinPacked(block))
    block = []
    bytes = 0
  }
  for (const found of db.prepare('SELECT revision, previous, deleted, data_key, sealed FROM log ORDER BY revision').iterate()) {
    const row = found as unknown as Row
    const record = openRow(keys.get(row.data_key, row.revision), row)
    if (bytes + record.data.byteLength > blockBytes) handOver()
    block.push(record)
    bytes += record.data.byteLength
  }
  handOver()
  db.exec('DROP TABLE log')
}

function openRow(dataKey: KeyObject, { revision, previous, deleted, sealed }: Row): PackedRecords {
  const place = Buffer.alloc(17)
  place.writeBigUInt64LE(BigInt(revision), 0)
  place.writeBigUInt64LE(BigInt(previous), 8)
  place.writeUInt8(deleted, 16)
  const plain = openSealed(dataKey, place, sealed)
  if (plain === undefined) throw new RecordDamaged(`The stored record at revision ${revision} was changed after it was written`)
  return packPlain({ revision, previous, deleted: deleted !== 0 }, plain)
}
