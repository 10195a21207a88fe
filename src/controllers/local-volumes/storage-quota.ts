// What claims and snapshots of a namespace together leave of its quotas: both take room on disks.
import { integerValue, parseQuantity } from '../../api/quantity/quantity.ts'
import type { ResourceQuota } from '../../api/types/core-v1.ts'

/** Why something of this size does not fit beside the bytes of the others; undefined if it does. `others` is called if a quota limits storage. */
export function whyAboveQuota(
  quotas: Iterable<ResourceQuota>,
  bytes: number,
  others: () => number,
  what: 'claim' | 'snapshot',
): string | undefined {
  let used: number | undefined
  for (const { metadata, spec } of quotas) {
    const hard = spec?.hard?.['requests.storage']
    if (hard === undefined) continue
    used ??= others()
    const left = Number(integerValue(parseQuantity(hard))) - used
    if (bytes > left)
      return `exceeded quota: ${metadata.name} of namespace "${metadata.namespace}" limits requests.storage to ${hard}, of which other claims and snapshots leave ${Math.max(0, left)} bytes, and the ${what} needs ${bytes}`
  }
  return undefined
}
