// The quota usage of an object of any other resource: one.
import { parseQuantity } from '../../api/quantity/quantity.ts'
import type { ReadonlyAmounts } from '../../api/quantity/resource-amounts.ts'
import { countName, type Evaluator } from './evaluator.ts'

/** Resources that quotas could count before they could count all. */
const olderNames: ReadonlySet<string> = new Set(['configmaps', 'resourcequotas', 'replicationcontrollers', 'secrets'])

export function objectCount(groupResource: string): Evaluator {
  const names = [countName(groupResource), ...(olderNames.has(groupResource) ? [groupResource] : [])]
  const usage: ReadonlyAmounts = new Map(names.map(name => [name, parseQuantity('1')]))
  return {
    groupResource,
    measures: 'count',
    handles: ({ subresource, operation }) => subresource === '' && operation === 'CREATE',
    covers: name => usage.has(name),
    usage: () => usage,
    inScope: () => false,
  }
}
