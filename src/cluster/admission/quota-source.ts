// The store as the source of quotas.
import type { QuotaSource } from '../../admission/quota/quota-source.ts'
import type { StoreView } from '../../api/store-view.ts'
import type { Store } from '../../store/store.ts'

/** `serves` decides which resources exist. */
export function quotaSource(store: Store, view: StoreView, serves: (groupResource: string) => boolean): QuotaSource {
  return {
    ...view,
    get revision() {
      return store.revision
    },
    serves,
    count(groupResource, namespace) {
      // No collection is opened for a resource that a quota names but nothing serves.
      if (!serves(groupResource)) return 0
      const { entries, remaining = 0 } = store.collection({ groupResource }).list({ namespace, limit: 1 })
      return entries.length + remaining
    },
    storedBytes: (namespace, kind) => store.contents.of(namespace, kind),
    followStoredBytes: listener => store.contents.onChange(listener),
  }
}
