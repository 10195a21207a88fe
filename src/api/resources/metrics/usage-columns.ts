// metrics-server's columns of both its kinds.
import type { KubeObject } from '../../object.ts'
import { addQuantities, formatQuantity, parseQuantity } from '../../quantity/quantity.ts'
import type { ResourceList } from '../../types/core-v1.ts'
import type { Column } from '../resource.ts'

export function usageColumns<T extends KubeObject & { readonly window: string }>(
  usageOf: (object: T) => ResourceList,
): readonly Column<T>[] {
  return [
    { name: 'cpu', type: 'string', format: 'quantity', cell: object => usageOf(object)['cpu'] ?? '' },
    { name: 'memory', type: 'string', format: 'quantity', cell: object => usageOf(object)['memory'] ?? '' },
    { name: 'Window', type: 'string', format: 'duration', cell: ({ window }) => window },
  ]
}

export function totalUsage(usages: readonly ResourceList[]): ResourceList {
  const total: ResourceList = {}
  for (const usage of usages) {
    for (const [name, amount] of Object.entries(usage)) {
      const before = parseQuantity(String(total[name] ?? '0'))
      total[name] = formatQuantity(addQuantities(before, parseQuantity(String(amount))))
    }
  }
  return total
}
