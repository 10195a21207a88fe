// Whether two decoded values are semantically equal to Kubernetes, even if they are written differently.
import { isEmptyRecord } from '../../base/data/large-record.ts'
import { compareQuantities, parseQuantity, QuantityError } from '../quantity/quantity.ts'

/** Members that contain amounts by resource name, in any structure. */
const amountLists: ReadonlySet<string> = new Set([
  'allocatable',
  'allocatedResources',
  'capacity',
  'hard',
  'limits',
  'overhead',
  'requests',
  'used',
])
/** Members that contain one amount. */
const amounts: ReadonlySet<string> = new Set(['divisor', 'sizeLimit'])

/**
 * Absent, null and an empty list are equal, and amounts are compared as amounts. An empty structure differs from a missing one; decoding
 * has dropped empty maps.
 */
export function semanticallyEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (isNothing(a)) return isNothing(b)
  if (isNothing(b) || typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && sameItems(a, b, semanticallyEqual)
  return sameMembers(a as Members, b as Members, sameMember)
}

/** An empty list or map is stored as none. */
export function dropEmptyMember<T extends object>(object: T, name: keyof T): void {
  const value: unknown = object[name]
  if (typeof value === 'object' && value !== null && isEmptyRecord(value)) delete object[name]
}

type Members = Readonly<Record<string, unknown>>

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0)
}

function sameItems(a: readonly unknown[], b: readonly unknown[], same: (a: unknown, b: unknown) => boolean): boolean {
  return a.length === b.length && a.every((item, index) => same(item, b[index]))
}

function sameMembers(a: Members, b: Members, same: (name: string, a: unknown, b: unknown) => boolean): boolean {
  for (const name of Object.keys(a)) if (!same(name, a[name], b[name])) return false
  for (const name of Object.keys(b)) if (a[name] === undefined && !isNothing(b[name])) return false
  return true
}

function sameMember(name: string, a: unknown, b: unknown): boolean {
  if (semanticallyEqual(a, b)) return true
  if (amounts.has(name)) return sameAmount(name, a, b)
  if (!amountLists.has(name) || typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  return sameMembers(a as Members, b as Members, sameAmount)
}

function sameAmount(_name: string, a: unknown, b: unknown): boolean {
  if (typeof a !== 'string' || typeof b !== 'string') return false
  try {
    return compareQuantities(parseQuantity(a), parseQuantity(b)) === 0
  } catch (err) {
    // A label or an option of the same name.
    if (err instanceof QuantityError) return false
    throw err
  }
}
