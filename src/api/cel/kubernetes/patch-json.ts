// Converts the results of mutations to JSON: the configuration to apply, or the operations of a JSON patch.
import { formatDuration, formatTimestamp } from '../values/time.ts'
import { CelMap, type CelValue, Double, Duration, isList, isPlainObject, Optional, Timestamp, typeNameOf, Uint } from '../values/values.ts'
import { PatchObject, PatchOperation } from './patch-types.ts'

/** A value that cannot become a patch. */
export class PatchValueError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'PatchValueError'
  }
}

/**
 * Limit of a patch's JSON in characters and values, about that of a request. Nested lists that repeat one value cost next to nothing to
 * evaluate.
 */
export const maxPatchSize = 3 * 1024 * 1024

/** The configuration from an expression of type `Object`. Throws a PatchValueError. */
export function configurationOf(value: CelValue): Record<string, unknown> {
  if (!(value instanceof PatchObject))
    throw new PatchValueError(`unsupported return type from ApplyConfiguration expression: ${typeNameOf(value)}`)
  return new Conversion().object(value)
}

/** The operations from an expression of type `list(JSONPatch)`. Throws a PatchValueError. */
export function operationsOf(value: CelValue): Record<string, unknown>[] {
  if (!isList(value)) throw new PatchValueError('type mismatch: JSONPatchType.expression should evaluate to array')
  const conversion = new Conversion()
  return value.map(item => {
    if (!(item instanceof PatchOperation)) {
      throw new PatchValueError(
        `type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch, got element of ${typeNameOf(item)}`,
      )
    }
    const { op, path, from, value: given } = item
    conversion.count(op.length + path.length + from.length)
    return {
      ...{ op, path },
      ...(from === '' ? {} : { from }),
      ...(given === undefined ? {} : { value: given instanceof PatchObject ? conversion.object(given) : conversion.json(given, '') }),
    }
  })
}

class Conversion {
  #left = maxPatchSize

  count(size: number): void {
    this.#left -= 1 + size
    if (this.#left < 0) throw new PatchValueError(`the patch is larger than ${maxPatchSize}`)
  }

  /** Checks an object by its own type's name: fields of `Object.spec` have types `Object.spec.field`. */
  object(value: PatchObject): Record<string, unknown> {
    const mismatches: string[] = []
    const result = this.#fields(value, value.typeName, mismatches)
    if (mismatches.length > 0) throw new PatchValueError(`type mismatch: ${mismatches.join('\n')}`)
    return result
  }

  json(value: CelValue, way: string, mismatches: string[] = []): unknown {
    if (value instanceof PatchObject) return this.#fields(value, way === '' ? value.typeName : way, mismatches)
    if (value instanceof Optional && value.value !== undefined) return this.json(value.value, way, mismatches)
    this.count(typeof value === 'string' ? value.length : 0)
    if (isList(value)) return value.map(item => this.json(item, way, mismatches))
    if (value instanceof CelMap)
      return Object.fromEntries([...value.entries.values()].map(([key, item]) => [this.#key(key), this.json(item, way, mismatches)]))
    if (isPlainObject(value))
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.#key(key), this.json(item, way, mismatches)]))
    return scalar(value)
  }

  /** Collects types in places that do not match their names: upstream reports all of them. */
  #fields(value: PatchObject, way: string, mismatches: string[]): Record<string, unknown> {
    if (value.typeName !== way) {
      mismatches.push(`unexpected type name "${value.typeName}", expected "${way}", which matches field name path from root Object type`)
    }
    this.count(0)
    return Object.fromEntries([...value.fields].map(([name, field]) => [this.#key(name), this.json(field, `${way}.${name}`, mismatches)]))
  }

  #key(key: CelValue): string {
    if (typeof key !== 'string') throw new PatchValueError(`map key "${String(scalar(key))}" is of type ${typeNameOf(key)}, not string`)
    this.count(key.length)
    return key
  }
}

function scalar(value: CelValue): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return value
  if (typeof value === 'bigint') return whole(value)
  if (value instanceof Uint) return whole(value.value)
  if (value instanceof Double && Number.isFinite(value.value)) return value.value
  if (value instanceof Timestamp) return formatTimestamp(new Timestamp(value.nanos))
  if (value instanceof Duration) return formatDuration(value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  throw new PatchValueError(`a value of type ${typeNameOf(value)} has no form in JSON`)
}

function whole(value: bigint): number | bigint {
  const small = Number(value)
  if (Number.isSafeInteger(small)) return small
  if (BigInt.asIntN(64, value) !== value) throw new PatchValueError(`${value} is beyond 64 bits with a sign, which objects cannot hold`)
  return value
}
