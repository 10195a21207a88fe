// The source of quota counts: stored objects and their sizes.
import type { StoreView } from '../../api/store-view.ts'

/** Supplied by the server from its store. */
export interface QuotaSource extends StoreView {
  /** The revision that `list` and `count` currently show. */
  readonly revision: number
  /** Whether objects of this resource can exist. */
  serves(groupResource: string): boolean
  count(groupResource: string, namespace: string): number
  /** Bytes of the objects of a namespace, or of its Events (`news`), including decided writes that are not visible yet. */
  storedBytes(namespace: string, kind?: 'objects' | 'news'): number
  /** Calls back with each namespace whose visible content has changed. */
  followStoredBytes(listener: (namespace: string) => void): void
}
