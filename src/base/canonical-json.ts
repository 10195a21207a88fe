/** JSON in which the order of fields and of sets does not count, so that equal values have equal digests. */
import { writeJson } from './write-json.ts'
export function canonicalJson(value: unknown): string {
  return writeJson(value, (_key, member: unknown) => {
    if (member instanceof Set) return [...member].toSorted()
    if (member instanceof Map) return ordered(Object.fromEntries(member))
    return typeof member === 'object' && member !== null && !Array.isArray(member) ? ordered(member) : member
  })
}

const ordered = (object: object): object => Object.fromEntries(Object.entries(object).toSorted(([a], [b]) => (a < b ? -1 : 1)))
