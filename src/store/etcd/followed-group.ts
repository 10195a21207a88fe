// Reads one transaction of etcd as a group of writes, and checks that it is complete and follows the one before.
import type { FollowedChange } from '../followed-change.ts'
import type { PlainRecord } from '../records/record.ts'
import { RecordDamaged } from '../records/seal.ts'
import type { EtcdHead, Gone } from './etcd-head.ts'
import type { KeyNames } from './key-names.ts'
import { type StoreChain, sameState } from './store-chain.ts'

/** A stored version, its place in etcd and the tag of its value. */
export interface FollowedRecord {
  readonly place: string
  readonly tag: Uint8Array
  readonly record: PlainRecord
}

/** What a deletion adds to the link. */
export const goneTag = ({ revision, previous }: Pick<Gone, 'revision' | 'previous'>, place: string): Buffer =>
  Buffer.from(`gone ${revision} ${previous} ${place}`)

/** Applies the group to the chain; throws `RecordDamaged` if it is not what the head says, and then leaves the chain in an undefined state. */
export function groupOf(
  head: EtcdHead,
  records: readonly FollowedRecord[],
  names: KeyNames,
  chain: StoreChain,
  after: number,
): FollowedChange[] {
  const deletions = head.gone.map(gone => ({ gone, place: names.object(gone.groupResource, gone.namespace, gone.name) }))
  const changes = [
    ...records.map(({ place, tag, record }) => ({ place, tag, change: { ...record, at: head.at } satisfies FollowedChange })),
    ...deletions.map(({ gone, place }) => ({ place, tag: goneTag(gone, place), change: deletionOf(gone, head.at) })),
  ].sort((one, other) => one.change.revision - other.change.revision)
  let revision = after
  for (const { place, tag, change } of changes) {
    if (change.revision !== ++revision) throw incomplete(`revision ${revision} is missing`)
    if (change.previous > 0) chain.remove(place, change.previous)
    if (!change.deleted) chain.add(place, change.revision)
    chain.follow(tag)
  }
  if (revision !== head.revision && changes.length > 0) throw incomplete(`revision ${revision + 1} is missing`)
  if (!sameState(chain.state, head.chain)) throw incomplete(`revision ${head.revision} does not follow revision ${after}`)
  return changes.map(({ change }) => change)
}

function deletionOf(gone: Gone, at: number): FollowedChange {
  const { revision, previous, groupResource, namespace, name } = gone
  const header = { groupResource, namespace, name, at, fieldsVersion: 0, labels: undefined, extraFields: undefined }
  return { revision, previous, deleted: true, header, bytes: Buffer.alloc(0), at }
}

const incomplete = (what: string): RecordDamaged =>
  new RecordDamaged(
    `etcd delivered an incomplete history: ${what}`,
    'The server reads everything again; if this repeats, restore etcd from a snapshot',
  )
