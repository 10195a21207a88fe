// Every field that the schema has below a type, so that tests cover each of them, including future ones.
import { type SchemaType, type StructType, structByKey } from './model.ts'

export interface FieldPath {
  /** `containers[].env[].valueFrom.fieldRef.fieldPath`. */
  readonly path: string
  /** The schema of the value there: never a struct or a list of structs. */
  readonly type: SchemaType
}

/** The leaves below a struct such as `core/v1.PodSpec`, in the order of the schema. */
export function fieldPaths(key: string): FieldPath[] {
  const root = structByKey(key)
  if (root === undefined) throw new Error(`no type ${key} in the schema`)
  return leavesOf(root, '', [])
}

function leavesOf(struct: StructType, prefix: string, above: readonly StructType[]): FieldPath[] {
  if (above.includes(struct)) throw new Error(`${struct.key} contains itself at ${prefix}`)
  return struct.fields.flatMap(({ name, type }) => {
    const path = prefix === '' ? name : `${prefix}.${name}`
    const [inner, suffix] = type.kind === 'list' ? [type.item, '[]'] : [type, '']
    if (inner.kind !== 'struct') return [{ path, type }]
    // The presence of an empty struct has a meaning.
    return inner.fields.length === 0 ? [{ path: `${path}${suffix}`, type: inner }] : leavesOf(inner, `${path}${suffix}`, [...above, struct])
  })
}

/** Sets a value at the path, creating its parents; uses the first item of lists. Modifies `target`. */
export function setField(target: object, path: string, value: unknown): void {
  const names = path.split('.')
  let place = target as Record<string, unknown>
  for (const [index, step] of names.entries()) {
    const isLast = index === names.length - 1
    const name = step.replace('[]', '')
    if (step.endsWith('[]')) {
      const list = (place[name] ?? []) as unknown[]
      place[name] = list
      list[0] = isLast ? value : (list[0] ?? {})
      place = list[0] as Record<string, unknown>
    } else {
      place[name] = isLast ? value : (place[name] ?? {})
      place = place[name] as Record<string, unknown>
    }
  }
}

/** Some JSON value of the type; different for another `seed`. */
export function sampleOf(type: SchemaType, seed: 1 | 2 = 1): unknown {
  switch (type.kind) {
    case 'list':
      return [sampleOf(type.item, seed)]
    case 'map':
      return { key: sampleOf(type.item, seed) }
    case 'struct':
      return {}
    case 'bool':
      return seed === 1
    case 'int32':
    case 'int64':
    case 'uint32':
    case 'float64':
    case 'intOrString':
      return 40 + seed
    case 'quantity':
      return `${40 + seed}`
    case 'time':
    case 'microtime':
      return `2026-01-0${seed}T00:00:00Z`
    default:
      return `sample-${seed}`
  }
}
