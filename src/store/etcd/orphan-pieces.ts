// Removes pieces of large objects whose write was never committed.
import type { EtcdClient } from './etcd-client.ts'
import { type KeyNames, rangeEnd } from './key-names.ts'
import type { RangeResponse } from './messages.ts'

const pageKeys = 1_000

/** `cut` holds where the pieces of each large object are. Only for a server that is alone: others may be writing pieces. */
export async function removeOrphans(client: EtcdClient, names: KeyNames, cut: ReadonlyMap<string, string>): Promise<number> {
  const wanted = new Set(cut.values())
  const end = rangeEnd(names.pieces)
  let key = Buffer.from(names.pieces)
  let removed = 0
  for (let more = true; more; ) {
    const page = await client.persist<RangeResponse>('Range', { key, rangeEnd: end, limit: pageKeys, keysOnly: true })
    for (const kv of page.kvs) {
      const place = kv.key.toString()
      if (wanted.has(place.slice(0, place.lastIndexOf('/') + 1))) continue
      await client.persist('Txn', { success: [{ requestDeleteRange: { key: kv.key } }] })
      removed++
    }
    more = page.more
    key = Buffer.concat([page.kvs.at(-1)?.key ?? end, Buffer.of(0)])
  }
  return removed
}
