// Changes of a stopped cluster's files that its next start must notice.
import { copyFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { deletedOffset, SealedStore, type StoredBlock } from '../../oracles/sealed-store.ts'

/** What the attack finds in the store. */
export interface Prey {
  /** The data directory, which is changed. */
  readonly directory: string
  /** A data directory of the same cluster as it was before the last run. */
  readonly earlier: string
  /** Revisions of one object: created, then updated. Another object was created after it. */
  readonly created: number
  readonly updated: number
  readonly other: number
}

export interface StoreAttack {
  readonly name: string
  /** What `up` must print. */
  readonly names: string
  change(prey: Prey): Promise<void> | void
}

const storeFile = (directory: string): string => join(directory, 'server', 'store.db')
const headFile = (directory: string): string => join(directory, 'signer', 'store-head.json')

/** An attack on the rows of the file. */
const rows =
  (change: (store: SealedStore, prey: Prey) => void) =>
  (prey: Prey): void => {
    using store = new SealedStore(storeFile(prey.directory))
    change(store, prey)
  }

function flipped(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes)
  changed[at] = (changed[at] ?? 0) ^ 1
  return changed
}

/** The middle is neither nonce nor tag. */
const changedText = (block: StoredBlock): StoredBlock => ({ ...block, sealed: flipped(block.sealed, block.sealed.length >> 1) })

export const storeAttacks: readonly StoreAttack[] = [
  {
    name: 'one byte of a record changed',
    names: 'was changed after it was written',
    change: rows((store, { updated }) => {
      const block = store.blockOf(updated)
      store.replace(block.first, changedText(block))
    }),
  },
  {
    name: 'a record marked as a deletion',
    names: 'was changed after it was written',
    change: rows((store, { updated }) => {
      const block = store.blockOf(updated)
      const places = Buffer.from(block.places)
      places.writeDoubleLE(1, deletedOffset)
      store.replace(block.first, { ...block, places })
    }),
  },
  {
    name: 'two records swapped',
    names: 'was swapped with that of revision',
    change: rows((store, { updated, other }) => {
      const [one, two] = [store.blockOf(updated), store.blockOf(other)]
      store.replace(one.first, two)
      store.replace(two.first, one)
    }),
  },
  {
    name: 'an old revision of a record put back in the place of the new one',
    names: 'was changed after it was written',
    change: rows((store, { created, updated }) => {
      const block = store.blockOf(updated)
      store.replace(block.first, { ...block, sealed: store.blockOf(created).sealed })
    }),
  },
  {
    name: 'a record removed',
    names: 'is missing',
    change: rows((store, { updated }) => {
      store.db.prepare('DELETE FROM blocks WHERE first = ?').run(store.blockOf(updated).first)
    }),
  },
  {
    name: 'the newest records cut off',
    names: 'the signer knows revision',
    change: rows((store, { other }) => {
      store.db.prepare('DELETE FROM blocks WHERE first >= ?').run(store.blockOf(other).first)
    }),
  },
  {
    name: 'a record marked as replaced',
    names: 'was marked as replaced',
    change: rows((store, { updated }) => {
      store.db.prepare('INSERT INTO replaced (revision) VALUES (?)').run(updated)
    }),
  },
  {
    name: 'the floor of the history raised, and what is below it removed',
    names: 'sealed summary',
    change: rows((store, { updated }) => {
      store.db.prepare('DELETE FROM blocks WHERE first <= ?').run(updated)
      store.db.prepare('UPDATE compaction SET floor = ?').run(updated)
    }),
  },
  {
    name: 'an object removed by a trigger',
    names: 'does not belong to the store',
    change: rows((store, { updated }) => {
      store.db.exec(`CREATE TRIGGER attack AFTER INSERT ON blocks BEGIN DELETE FROM blocks WHERE first = ${updated}; END`)
    }),
  },
  {
    name: 'the whole store rolled back',
    names: 'the signer knows revision',
    change: async ({ directory, earlier }) => await copyFile(storeFile(earlier), storeFile(directory)),
  },
  {
    name: "the whole store rolled back, and the signer's memory of it removed",
    names: 'store-head.json',
    change: async ({ directory, earlier }) => {
      await copyFile(storeFile(earlier), storeFile(directory))
      await rm(headFile(directory))
    },
  },
]
