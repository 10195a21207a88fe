// What admission fills is nobody's: who sent it empty must not take it away again by applying the same once more.
import type { ObjectMeta } from '../api/object.ts'

type FieldSet = Readonly<Record<string, unknown>>

/** `path` as `fieldsV1` names it: `f:spec`, `k:{"name":"c"}`. Only a field that was managed as an empty whole is released. */
export function releaseField(metadata: ObjectMeta, path: readonly string[]): void {
  const { managedFields } = metadata
  if (managedFields === undefined) return
  // Sets are shared between objects of one form: none is changed in place.
  metadata.managedFields = managedFields.map(entry => {
    const fieldsV1 = without(entry.fieldsV1, path)
    return fieldsV1 === entry.fieldsV1 ? entry : { ...entry, fieldsV1 }
  })
}

function without(set: unknown, [head = '', ...rest]: readonly string[]): unknown {
  if (!isSet(set)) return set
  const child = set[head]
  if (!isSet(child)) return set
  if (rest.length > 0) {
    const left = without(child, rest)
    return left === child ? set : { ...set, [head]: left }
  }
  if (Object.keys(child).length > 0) return set
  const { [head]: _released, ...others } = set
  return others
}

function isSet(value: unknown): value is FieldSet {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
