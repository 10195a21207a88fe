// Sabotage of quotas of storage when claims grow.
import type { Sabotage } from './sabotage.ts'

const claims = 'src/admission/quota/persistent-volume-claims.ts'

const sabotage = (name: string, from: string, to: string): Sabotage => ({
  name,
  file: claims,
  from,
  to,
  proof: 'C7',
})

export const c7: readonly Sabotage[] = [
  sabotage(
    'an allocation of a driver is not counted',
    "return subresource === 'status' && operation === 'UPDATE' && allocated(object) !== allocated(oldObject)",
    'void [allocated(object), oldObject]\n    return false',
  ),
  sabotage(
    'the larger allocation does not count',
    'compareQuantities(parseQuantity(given), wanted) > 0 ?',
    'compareQuantities(parseQuantity(given), wanted) < 0 ?',
  ),
]
