// Reads the fields of a `spec` that came as JSON or YAML. Each problem is a UserError with the path of the field and what is accepted.
import { getOwn } from '../../base/data/own-property.ts'
import { isJsonObject } from '../../base/json.ts'
import { UserError } from '../../base/user-error.ts'

const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/

export class FieldReader {
  readonly path: string
  readonly #fields: Readonly<Record<string, unknown>>

  /** `allowed` are all fields it may have: a misspelt condition must not be dropped. */
  constructor(value: unknown, path: string, allowed: readonly string[]) {
    if (!isJsonObject(value)) throw new UserError(`${path} must be an object`)
    for (const name of Object.keys(value))
      if (!allowed.includes(name))
        throw new UserError(`${path} has the unknown field "${name.slice(0, 100)}"; it may have ${allowed.join(', ')}`)
    this.path = path
    this.#fields = value
  }

  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  /** Undefined if it is not set or null. */
  get(name: string): unknown {
    return getOwn(this.#fields, name) ?? undefined
  }

  at(name: string): string {
    return `${this.path}.${name}`
  }

  optionalText(name: string): string | undefined {
    const value = this.get(name)
    if (value === undefined) return undefined
    if (typeof value !== 'string' || value === '') throw new UserError(`${this.at(name)} must be a text`)
    return value
  }

  text(name: string): string {
    const value = this.optionalText(name)
    if (value === undefined) throw new UserError(`${this.at(name)} is required`)
    return value
  }

  oneOf<T extends string>(name: string, accepted: readonly T[]): T | undefined {
    const value = this.get(name)
    if (value === undefined) return undefined
    const found = accepted.find(text => text === value)
    if (found === undefined) throw new UserError(`${this.at(name)} must be ${accepted.join(' or ')}`)
    return found
  }

  /** Milliseconds since the epoch. */
  optionalTime(name: string): number | undefined {
    const text = this.optionalText(name)
    if (text === undefined) return undefined
    const time = rfc3339.test(text) ? Date.parse(text) : Number.NaN
    if (Number.isNaN(time)) throw new UserError(`${this.at(name)} must be a time such as 2026-12-01T00:00:00Z, got "${text.slice(0, 100)}"`)
    return time
  }

  optionalCount(name: string, most: number): number | undefined {
    const value = this.get(name)
    if (value === undefined) return undefined
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > most)
      throw new UserError(`${this.at(name)} must be a whole number from 0 to ${most}`)
    return value
  }

  /** Empty if it is not set. */
  list<T>(name: string, most: number, read: (item: unknown, path: string) => T): T[] {
    const value = this.get(name) ?? []
    if (!Array.isArray(value) || value.length > most) throw new UserError(`${this.at(name)} must be a list of at most ${most} entries`)
    return value.map((item, index) => read(item, `${this.at(name)}[${index}]`))
  }
}

export function readText(value: unknown, path: string): string {
  if (typeof value !== 'string' || value === '') throw new UserError(`${path} must be a text`)
  return value
}
