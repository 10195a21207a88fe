// Reads JSON in annotations as Go decodes it into a list of flat structures.
import { isJsonObject } from '../../base/json.ts'
import { parseJsonBytes } from '../schema/decode.ts'

/** A Go structure: its members' names in JSON. */
export interface Shape {
  /** `core.Taint`. */
  readonly go: string
  readonly texts: readonly string[]
  readonly numbers?: readonly string[]
}

export type ReadStructures<T> = { readonly ok: true; readonly items: readonly T[] } | { readonly ok: false; readonly problem: string }

/** `T` has the members of the shape and no other required ones. `null` is the empty structure. */
export function readStructures<T>(text: string, shape: Shape): ReadStructures<T> {
  const parsed = parseJsonBytes(Buffer.from(text))
  if (!parsed.ok) return { ok: false, problem: parsed.message }
  if (parsed.value === null) return { ok: true, items: [] }
  const wrong = (value: unknown, into: string) => ({
    ok: false as const,
    problem: `json: cannot unmarshal ${goKind(value)} into Go ${into}`,
  })
  if (!Array.isArray(parsed.value)) return wrong(parsed.value, `value of type []${shape.go}`)
  const items: T[] = []
  for (const item of parsed.value as readonly unknown[]) {
    if (item !== null && !isJsonObject(item)) return wrong(item, `value of type ${shape.go}`)
    const members = Object.entries(item ?? {}).filter(([, value]) => value !== null)
    for (const [name, value] of members) {
      const type = shape.texts.includes(name) ? 'string' : shape.numbers?.includes(name) === true ? 'number' : undefined
      if (type !== undefined && typeof value !== type) {
        return wrong(value, `struct field ${shape.go.replace(/^.*\./, '')}.${name} of type ${type === 'number' ? 'int64' : 'string'}`)
      }
    }
    items.push(Object.fromEntries(members) as T)
  }
  return { ok: true, items }
}

/** Go's decoder's name of a JSON kind. */
export function goKind(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}
