// What the quotas of a namespace leave to its repositories in the cluster's registry. The registry counts what is stored.
import { integerValue, parseQuantity, QuantityError } from '../../../api/quantity/quantity.ts'
import type { ResourceQuota } from '../../../api/types/core-v1.ts'
import type { ServedResources } from '../../resource/served-resource.ts'

/** Bytes, as a resource of a ResourceQuota. */
export const storageResource = 'repositories.supply.bulkhead.dev/storage'

/** The smallest of all quotas; undefined if none names it. */
export function smallestStorage(quotas: readonly Pick<ResourceQuota, 'spec'>[]): number | undefined {
  const found = quotas.flatMap(({ spec }) => {
    const text = spec?.hard?.[storageResource]
    return text === undefined ? [] : [bytesOf(String(text))]
  })
  return found.length === 0 ? undefined : Math.min(...found)
}

/** A quantity that cannot be read allows nothing; validation refuses it before it is stored. */
function bytesOf(text: string): number {
  try {
    return Math.max(0, Number(integerValue(parseQuantity(text))))
  } catch (err) {
    if (err instanceof QuantityError) return 0
    throw err
  }
}

export function storageQuota(resources: Pick<ServedResources, 'byGroupResource'>, namespace: string): number | undefined {
  const { entries = [] } = resources.byGroupResource('resourcequotas')?.collection.list({ namespace }) ?? {}
  return smallestStorage(entries.map(({ objectOnce }) => objectOnce as ResourceQuota))
}
