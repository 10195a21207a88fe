// The types that mutations construct: `Object` and the types below it, such as `Object.spec.template`, with arbitrary fields, and
// `JSONPatch`.
//
// As upstream, type names are not looked up in a schema: a type in a place that does not match its name, or an unknown field, is found when
// the mutation is applied.
import type { Variable } from '../check/declarations.ts'
import { equal } from '../values/equality.ts'
import { fail } from '../values/failure.ts'
import { type CelType, dyn, objectType, string, typeOf } from '../values/type.ts'
import { type CelValue, ObjectValue } from '../values/values.ts'

type Fields = ReadonlyMap<string, CelValue>

/** `Object.spec{replicas: 1}`. */
export class PatchObject extends ObjectValue {
  readonly typeName: string
  readonly fields: Fields

  constructor(typeName: string, fields: Fields) {
    super()
    this.typeName = typeName
    this.fields = fields
  }

  get(name: string): CelValue | undefined {
    return this.fields.get(name)
  }

  equals(other: CelValue): boolean {
    if (!(other instanceof PatchObject) || other.typeName !== this.typeName || other.fields.size !== this.fields.size) return false
    return [...this.fields].every(([name, value]) => {
      const theirs = other.fields.get(name)
      return theirs !== undefined && equal(value, theirs)
    })
  }
}

/** `JSONPatch{op: "add", path: "/spec", value: 1}`. An omitted text is empty. */
export class PatchOperation extends ObjectValue {
  readonly typeName = 'JSONPatch'
  readonly op: string
  readonly path: string
  readonly from: string
  readonly value: CelValue | undefined

  constructor(fields: Fields) {
    super()
    const text = (name: string): string => {
      const value = fields.get(name) ?? ''
      return typeof value === 'string' ? value : fail(`unexpected type for JSONPatchType '${name}' field`)
    }
    this.op = text('op')
    this.path = text('path')
    this.from = text('from')
    this.value = fields.get('value')
  }

  get(name: string): CelValue | undefined {
    return name === 'op' || name === 'path' || name === 'from' || name === 'value' ? this[name] : undefined
  }

  override isSet(name: string): boolean {
    return (this.get(name) ?? '') !== ''
  }

  equals(other: CelValue): boolean {
    if (!(other instanceof PatchOperation) || other.op !== this.op || other.path !== this.path || other.from !== this.from) return false
    if (this.value === undefined || other.value === undefined) return this.value === other.value
    return equal(this.value, other.value)
  }
}

const operationFields: ReadonlyMap<string, CelType> = new Map([
  ['op', string],
  ['path', string],
  ['from', string],
  ['value', dyn],
])

const typeVariable = (type: CelType, construct: (fields: Fields) => CelValue): Variable => ({
  name: type.name,
  type: typeOf(type),
  typeName: type.name,
  construct,
})

/** The required type of an apply configuration. */
export const applyConfigurationType = objectType('Object', () => dyn)
export const jsonPatchType = objectType('JSONPatch', name => operationFields.get(name))

const operationVariable = typeVariable(jsonPatchType, fields => new PatchOperation(fields))

/** The type that a name denotes; undefined for any other name. */
export function patchType(name: string): Variable | undefined {
  if (name === jsonPatchType.name) return operationVariable
  if (name !== 'Object' && !name.startsWith('Object.')) return undefined
  return typeVariable(
    objectType(name, () => dyn),
    fields => new PatchObject(name, fields),
  )
}
