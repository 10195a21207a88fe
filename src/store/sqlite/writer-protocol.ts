// Messages between the main thread and the writer thread.

import type { PackedRecords } from '../records/record.ts'
import type { ExpectedLog, StoreHead } from '../records/store-head.ts'
import type { TakenCount } from './handover.ts'
import type { LogDatabaseOptions } from './log-database.ts'

/** The start parameters of the thread. */
export interface WriterData extends LogDatabaseOptions {
  readonly taken: TakenCount
}

export interface FreshKey {
  readonly key: Uint8Array
  readonly wrapped: Uint8Array
  readonly keyEncryptionKey: string
}

export interface WrappedKey {
  readonly id: number
  readonly wrapped: Uint8Array
}

export interface UnwrappedKey {
  readonly id: number
  readonly key: Uint8Array
}

/** To the writer. It answers `load` with `records`… and `loaded`, `append` with `appended` or `failed`, each in order. */
export type WriterRequest =
  | { readonly kind: 'load'; readonly keys: readonly UnwrappedKey[]; readonly fresh: FreshKey; readonly expected: ExpectedLog }
  | { readonly kind: 'append'; readonly records: PackedRecords }
  | { readonly kind: 'rotate'; readonly fresh: FreshKey }
  | { readonly kind: 'compact'; readonly floor: number }
  | { readonly kind: 'close' }

/** From the writer. It begins with `opened` or `failed`. */
export type WriterReply =
  | { readonly kind: 'opened'; readonly wrappedKeys: readonly WrappedKey[]; readonly floor: number }
  | { readonly kind: 'records'; readonly records: PackedRecords }
  /** `restored`: it was accepted although it lacks the expected head. */
  | { readonly kind: 'loaded'; readonly head: StoreHead; readonly restored: boolean }
  | { readonly kind: 'appended'; readonly head: StoreHead }
  | { readonly kind: 'compacted'; readonly floor: number }
  | { readonly kind: 'rotated'; readonly done: boolean }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'closed' }

export interface Failure {
  readonly message: string
  /** SQLite's extended result code, if SQLite failed. */
  readonly code: number | undefined
  /** Nothing of the group is stored and the log is intact: a later write may succeed. */
  readonly retriable: boolean
}
