// Types of the built-in kinds, from the generated schema: the fields that expressions over pods or deployments may use.
import type { SchemaType, StructType } from '../../schema/model.ts'
import { bool, bytes, type CelType, double, dyn, int, list, map, objectType, string, timestamp } from '../values/type.ts'
import { escapeFieldName } from './field-names.ts'

const scalars: Readonly<Record<Exclude<SchemaType['kind'], 'list' | 'map' | 'struct'>, CelType>> = {
  string,
  bool,
  int32: int,
  int64: int,
  uint32: int,
  float64: double,
  bytes,
  time: timestamp,
  microtime: timestamp,
  quantity: string,
  intOrString: dyn,
  raw: dyn,
  schemaOrBool: dyn,
  schemaOrArray: dyn,
  schemaOrStrings: dyn,
}

const known = new Map<string, CelType>()

/** The type of a schema's value. Struct types are created once and look up fields lazily: some contain themselves. */
export function builtInType(type: SchemaType): CelType {
  switch (type.kind) {
    case 'list':
      return list(builtInType(type.item))
    case 'map':
      return map(string, builtInType(type.item))
    case 'struct': {
      const found = known.get(type.key) ?? typeOfStruct(type)
      known.set(type.key, found)
      return found
    }
    default:
      return scalars[type.kind]
  }
}

function typeOfStruct(struct: StructType): CelType {
  let fields: Map<string, CelType> | undefined
  return objectType(struct.key, name => {
    fields ??= new Map(struct.fields.map(field => [escapeFieldName(field.name) ?? field.name, builtInType(field.type)]))
    return fields.get(name)
  })
}
