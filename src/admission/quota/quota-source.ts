// What quotas are counted from: the objects of the store and their sizes.
import type { StoreView } from '../../api/store-view.ts'

/** Supplied by the server from its store. */
export interface QuotaSource extends StoreView {
  /** The revision that `list` and `count` show now. */
  readonly revision: number
  /** Whether objects of this resource can exist. */
  serves(groupResource: string): boolean
  count(groupResource: string, namespace: string): number
  /** What the objects of a namespace take, or its Events (`news`): with what is decided and not visible yet. */
  storedBytes(namespace: string, kind?: 'objects' | 'news'): number
  /** Calls back with each namespace of which something else is visible now. */
  followStoredBytes(listener: (namespace: string) => void): void
}
